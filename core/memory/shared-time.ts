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

  /** `nowMs`: 32-bit milliseconds of the service's time line. */
  store(nowMs: number): void {
    Atomics.store(this.#control, REGION_TIME_INDEX, nowMs);
  }

  load(): number {
    return Atomics.load(this.#control, REGION_TIME_INDEX);
  }
}
