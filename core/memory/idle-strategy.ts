import { performance } from 'node:perf_hooks';
import type { PollerBudget } from './park-word.js';

/** What a thread does after a turn in which it found nothing. */
export type IdleStep = 'poll' | 'park';

/** One look at the tails inside an empty turn may last this long; a wake costs 35 us. */
const SPIN_US = 10;
/** Looks between two readings of the clock, which cost 40 ns each. */
const LOOKS_PER_READING = 100;
/** Polling without finding anything, before parking. */
const WINDOW_MIN_US = 50;
const WINDOW_START_US = 150;
const WINDOW_MAX_US = 500;
const WINDOW_STEP_US = 25;
/** A sleep this short did not pay: the next window is twice as long. */
const SHORT_SLEEP_US = 1_000;
/**
 * After ringing a sleeper while calls come one after the other: long enough that its answer still
 * finds us awake, short enough not to starve it when the scheduler queued it behind us.
 */
const WINDOW_AFTER_RING_US = 50;

/**
 * Poll while there is work, then for a window, then park (Agrona BackoffIdleStrategy). The window
 * grows while records come just before its end, and shrinks while it ends in vain. When more
 * threads of the service are awake than there are cores, it parks at once.
 */
export class IdleStrategy {
  readonly #budget: PollerBudget;
  #windowUs = WINDOW_START_US;
  #limitUs = WINDOW_START_US;
  /** Time of the first empty turn in a row, in milliseconds; -1 when the last one had work. */
  #emptySinceMs = -1;
  /** This turn rang a sleeper: its limit stays. */
  #hasRung = false;
  /** When this thread last went to sleep, in milliseconds. */
  #parkedAtMs = 0;

  constructor(budget: PollerBudget) {
    this.#budget = budget;
  }

  /** Work was found. */
  onWork(): void {
    if (this.#emptySinceMs >= 0) {
      const waitedUs = (performance.now() - this.#emptySinceMs) * 1000;
      if (waitedUs * 2 > this.#windowUs) this.#windowUs += WINDOW_STEP_US;
      if (this.#windowUs > WINDOW_MAX_US) this.#windowUs = WINDOW_MAX_US;
      this.#emptySinceMs = -1;
    }
    if (!this.#hasRung) this.#limitUs = this.#windowUs;
    this.#hasRung = false;
  }

  /** This thread has just rung a sleeper. */
  onRing(): void {
    this.#hasRung = true;
    this.#emptySinceMs = -1;
    this.#limitUs = WINDOW_AFTER_RING_US;
  }

  /** This thread was woken, and more is to be expected. */
  onWake(): void {
    if ((performance.now() - this.#parkedAtMs) * 1000 > SHORT_SLEEP_US) return;
    this.#windowUs = Math.min(WINDOW_MAX_US, this.#windowUs * 2);
    this.#limitUs = this.#windowUs;
  }

  /** A turn found nothing. */
  onEmpty(): IdleStep {
    const nowMs = performance.now();
    this.#hasRung = false;
    if (this.#emptySinceMs < 0) this.#emptySinceMs = nowMs;
    const isOver = (nowMs - this.#emptySinceMs) * 1000 >= this.#limitUs;
    if (!isOver && this.#budget.hasRoom()) return 'poll';
    if (isOver) this.#windowUs = Math.max(WINDOW_MIN_US, this.#windowUs - WINDOW_STEP_US);
    this.#emptySinceMs = -1;
    this.#limitUs = this.#windowUs;
    this.#parkedAtMs = nowMs;
    return 'park';
  }

  /** Looks for work without giving the thread away, some microseconds at most. */
  spin(hasWork: () => boolean): boolean {
    if (!this.#budget.hasRoom()) return false;
    let endMs = 0;
    do {
      for (let looks = 0; looks < LOOKS_PER_READING; looks++) if (hasWork()) return true;
      // The usual answer comes before the first reading.
      if (endMs === 0) endMs = performance.now() + SPIN_US / 1000;
    } while (performance.now() < endMs);
    return false;
  }
}
