import { deferred, systemClock } from '../core/internal.js';
import { RpcError } from '../index.js';

/** The promise, but no longer than `limitMs`: then `TIMEOUT`, with this text. */
export async function within<T>(promise: Promise<T>, limitMs: number, text: string): Promise<T> {
  const limit = deferred<never>();
  const timer = systemClock.schedule(() => {
    limit.reject(new RpcError('TIMEOUT', text, { limit: limitMs }));
  }, limitMs);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    timer.cancel();
  }
}
