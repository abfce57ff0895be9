import type { TimerHandle } from '../base/clock.js';
import type { HeartbeatTarget } from './heartbeat-target.js';

/** What a monitor runs on: the executor of its endpoint and a reading of the clock. */
export interface HeartbeatTime {
  nowMs(): number;
  /** Runs `task` in a turn of the endpoint. */
  execute(task: () => void): void;
  schedule(task: () => void, delayMs: number): TimerHandle;
}

/** Running, or how it ended (Flink HeartbeatMonitorImpl.State). */
export type HeartbeatState = 'RUNNING' | 'TIMEOUT' | 'UNREACHABLE' | 'CANCELED';

/** What one monitor is given. */
export interface HeartbeatMonitorParts<Out> {
  readonly resourceId: string;
  readonly target: HeartbeatTarget<Out>;
  readonly time: HeartbeatTime;
  readonly timeoutMs: number;
  /** Unreachable calls in a row that mean dead; -1 switches that off. */
  readonly failedRpcRequestsUntilUnreachable: number;
  /** Called exactly once, unless the monitor is cancelled. */
  readonly onEnd: (state: 'TIMEOUT' | 'UNREACHABLE') => void;
}

/** The clock is looked at this often within one time-out. */
const LOOKS_PER_TIMEOUT = 10;
/** A look that is later than timers are by themselves was held up by our own thread. */
const LATE_MS = 10;

/**
 * Watches one target (Flink HeartbeatMonitor). It ends once: timed out, unreachable or cancelled.
 *
 * Only time in which this thread was awake counts. The monitor looks at the clock several times
 * within a time-out; a look that comes late shows that our own thread was held up, and moves the
 * deadline by as much. What arrived meanwhile is then drained before the next look, and the last
 * look of all is followed by another when it was late.
 */
export class HeartbeatMonitor<Out> {
  readonly resourceId: string;
  readonly target: HeartbeatTarget<Out>;
  readonly #parts: HeartbeatMonitorParts<Out>;
  #state: HeartbeatState = 'RUNNING';
  #timer: TimerHandle | undefined;
  #deadlineMs = 0;
  #lookAtMs = 0;
  #hasLookedAgain = false;
  #lastHeartbeatMs = 0;
  #unreachableInARow = 0;

  constructor(parts: HeartbeatMonitorParts<Out>) {
    this.#parts = parts;
    this.resourceId = parts.resourceId;
    this.target = parts.target;
    this.#extend();
    this.#look();
  }

  get state(): HeartbeatState {
    return this.#state;
  }

  /** When the target was last heard of; 0 before the first time. */
  get lastHeartbeatMs(): number {
    return this.#lastHeartbeatMs;
  }

  reportHeartbeat(): void {
    if (this.#state !== 'RUNNING') return;
    this.#lastHeartbeatMs = this.#parts.time.nowMs();
    this.#unreachableInARow = 0;
    this.#extend();
  }

  /** A call to the target reached it; what it answered does not matter. */
  reportRpcSuccess(): void {
    this.#unreachableInARow = 0;
  }

  /** A call found nobody there. */
  reportRpcUnreachable(): void {
    const { failedRpcRequestsUntilUnreachable: limit } = this.#parts;
    if (limit < 0 || this.#state !== 'RUNNING') return;
    this.#unreachableInARow++;
    if (this.#unreachableInARow >= limit) this.#end('UNREACHABLE');
  }

  /** Ends without a word. */
  cancel(): void {
    if (this.#state !== 'RUNNING') return;
    this.#state = 'CANCELED';
    this.#timer?.cancel();
  }

  #extend(): void {
    this.#deadlineMs = this.#parts.time.nowMs() + this.#parts.timeoutMs;
    this.#hasLookedAgain = false;
  }

  get #intervalMs(): number {
    return this.#parts.timeoutMs / LOOKS_PER_TIMEOUT;
  }

  #look(): void {
    const { time } = this.#parts;
    const leftMs = this.#deadlineMs - time.nowMs();
    const delayMs = Math.max(0, Math.min(leftMs, this.#intervalMs));
    this.#lookAtMs = time.nowMs() + delayMs;
    this.#timer = time.schedule(() => this.#onLook(), delayMs);
  }

  #onLook(): void {
    if (this.#state !== 'RUNNING') return;
    const nowMs = this.#parts.time.nowMs();
    const lateMs = Math.max(0, nowMs - this.#lookAtMs);
    this.#deadlineMs += lateMs;
    if (nowMs < this.#deadlineMs) return this.#look();
    if (!this.#mayBeUnread(lateMs)) return this.#end('TIMEOUT');
    this.#hasLookedAgain = true;
    this.#deadlineMs = nowMs + this.#intervalMs;
    this.#look();
  }

  /**
   * True when a heartbeat may lie where this thread had no time to read it. Whoever is always a
   * little late has had that time after the first such look: so silence is noticed all the same.
   */
  #mayBeUnread(lateMs: number): boolean {
    return lateMs > (this.#hasLookedAgain ? this.#intervalMs : LATE_MS);
  }

  #end(state: 'TIMEOUT' | 'UNREACHABLE'): void {
    this.#state = state;
    this.#timer?.cancel();
    this.#parts.onEnd(state);
  }
}
