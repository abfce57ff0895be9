import { performance } from 'node:perf_hooks';

/** A started timer. */
export interface TimerHandle {
  /** Stops the timer; harmless when it already fired. */
  cancel(): void;
}

/**
 * The only door to time: monotonic milliseconds and timers. Tests put a virtual clock here, so
 * that no test ever sleeps and a jump of the wall clock changes nothing.
 */
export interface Clock {
  /** Monotonic milliseconds with fractions, on one time line for all threads of the process. */
  nowMs(): number;
  /**
   * Calls `task` once, never before `delayMs` have passed. A ref'd timer keeps the process alive.
   */
  schedule(task: () => void, delayMs: number, options?: { readonly ref?: boolean }): TimerHandle;
}

/** The largest delay that the timers of Node take; longer ones are cut into pieces. */
const MAX_TIMER_DELAY_MS = 2_147_483_647;

const SHIFT_SAMPLES = 8;

/**
 * `performance.now()` starts at zero in every thread; the shift to the process-wide monotonic
 * clock is measured once a thread, because reading that clock itself costs an allocation. A thread
 * may be interrupted between the two readings, so the pair that was read fastest counts.
 */
function measureShiftMs(): number {
  let shiftMs = 0;
  let tightestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SHIFT_SAMPLES; i++) {
    const beforeMs = performance.now();
    const sharedMs = Number(process.hrtime.bigint()) / 1e6;
    const afterMs = performance.now();
    if (afterMs - beforeMs >= tightestMs) continue;
    tightestMs = afterMs - beforeMs;
    shiftMs = sharedMs - (beforeMs + afterMs) / 2;
  }
  return shiftMs;
}

const threadShiftMs = measureShiftMs();

class SystemTimer implements TimerHandle {
  #timer: NodeJS.Timeout | undefined;
  readonly #task: () => void;
  readonly #dueMs: number;
  readonly #ref: boolean;

  constructor(task: () => void, delayMs: number, ref: boolean) {
    this.#task = task;
    this.#dueMs = performance.now() + delayMs;
    this.#ref = ref;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(
      () => this.#onTimer(),
      // Node rounds its clock down, so a timer of just this delay would mostly come too early.
      Math.min(Math.ceil(delayMs) + 1, MAX_TIMER_DELAY_MS),
    );
    if (!this.#ref) this.#timer.unref();
  }

  /** Node's timers may fire up to a millisecond early; ours never do. */
  #onTimer(): void {
    const leftMs = this.#dueMs - performance.now();
    if (leftMs > 0) return this.#arm(leftMs);
    this.#timer = undefined;
    this.#task();
  }
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => performance.now() + threadShiftMs,
  schedule: (task, delayMs, options) =>
    new SystemTimer(task, Math.max(0, delayMs), options?.ref ?? true),
};
