import { onRejection } from '../base/deferred.js';
import type { Logger } from '../base/logger.js';
import { describeThrown, isRpcError } from '../errors/rpc-error.js';
import { HeartbeatMonitor, type HeartbeatState, type HeartbeatTime } from './heartbeat-monitor.js';
import type { HeartbeatListener, HeartbeatTarget } from './heartbeat-target.js';

/** What a manager is given. */
export interface HeartbeatManagerParts<In, Out> {
  /** Who we are to the targets. */
  readonly ownResourceId: string;
  readonly timeoutMs: number;
  readonly failedRpcRequestsUntilUnreachable: number;
  readonly listener: HeartbeatListener<In, Out>;
  readonly time: HeartbeatTime;
  readonly logger: Logger;
}

/** Codes that say: there is nobody, not: somebody failed. */
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  'RECIPIENT_UNREACHABLE',
  'THREAD_TERMINATED',
  'PEER_LOST',
  'CONNECTION_FAILED',
]);

/**
 * The receiving role (Flink HeartbeatManagerImpl): watches its targets, answers their requests
 * with a payload. Runs in the main thread of its endpoint, so that a blocked endpoint is silent.
 */
export class HeartbeatManager<In, Out> {
  protected readonly parts: HeartbeatManagerParts<In, Out>;
  readonly #monitors = new Map<string, HeartbeatMonitor<Out>>();
  #isStopped = false;

  constructor(parts: HeartbeatManagerParts<In, Out>) {
    this.parts = parts;
  }

  protected get monitors(): Iterable<HeartbeatMonitor<Out>> {
    return this.#monitors.values();
  }

  protected get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Watches a target from now on; an earlier one of this id is forgotten without a word. */
  monitorTarget(resourceId: string, target: HeartbeatTarget<Out>): void {
    if (this.#isStopped) return;
    this.unmonitorTarget(resourceId);
    const { time, timeoutMs, failedRpcRequestsUntilUnreachable } = this.parts;
    const monitor: HeartbeatMonitor<Out> = new HeartbeatMonitor({
      resourceId,
      target,
      time,
      timeoutMs,
      failedRpcRequestsUntilUnreachable,
      onEnd: (state) => this.#onEnd(monitor, state),
    });
    this.#monitors.set(resourceId, monitor);
  }

  /** Stops watching, without a word to the listener. */
  unmonitorTarget(resourceId: string): void {
    this.#monitors.get(resourceId)?.cancel();
    this.#monitors.delete(resourceId);
  }

  /** The target answered a request of ours. */
  receiveHeartbeat(resourceId: string, payload: In): void {
    this.#report(resourceId, payload);
  }

  /** The target asks: note that it lives, take its payload, answer with ours. */
  requestHeartbeat(resourceId: string, payload: In): void {
    const monitor = this.#report(resourceId, payload);
    if (!monitor) return;
    this.callListener((listener) => {
      const own = listener.retrievePayload(resourceId);
      this.observe(monitor, () => monitor.target.receiveHeartbeat(this.parts.ownResourceId, own));
    });
  }

  /** When a target was last heard of; 0 before the first time, -1 when it is not watched. */
  lastHeartbeatFromMs(resourceId: string): number {
    return this.#monitors.get(resourceId)?.lastHeartbeatMs ?? -1;
  }

  stateOf(resourceId: string): HeartbeatState | undefined {
    return this.#monitors.get(resourceId)?.state;
  }

  /** Forgets every target; the name lets an endpoint register it as a resource. */
  close(): void {
    this.#isStopped = true;
    for (const monitor of this.#monitors.values()) monitor.cancel();
    this.#monitors.clear();
  }

  protected monitorOf(resourceId: string): HeartbeatMonitor<Out> | undefined {
    return this.#monitors.get(resourceId);
  }

  /** Counts how a call to a target went: only "nobody there" counts against it. */
  protected observe(monitor: HeartbeatMonitor<Out>, call: () => Promise<void>): void {
    const { time, logger } = this.parts;
    const onError = (error: unknown): void => {
      const { resourceId } = monitor;
      logger.debug({ resourceId, error: describeThrown(error) }, 'a heartbeat failed');
      if (!isRpcError(error)) return;
      if (UNREACHABLE_CODES.has(error.code)) time.execute(() => monitor.reportRpcUnreachable());
      else if (error.code === 'HANDLER_FAILED') monitor.reportRpcSuccess();
    };
    // A connection known to be gone may throw on the spot.
    (async () => call())().then(() => monitor.reportRpcSuccess(), onError);
  }

  /** What the listener throws, now or later, is reported by the endpoint, and changes nothing. */
  protected callListener(call: (listener: HeartbeatListener<In, Out>) => unknown): void {
    const { listener, time } = this.parts;
    const onFailure = (error: unknown): void =>
      time.execute(() => {
        throw error;
      });
    try {
      onRejection(call(listener), onFailure);
    } catch (error) {
      onFailure(error);
    }
  }

  #report(resourceId: string, payload: In): HeartbeatMonitor<Out> | undefined {
    const monitor = this.#monitors.get(resourceId);
    if (!monitor) return undefined;
    monitor.reportHeartbeat();
    this.callListener((listener) => listener.reportPayload(resourceId, payload));
    // Taking the payload may have ended the watch.
    return this.#monitors.get(resourceId) === monitor ? monitor : undefined;
  }

  #onEnd(monitor: HeartbeatMonitor<Out>, state: 'TIMEOUT' | 'UNREACHABLE'): void {
    const { resourceId } = monitor;
    if (this.#monitors.get(resourceId) === monitor) this.#monitors.delete(resourceId);
    this.parts.logger.info({ resourceId, state }, 'a heartbeat target is lost');
    this.callListener((listener) =>
      state === 'TIMEOUT'
        ? listener.notifyHeartbeatTimeout(resourceId)
        : listener.notifyTargetUnreachable(resourceId),
    );
  }
}
