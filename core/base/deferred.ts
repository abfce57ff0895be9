/** A promise with its ends outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T | PromiseLike<T>): void;
  reject(reason: unknown): void;
}

/** `Promise.withResolvers` for Node 20. */
export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue;
    reject = onReason;
  });
  return { promise, resolve, reject };
}

const ignore = (): void => {};

/** Marks a promise as handled: its failure is reported elsewhere or by whoever awaits it later. */
export function ignoreRejection(promise: Promise<unknown>): void {
  promise.catch(ignore);
}

/** True for anything with a `then`, the language's own test for what `await` follows. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Hears of the failure of `result` if it is a promise; nobody else looks at it. */
export function onRejection(result: unknown, onFailure: (error: unknown) => void): void {
  if (isThenable(result)) Promise.resolve(result).then(undefined, onFailure);
}
