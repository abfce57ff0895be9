import { isRpcError, RpcError } from '../../../index.js';

/** How something ended in another process, failure included, as plain data. */
export interface Outcome {
  readonly error: Error | null;
  readonly effect: 'none' | 'unknown';
}

/** Waits for `task` and never fails: the failure is the value. */
export async function outcomeOf(task: Promise<unknown>): Promise<Outcome> {
  try {
    await task;
    return { error: null, effect: 'none' };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { error, effect: isRpcError(thrown) ? thrown.effect : 'unknown' };
  }
}

/** The inverse of {@link outcomeOf}: the same `RpcError` fails here. */
export function settle({ error, effect }: Outcome): void {
  if (error === null) return;
  const { code } = error as Error & { code?: string };
  if (code === undefined) throw error;
  const text = error.message.replace(`${code}: `, '');
  throw new RpcError(code as RpcError['code'], text, { effect, cause: error.cause });
}
