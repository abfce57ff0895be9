/** A broken promise of our own code; never caused by user input. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

/**
 * Fails with {@link AssertionFailed} when our own reasoning was wrong; user mistakes get an
 * `RpcError`.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** The end of an exhaustive `switch`: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unexpected value: ${String(value)}`);
}
