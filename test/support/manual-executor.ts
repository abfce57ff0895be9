import type { MainThreadExecutor } from '../../core/rpc/main-thread.js';
import { setImmediate as turn } from 'node:timers/promises';
import type { ManualClock } from './manual-clock.js';

/** The main thread of an endpoint that does not exist, on a virtual clock. */
export function manualExecutor(clock: ManualClock): MainThreadExecutor {
  return {
    execute: (task) => queueMicrotask(task),
    schedule: (task, delayMs) => clock.schedule(task, delayMs),
  };
}

/** Lets everything happen that needs no time. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}
