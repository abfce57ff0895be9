import { BroadcastChannel } from 'node:worker_threads';
import type { TaskContext } from '../../cluster/index.js';

/** Adds, and says so on the way. */
export async function add(
  { a, b }: { readonly a: number; readonly b: number },
  context: TaskContext,
): Promise<{ readonly sum: number; readonly on: string }> {
  context.reportProgress(a);
  return { sum: a + b, on: context.resourceId };
}

export function fail(): never {
  throw new Error('boom');
}

/** Runs until it is cancelled. */
export async function hang(_argument: unknown, { signal }: TaskContext): Promise<void> {
  await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

/** Where {@link hold} says that its thread is held from now on. */
export const HELD_CHANNEL = 'test-tasks-held';

/** Holds its thread for three seconds, once it is known to run. */
export async function hold(_argument: unknown, context: TaskContext): Promise<void> {
  context.reportProgress('holding');
  await new Promise((resolve) => setImmediate(resolve));
  const channel = new BroadcastChannel(HELD_CHANNEL);
  channel.postMessage('held');
  channel.close();
  const untilMs = performance.now() + 3_000;
  while (performance.now() < untilMs);
}

/** Takes the thread that it runs on along, when it is known to run. */
export async function endThread(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  process.exit(3);
}

export function functionResult(): unknown {
  return { cannotTravel: () => {} };
}

export const notAFunction = 1;
