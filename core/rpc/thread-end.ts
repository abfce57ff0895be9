import type { Effect } from '../errors/error-codes.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';

/** A life of a worker thread that ended. */
export interface EndedThread {
  readonly thread: number;
  readonly life: number;
  /** Why, in words; `cause` is what was thrown, if something was. */
  readonly reason: string;
  readonly cause: unknown;
}

/** Longest text of a cause that travels to the other threads, in UTF-16 code units. */
const TEXT_LENGTH = 4_096;

/** What a thread threw, as an error whose words are words: anybody's code may have thrown it. */
export function errorOf(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(describeThrown(thrown));
  const words: readonly unknown[] = [thrown.name, thrown.message, thrown.stack ?? ''];
  const isReadable = words.every((word) => typeof word === 'string');
  return isReadable ? thrown : new Error(describeThrown(thrown));
}

/** What of a cause travels to the other threads: its words, so few that they fit into a lane. */
export function causeInWords(cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined;
  const words = new Error(cause.message.slice(0, TEXT_LENGTH));
  const name = cause.name.slice(0, TEXT_LENGTH);
  return Object.assign(words, { name, stack: String(cause.stack).slice(0, TEXT_LENGTH) });
}

/** The failure of what a thread took with it. */
export function threadTerminated({ reason, cause }: EndedThread, effect: Effect): RpcError {
  return new RpcError('THREAD_TERMINATED', reason, { effect, cause });
}
