import type { Clock, TimerHandle } from '../base/clock.js';
import { LIMITS } from '../config/limits.js';
import { checkDurationMs } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';

/**
 * Messages that an actor tells itself later (Akka TimerScheduler). Each timer has a key; starting
 * one ends the older one of that key, whose message is dropped even when it waits already. All end
 * when the actor stops or is restarted. Every start throws `INVALID_ARGUMENT` for a delay outside
 * 0 to 2 147 483 647 ms, and `MAILBOX_FULL` above 65 536 timers.
 */
export interface TimerScheduler<in M> {
  /** Tells the message once, never before `delayMs` have passed. */
  startSingleTimer(key: unknown, message: M, delayMs: number): void;
  /** Tells it again and again; each wait begins when the actor takes the message before. */
  startTimerWithFixedDelay(key: unknown, message: M, delayMs: number): void;
  /** Tells it at whole multiples of `periodMs` after the start; late ones come at once. */
  startTimerAtFixedRate(key: unknown, message: M, periodMs: number): void;
  /** Ends a timer; harmless when there is none. */
  cancel(key: unknown): void;
  cancelAll(): void;
  isTimerActive(key: unknown): boolean;
}

/** The message of a timer on its way through the mailbox. */
export class TimerMessage {
  readonly key: unknown;
  readonly message: unknown;
  readonly isAtFixedRate: boolean;

  constructor(key: unknown, message: unknown, isAtFixedRate: boolean) {
    this.key = key;
    this.message = message;
    this.isAtFixedRate = isAtFixedRate;
  }
}

interface Timer {
  handle: TimerHandle | undefined;
  /** The message that may come; any other of this key is an older timer's. */
  readonly content: TimerMessage;
  /** What to do when the message is taken; a single timer is over then. */
  readonly onTaken: () => void;
}

/** The timers of one actor. */
export class Timers implements TimerScheduler<unknown> {
  readonly #clock: Clock;
  /** Puts a message into the mailbox of the actor. */
  readonly #put: (message: TimerMessage) => void;
  readonly #timers = new Map<unknown, Timer>();
  #isClosed = false;

  constructor(clock: Clock, put: (message: TimerMessage) => void) {
    this.#clock = clock;
    this.#put = put;
  }

  startSingleTimer(key: unknown, message: unknown, delayMs: number): void {
    checkDurationMs('delayMs', delayMs);
    const content = new TimerMessage(key, message, false);
    const timer = this.#add(content, () => void this.#timers.delete(key));
    this.#arm(timer, delayMs, () => this.#put(timer.content));
  }

  startTimerWithFixedDelay(key: unknown, message: unknown, delayMs: number): void {
    checkDurationMs('delayMs', delayMs);
    const onDue = (): void => this.#put(timer.content);
    const content = new TimerMessage(key, message, false);
    const timer = this.#add(content, () => this.#arm(timer, delayMs, onDue));
    this.#arm(timer, delayMs, onDue);
  }

  startTimerAtFixedRate(key: unknown, message: unknown, periodMs: number): void {
    checkDurationMs('periodMs', periodMs);
    if (periodMs === 0) throw new RpcError('INVALID_ARGUMENT', 'periodMs must be more than 0');
    const timer = this.#add(new TimerMessage(key, message, true), () => {});
    let dueMs = this.#clock.nowMs() + periodMs;
    const onDue = (): void => {
      dueMs += periodMs;
      this.#arm(timer, Math.max(0, dueMs - this.#clock.nowMs()), onDue);
      this.#put(timer.content);
    };
    this.#arm(timer, periodMs, onDue);
  }

  cancel(key: unknown): void {
    this.#timers.get(key)?.handle?.cancel();
    this.#timers.delete(key);
  }

  cancelAll(): void {
    for (const { handle } of this.#timers.values()) handle?.cancel();
    this.#timers.clear();
  }

  isTimerActive(key: unknown): boolean {
    return this.#timers.has(key);
  }

  /** The actor has stopped: a turn of it that still waits for something starts none any more. */
  close(): void {
    this.#isClosed = true;
    this.cancelAll();
  }

  /** True when the timer of a message still runs. */
  take(content: TimerMessage): boolean {
    const timer = this.#timers.get(content.key);
    if (timer?.content !== content) return false;
    timer.onTaken();
    return true;
  }

  #add(content: TimerMessage, onTaken: () => void): Timer {
    this.cancel(content.key);
    const limit = LIMITS.timersPerActor;
    if (this.#timers.size >= limit) {
      const text = `an actor has at most ${limit} timers`;
      throw new RpcError('MAILBOX_FULL', text, { limit, actual: limit + 1 });
    }
    const timer = { handle: undefined, content, onTaken };
    if (!this.#isClosed) this.#timers.set(content.key, timer);
    return timer;
  }

  #arm(timer: Timer, delayMs: number, onDue: () => void): void {
    if (this.#isClosed) return;
    timer.handle = this.#clock.schedule(onDue, delayMs);
  }
}
