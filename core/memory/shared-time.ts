import { REGION_TIME_INDEX, type Region } from './region-descriptor.js';

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
   * were told that they never run.
   */
  store(nowMs: number): void {
    let seen = this.load();
    while (((nowMs - seen) | 0) > 0) {
      const was = Atomics.compareExchange(this.#control, REGION_TIME_INDEX, seen, nowMs);
      if (was === seen) return;
      seen = was;
    }
  }

  load(): number {
    return Atomics.load(this.#control, REGION_TIME_INDEX);
  }
}
