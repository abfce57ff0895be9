/** Thrown out of whatever is under way when Ctrl-C is pressed. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The promise, or {@link Interrupted} as soon as the signal fires. */
export async function unlessInterrupted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  throwIfInterrupted(signal);
  let onAbort = (): void => {};
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Interrupted());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Throws {@link Interrupted} when the signal has fired. */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted();
}
