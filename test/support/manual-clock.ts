import type { Clock, TimerHandle } from '../../core/base/clock.js';

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

/** A clock that moves only by {@link ManualClock.advance}: tests never sleep. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<Timer>();

  /** Timers that have not fired: 0 when everything was closed properly. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(task: () => void, delayMs: number): TimerHandle {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves time and fires what becomes due, each at its own time, also what that starts. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.task();
    }
    this.#nowMs = untilMs;
  }

  /** Moves time at once, as after a pause of the machine: timers fire late, at the new time. */
  jump(durationMs: number): void {
    this.#nowMs += durationMs;
    this.advance(0);
  }

  /** The earliest timer that is due; of equals the one that was started first. */
  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) {
        first = timer;
      }
    }
    return first;
  }
}
