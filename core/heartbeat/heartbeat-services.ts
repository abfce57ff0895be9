import { systemClock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { checkDurationMs } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import type { MainThreadExecutor } from '../rpc/main-thread.js';
import { HeartbeatManager, type HeartbeatManagerParts } from './heartbeat-manager.js';
import { HeartbeatManagerSender } from './heartbeat-manager-sender.js';
import type { HeartbeatListener } from './heartbeat-target.js';

/** Times of heartbeats (Flink HeartbeatManagerOptions). */
export interface HeartbeatOptions {
  /** Default 10 000. */
  readonly intervalMs: number;
  /** Default 50 000. */
  readonly timeoutMs: number;
  /** Unreachable calls in a row that mean dead, or -1. Default 2. */
  readonly failedRpcRequestsUntilUnreachable: number;
}

/** What an endpoint brings along for a manager of its own. */
export interface HeartbeatOwner<In, Out> {
  readonly resourceId: string;
  readonly listener: HeartbeatListener<In, Out>;
  readonly executor: MainThreadExecutor;
  readonly logger: Logger;
}

const DEFAULTS: HeartbeatOptions = {
  intervalMs: 10_000,
  timeoutMs: 50_000,
  failedRpcRequestsUntilUnreachable: 2,
};

/** Makes heartbeat managers that share their times (Flink HeartbeatServices). */
export class HeartbeatServices {
  readonly options: HeartbeatOptions;
  readonly #nowMs: () => number;

  /**
   * Throws `INVALID_ARGUMENT` unless 0 < interval <= time-out and the threshold is -1 or above 0.
   */
  constructor(options: Partial<HeartbeatOptions> = {}, nowMs = systemClock.nowMs) {
    this.options = { ...DEFAULTS, ...options };
    this.#nowMs = nowMs;
    const { intervalMs, timeoutMs, failedRpcRequestsUntilUnreachable: threshold } = this.options;
    checkDurationMs('heartbeat intervalMs', intervalMs);
    checkDurationMs('heartbeat timeoutMs', timeoutMs);
    if (intervalMs === 0 || intervalMs > timeoutMs) {
      const text = `the heartbeat interval, ${intervalMs} ms, must be above 0`;
      const bound = `and at most the time-out, ${timeoutMs} ms`;
      throw new RpcError('INVALID_ARGUMENT', `${text} ${bound}`, { limit: timeoutMs });
    }
    if (threshold !== -1 && !(Number.isInteger(threshold) && threshold > 0)) {
      const text = 'failedRpcRequestsUntilUnreachable is -1 or a whole number above 0';
      throw new RpcError('INVALID_ARGUMENT', `${text}, not ${threshold}`);
    }
  }

  /** The receiving role. */
  createHeartbeatManager<In, Out>(owner: HeartbeatOwner<In, Out>): HeartbeatManager<In, Out> {
    return new HeartbeatManager(this.#parts(owner));
  }

  /** The sending role. */
  createHeartbeatManagerSender<In, Out>(
    owner: HeartbeatOwner<In, Out>,
  ): HeartbeatManagerSender<In, Out> {
    return new HeartbeatManagerSender(this.#parts(owner), this.options.intervalMs);
  }

  #parts<In, Out>(owner: HeartbeatOwner<In, Out>): HeartbeatManagerParts<In, Out> {
    const { timeoutMs, failedRpcRequestsUntilUnreachable } = this.options;
    const { resourceId, listener, executor, logger } = owner;
    return {
      ownResourceId: resourceId,
      timeoutMs,
      failedRpcRequestsUntilUnreachable,
      listener,
      logger,
      time: {
        nowMs: this.#nowMs,
        execute: (task) => executor.execute(task),
        schedule: (task, delayMs) => executor.schedule(task, delayMs),
      },
    };
  }
}
