import { REGION_TIME_INDEX, type Region } from './region-descriptor.js';

/**
 * Later than this (4.7 h) is nothing: 32-bit milliseconds wrap every 50 days, and nobody stores the
 * time while no call has a deadline.
 */
export const LATE_MAX_MS = 1 << 24;

/**
 * The service's time as its waiting callers last saw it. A thread that is busy in one long handler
 * reads no clock, yet must not run calls whose callers gave up meanwhile: they say so here.
 */
export class SharedTime {
  readonly #control: Int32Array;

  constructor(region: Region) {
    this.#control = region.control;
  }

  /**
   * `nowMs`: 32-bit milliseconds of the service's time line. It never goes back: a thread that was
   * interrupted between reading the clock and this would bring calls to life again whose callers
   * were told that they never run. What seems further back than {@link LATE_MAX_MS} is ahead.
   */
  store(nowMs: number): void {
    let seen = this.load();
    while (isAhead((nowMs - seen) | 0)) {
      const was = Atomics.compareExchange(this.#control, REGION_TIME_INDEX, seen, nowMs);
      if (was === seen) return;
      seen = was;
    }
  }

  load(): number {
    return Atomics.load(this.#control, REGION_TIME_INDEX);
  }
}

function isAhead(distanceMs: number): boolean {
  return distanceMs > 0 || distanceMs < -LATE_MAX_MS;
}
