import type { Clock, TimerHandle } from '../base/clock.js';

/** A timer that fires this much later than it should was held up by our own thread. */
const LATE_MS = 10;
/** In which the event loop gets to look at the sockets. */
export const GRACE_MS = 100;

/**
 * Calls `task` when a peer has had `delayMs` for something. A timer that is itself late comes again
 * after a grace: what the peer had to do may be done, and wait in the socket.
 */
export function scheduleTimeout(clock: Clock, task: () => void, delayMs: number): TimerHandle {
  const dueMs = clock.nowMs() + delayMs;
  const onTimer = (): void => {
    if (clock.nowMs() - dueMs <= LATE_MS) task();
    else timer = clock.schedule(task, GRACE_MS, { ref: false });
  };
  // The socket keeps the thread alive, the watch over it does not.
  let timer = clock.schedule(onTimer, delayMs, { ref: false });
  return { cancel: () => timer.cancel() };
}
