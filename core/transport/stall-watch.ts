import type { Clock, TimerHandle } from '../base/clock.js';
import { GRACE_MS } from './timeout.js';

/** A timer that fires this late was held up by ourselves: a blocked thread, a paused machine. */
const LATE_MS = 500;

/**
 * Finds work that has begun and does not move for `limitMs`. Made for marks on every chunk: a
 * mark is one reading of the clock, and the timer is armed at most once in `limitMs`.
 */
export class StallWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onStall: () => void;
  readonly #onTimer = (): void => this.#check();
  #timer: TimerHandle | undefined;
  /** When the work last moved; undefined while there is none. */
  #movedMs: number | undefined;
  #dueMs = 0;

  constructor(clock: Clock, limitMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onStall = onStall;
  }

  get isWatching(): boolean {
    return this.#movedMs !== undefined;
  }

  /** There is work, and it has just begun or moved. */
  mark(): void {
    this.#movedMs = this.#clock.nowMs();
    if (this.#timer === undefined) this.#arm(this.#limitMs);
  }

  /** The work is done. The timer stays: the next work is likely to come before it fires. */
  rest(): void {
    this.#movedMs = undefined;
  }

  /** Never fires again. */
  stop(): void {
    this.rest();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#dueMs = this.#clock.nowMs() + delayMs;
    // The socket keeps the thread alive, the watch over it does not.
    this.#timer = this.#clock.schedule(this.#onTimer, delayMs, { ref: false });
  }

  #check(): void {
    this.#timer = undefined;
    if (this.#movedMs === undefined) return;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#dueMs > LATE_MS) return this.#arm(GRACE_MS);
    const leftMs = this.#movedMs + this.#limitMs - nowMs;
    if (leftMs > 0) return this.#arm(leftMs);
    this.stop();
    this.#onStall();
  }
}
