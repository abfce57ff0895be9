import { type Deferred, deferred, type TimerHandle } from '../../core/internal.js';
import {
  type AskTarget,
  type LoadClock,
  type LoadOptions,
  type LoadResult,
  systemLoadClock,
} from './load-model.js';
import { LoadRecorder } from './load-recorder.js';

/**
 * Calls begun before the event loop must go round: a target that answers at once would otherwise
 * keep timers, sockets and Ctrl-C waiting for ever.
 */
const CALLS_PER_TURN = 1024;
/** Nearer than this the next call is waited for awake: timers of Node are too coarse. */
const AWAKE_MS = 1.2;
/** A shorter sleep is not worth a timer. */
const SLEEP_MIN_MS = 0.5;

/** One place for a call in flight; made once, so that a call costs no closure. */
class CallSlot<Reply> {
  sequence = 0;
  /** When the call began, in an open loop when it should have. */
  startMs = 0;
  readonly onReply: (reply: Reply) => void;
  readonly onError: (error: unknown) => void;

  constructor(run: AskRun<Reply>) {
    this.onReply = (reply) => run.onReply(this, reply);
    this.onError = (error: unknown) => run.onError(this, error);
  }
}

/** One stretch of asks, closed loop or open. */
export class AskRun<Reply> {
  readonly #target: AskTarget<Reply>;
  readonly #options: LoadOptions;
  readonly #clock: LoadClock;
  readonly #recorder: LoadRecorder;
  readonly #free: CallSlot<Reply>[] = [];
  readonly #done: Deferred<LoadResult> = deferred();
  readonly #periodMs: number;
  #endMs: number;
  #sent = 0;
  #callsInTime = 0;
  #sentThisTurn = 0;
  #isTurnAwaited = false;
  #isEnding = false;
  #isOver = false;
  #dueTimer: TimerHandle | undefined;
  #drainTimer: TimerHandle | undefined;

  constructor(target: AskTarget<Reply>, options: LoadOptions) {
    this.#target = target;
    this.#options = options;
    this.#clock = options.clock ?? systemLoadClock;
    const nowMs = this.#clock.nowMs();
    this.#recorder = new LoadRecorder(options, nowMs);
    this.#endMs = nowMs + options.durationMs;
    this.#periodMs = options.ratePerSecond === undefined ? 0 : 1000 / options.ratePerSecond;
    for (let i = 0; i < options.inFlight; i++) this.#free.push(new CallSlot(this));
  }

  /** Runs until the duration is over or the signal fires, then waits for what is in flight. */
  async run(): Promise<LoadResult> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#end(this.#clock.nowMs());
    const timer = this.#clock.schedule(() => this.#end(this.#endMs), this.#options.durationMs);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();
    else this.#pump(0);
    try {
      return await this.#done.promise;
    } finally {
      timer.cancel();
      this.#drainTimer?.cancel();
      this.#dueTimer?.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  onReply(slot: CallSlot<Reply>, reply: Reply): void {
    const nowMs = this.#clock.nowMs();
    if (this.#isOver) return;
    const outcome = this.#target.judge(reply, slot.sequence);
    this.#recorder.answered(outcome, nowMs - slot.startMs);
    if (outcome === 'ok' && nowMs <= this.#endMs) {
      this.#callsInTime++;
      this.#recorder.completed(nowMs);
    }
    this.#release(slot, nowMs);
  }

  onError(slot: CallSlot<Reply>, error: unknown): void {
    if (this.#isOver) return;
    this.#recorder.failed(error);
    this.#release(slot, this.#clock.nowMs());
  }

  #release(slot: CallSlot<Reply>, nowMs: number): void {
    if (this.#isEnding || nowMs >= this.#endMs) {
      this.#free.push(slot);
      if (this.#isEnding) this.#finishIfIdle();
      else this.#end(this.#endMs);
    } else if (this.#periodMs === 0 && this.#sentThisTurn < CALLS_PER_TURN) {
      this.#send(slot, nowMs);
    } else {
      this.#free.push(slot);
      this.#pump(1);
    }
  }

  /** Begins what can begin now and makes sure that somebody comes back for the rest. */
  #pump(justFreed: number): void {
    if (this.#isEnding) return;
    const nowMs = this.#clock.nowMs();
    // A call that waited for a place waited for the target; with a place free, for us.
    const lateMs = nowMs - this.#dueMs(nowMs);
    if (this.#periodMs > 0 && lateMs >= 0 && this.#free.length > justFreed) {
      this.#recorder.lateness.recordMs(lateMs);
    }
    while (this.#free.length > 0 && this.#sentThisTurn < CALLS_PER_TURN) {
      const dueMs = this.#dueMs(nowMs);
      if (dueMs > nowMs || dueMs >= this.#endMs) break;
      this.#send(this.#free.pop()!, dueMs);
    }
    if (this.#sentThisTurn >= CALLS_PER_TURN) this.#awaitTurn();
    else if (this.#free.length > 0 && this.#periodMs > 0) this.#awaitDue(nowMs);
  }

  #dueMs(nowMs: number): number {
    if (this.#periodMs === 0) return nowMs;
    return this.#recorder.startMs + this.#sent * this.#periodMs;
  }

  #send(slot: CallSlot<Reply>, startMs: number): void {
    slot.sequence = this.#sent++;
    slot.startMs = startMs;
    this.#sentThisTurn++;
    try {
      this.#target.send(slot.sequence).then(slot.onReply, slot.onError);
    } catch (error) {
      // Answered later, as a rejection is: a target that always throws must not recurse.
      this.#clock.nextTurn(() => slot.onError(error));
    }
  }

  #awaitDue(nowMs: number): void {
    const sleepMs = this.#dueMs(nowMs) - nowMs - AWAKE_MS;
    if (sleepMs < SLEEP_MIN_MS) return this.#awaitTurn();
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#dueTimer = this.#clock.schedule(this.#onTurn, sleepMs);
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#clock.nextTurn(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isTurnAwaited = false;
    this.#sentThisTurn = 0;
    this.#pump(0);
  };

  #end(endMs: number): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#endMs = Math.min(endMs, this.#endMs);
    const { drainMs, signal } = this.#options;
    // Who pressed Ctrl-C wants no more than what is there.
    if (signal?.aborted === true) return this.#finish();
    this.#drainTimer = this.#clock.schedule(() => this.#finish(), drainMs);
    this.#finishIfIdle();
  }

  #finishIfIdle(): void {
    if (this.#free.length === this.#options.inFlight) this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { inFlight, signal } = this.#options;
    if (signal?.aborted !== true) this.#recorder.unanswered(inFlight - this.#free.length);
    const spanMs = this.#endMs - this.#recorder.startMs;
    const due = this.#periodMs === 0 ? this.#sent : Math.ceil(spanMs / this.#periodMs - 1e-9);
    const notSent = Math.max(0, due - this.#sent);
    this.#done.resolve(
      this.#recorder.result(this.#endMs, { callsInTime: this.#callsInTime, notSent }),
    );
  }
}
