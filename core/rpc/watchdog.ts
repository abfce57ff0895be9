import type { ActorThread } from '../actor/actor-thread.js';
import type { TimerHandle } from '../base/clock.js';
import { readProgress } from '../memory/progress-words.js';
import type { Region } from '../memory/region-descriptor.js';

/** A thread whose event loop stands still, and what it was last called for. */
export interface BlockedThread {
  readonly thread: number;
  readonly recipient: number;
  readonly method: number;
  /** How long nothing has been seen of it, in milliseconds. */
  readonly blockedMs: number;
}

/** What was last seen of a thread. */
interface Sight {
  readonly count: number;
  readonly sinceMs: number;
  isReported: boolean;
}

/** Looks in each `watchdogMs`: a report comes at most a quarter later than it could. */
const LOOKS = 4;

/**
 * Shows that its own thread turns, and looks whether others do, by words in shared memory: nobody
 * is asked, and a thread that is watched does nothing but stores. One a thread.
 */
export class Watchdog {
  readonly #thread: ActorThread;
  readonly #region: Region;
  readonly #watched: () => readonly number[];
  readonly #onBlocked: (blocked: BlockedThread) => void;
  readonly #intervalMs: number;
  readonly #sights = new Map<number, Sight>();
  #timer: TimerHandle | undefined;
  #lastMs: number;

  constructor(
    thread: ActorThread,
    region: Region,
    watched: () => readonly number[],
    onBlocked: (blocked: BlockedThread) => void,
  ) {
    this.#thread = thread;
    this.#region = region;
    this.#watched = watched;
    this.#onBlocked = onBlocked;
    this.#intervalMs = Math.max(1, thread.settings.watchdogMs / LOOKS);
    this.#lastMs = thread.clock.nowMs();
    if (thread.progress) this.#onTimer();
  }

  close(): void {
    this.#timer?.cancel();
  }

  readonly #onTimer = (): void => {
    const { clock, progress } = this.#thread;
    progress?.tick();
    const nowMs = clock.nowMs();
    // Whoever was late itself cannot say of others that they were.
    if (nowMs - this.#lastMs > 2 * this.#intervalMs) this.#sights.clear();
    this.#lastMs = nowMs;
    for (const thread of this.#watched()) this.#look(thread, nowMs);
    this.#timer = clock.schedule(this.#onTimer, this.#intervalMs, { ref: false });
  };

  #look(thread: number, nowMs: number): void {
    const { count, recipient, method } = readProgress(this.#region, thread);
    const sight = this.#sights.get(thread);
    if (count === 0 || count !== sight?.count) {
      this.#sights.set(thread, { count, sinceMs: nowMs, isReported: false });
      return;
    }
    const blockedMs = Math.round(nowMs - sight.sinceMs);
    if (sight.isReported || blockedMs < this.#thread.settings.watchdogMs) return;
    sight.isReported = true;
    this.#onBlocked({ thread, recipient, method, blockedMs });
  }
}
