import type { TimerHandle } from '../base/clock.js';
import { HeartbeatManager, type HeartbeatManagerParts } from './heartbeat-manager.js';
import type { HeartbeatMonitor } from './heartbeat-monitor.js';

/**
 * The sending role (Flink HeartbeatManagerSenderImpl): asks every target for a heartbeat once an
 * interval.
 */
export class HeartbeatManagerSender<In, Out> extends HeartbeatManager<In, Out> {
  readonly #intervalMs: number;
  #timer: TimerHandle | undefined;

  constructor(parts: HeartbeatManagerParts<In, Out>, intervalMs: number) {
    super(parts);
    this.#intervalMs = intervalMs;
    this.#timer = parts.time.schedule(() => this.#onInterval(), intervalMs);
  }

  /** Asks one target now, instead of at the end of the interval: a new one, say. */
  requestHeartbeatOf(resourceId: string): void {
    const monitor = this.monitorOf(resourceId);
    if (monitor) this.#request(monitor);
  }

  override close(): void {
    super.close();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #onInterval(): void {
    if (this.isStopped) return;
    this.#timer = this.parts.time.schedule(() => this.#onInterval(), this.#intervalMs);
    for (const monitor of [...this.monitors]) this.#request(monitor);
  }

  #request(monitor: HeartbeatMonitor<Out>): void {
    const { ownResourceId } = this.parts;
    this.callListener((listener) => {
      const payload = listener.retrievePayload(monitor.resourceId);
      this.observe(monitor, () => monitor.target.requestHeartbeat(ownResourceId, payload));
    });
  }
}
