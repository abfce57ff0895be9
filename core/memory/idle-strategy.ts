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
/**
 * After ringing a sleeper: long enough that its answer still finds us awake, short enough not to
 * starve it when the scheduler queued it behind us.
 */
const WINDOW_AFTER_RING_US = 50;
/** So many bells that came so soon after the one before: the callers wait for nothing else. */
const SERIES_BELLS = 8;
const SERIES_GAP_MS = 0.2;
/** However often polling was in vain, every so many times it is tried. */
const SKIPS_MAX = 31;
/** In a series, which polling would make so much faster, it is tried more often. */
const SKIPS_IN_SERIES_MAX = 3;

/**
 * Whether polling after one kind of event has paid lately. Reads no clock: what was in vain is left
 * out twice as often the next time, what paid half as often.
 */
class PollingRecord {
  #skips = 0;
  #left = 0;

  /** False for the times that are left out, `most` in a row. */
  isWorthTrying(most: number): boolean {
    if (this.#left === 0) return true;
    this.#left = Math.min(this.#left, most) - 1;
    return false;
  }

  onPaid(): void {
    this.#skips >>= 1;
    this.#left = 0;
  }

  onVain(): void {
    this.#left = this.#skips;
    this.#skips = Math.min(SKIPS_MAX, this.#skips * 2 + 1);
  }
}

/**
 * Poll while there is work, then for a window, then park (Agrona BackoffIdleStrategy). The window
 * grows while records come just before its end, and shrinks while it ends in vain. When more
 * threads of the service are awake than there are cores, it parks at once.
 *
 * A poller may stand in the way of the very thread that it waits for: on few cores, and most of all
 * on virtual ones, the scheduler runs a woken thread where the one that woke it runs. Whether it is
 * so cannot be asked, so it is learnt, for each occasion apart.
 */
export class IdleStrategy {
  readonly #budget: PollerBudget;
  readonly #afterBell = new PollingRecord();
  readonly #afterRing = new PollingRecord();
  readonly #afterSend = new PollingRecord();
  /** Bells that came soon after the one before; halved by each that did not. */
  #bellsInSeries = 0;
  #lastBellMs = 0;
  /** What the polling that goes on now will be written into. */
  #record = this.#afterBell;
  #windowUs = WINDOW_START_US;
  #limitUs = WINDOW_START_US;
  /** Time of the first empty turn in a row, in milliseconds; -1 when the last one had work. */
  #emptySinceMs = -1;
  /** This turn rang a sleeper: its limit stays. */
  #hasRung = false;

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
    this.#record.onPaid();
  }

  /** This thread has just rung a sleeper. */
  onRing(): void {
    this.#hasRung = true;
    this.#emptySinceMs = -1;
    this.#limitUs = WINDOW_AFTER_RING_US;
  }

  /** A bell has woken this thread. */
  onBell(): void {
    const nowMs = performance.now();
    const isSoon = nowMs - this.#lastBellMs < SERIES_GAP_MS;
    const bells = isSoon ? this.#bellsInSeries + 1 : this.#bellsInSeries >> 1;
    this.#bellsInSeries = Math.min(bells, SERIES_BELLS * 2);
    this.#lastBellMs = nowMs;
    if (isSoon) this.#windowUs = Math.min(WINDOW_MAX_US, this.#windowUs * 2);
  }

  /** What a bell brought is done: true when more is likely soon. */
  shouldPollAfterBell(): boolean {
    this.#record = this.#afterBell;
    return this.#isInSeries() || this.#afterBell.isWorthTrying(SKIPS_MAX);
  }

  /** This thread has rung a sleeper: true when the answer is likely to find it awake. */
  shouldPollAfterRing(): boolean {
    this.#record = this.#afterRing;
    return this.#afterRing.isWorthTrying(SKIPS_MAX);
  }

  /** This thread has sent to one that is awake, which has not answered at once. */
  shouldPollAfterSend(): boolean {
    this.#record = this.#afterSend;
    return this.#afterSend.isWorthTrying(this.#isInSeries() ? SKIPS_IN_SERIES_MAX : SKIPS_MAX);
  }

  /** This thread has sent to one that is awake, which has answered at once. */
  onAnswered(): void {
    this.#record = this.#afterSend;
    this.#afterSend.onPaid();
  }

  /** A turn found nothing. */
  onEmpty(): IdleStep {
    const nowMs = performance.now();
    this.#hasRung = false;
    if (this.#emptySinceMs < 0) this.#emptySinceMs = nowMs;
    const isOver = (nowMs - this.#emptySinceMs) * 1000 >= this.#limitUs;
    if (!isOver && this.#budget.hasRoom()) return 'poll';
    if (isOver) this.#onVain();
    this.#emptySinceMs = -1;
    this.#limitUs = this.#windowUs;
    return 'park';
  }

  /**
   * Then the called thread polls, in vain or not: when two threads want to run, the scheduler was
   * seen to give each a core of its own.
   */
  #isInSeries(): boolean {
    return this.#bellsInSeries >= SERIES_BELLS;
  }

  #onVain(): void {
    this.#windowUs = Math.max(WINDOW_MIN_US, this.#windowUs - WINDOW_STEP_US);
    this.#record.onVain();
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
