import type { Clock } from '../base/clock.js';
import type { SharedTime } from '../memory/shared-time.js';
import type { LocalQueue } from './local-queue.js';

/** When more than this is between two looks at the clock, the turn ends and others get theirs. */
const GAP_MS = 1;
/** Messages between two looks, which cost 40 ns each. */
const RUN_MAX = 64;

/**
 * How many messages are handled between two looks at the clock: each one while they are slow, then
 * twice as many every time, up to 64. Slow ones that come unawares behind many quick ones are found
 * by the shared time, which moves while anybody waits for an answer.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #time: SharedTime;
  readonly #onTurnOver: () => void;
  /** Messages between two looks. */
  #run = 1;
  /** Messages that {@link countOne} has still to see before its next look. */
  #left = 1;
  #seenTime = 0;
  #lookedMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, time: SharedTime, onTurnOver: () => void) {
    this.#clock = clock;
    this.#time = time;
    this.#onTurnOver = onTurnOver;
  }

  get run(): number {
    return this.#run;
  }

  /** This thread slept, or a batch begins: what comes now may be slower than what came before. */
  rest(): void {
    this.#run = 1;
    this.#left = 1;
    this.#lookedMs = Number.POSITIVE_INFINITY;
  }

  /** Reads no clock. */
  hasTimeMoved(): boolean {
    return this.#time.load() !== this.#seenTime;
  }

  /** A look: true when the messages since the one before took too long. */
  isTurnOver(): boolean {
    this.#seenTime = this.#time.load();
    const nowMs = this.#clock.nowMs();
    const isOver = nowMs - this.#lookedMs > GAP_MS;
    this.#lookedMs = nowMs;
    this.#run = isOver ? 1 : Math.min(2 * this.#run, RUN_MAX);
    if (isOver) this.#onTurnOver();
    return isOver;
  }

  /** One more message was handled that nobody else counts; true when the turn is over. */
  countOne(): boolean {
    if (--this.#left > 0 && !this.hasTimeMoved()) return false;
    const isOver = this.isTurnOver();
    this.#left = this.#run;
    return isOver;
  }

  /** Runs tasks until there are none, `limit` have run, or the turn is over; true: some ran. */
  runTasks(queue: LocalQueue, limit: number): boolean {
    if (queue.size === 0) return false;
    let run = this.#run;
    for (let left = limit; left > 0; left--) {
      queue.shift()!.run();
      if (queue.size === 0) break;
      if (--run > 0 && !this.hasTimeMoved()) continue;
      if (this.isTurnOver()) break;
      run = this.#run;
    }
    return true;
  }
}
