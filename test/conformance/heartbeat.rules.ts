import { deepEqual, equal } from 'node:assert/strict';
import { type HeartbeatManager, HeartbeatServices, silentLogger } from '../../core/internal.js';
import { ask, defineGateway, RpcEndpoint, type Serves } from '../../index.js';
import { until } from '../support/until.js';
import type { Rules } from './harness/scene.js';

const MonitoredGateway = defineGateway('Monitored', {
  requestHeartbeat: ask<[resourceId: string, payload: string], string>(),
  heard: ask<[], readonly string[]>(),
});

/** The receiving role: answers each request with a payload of its own. */
export class Monitored extends RpcEndpoint implements Serves<typeof MonitoredGateway> {
  static override readonly gateways = [MonitoredGateway];
  static override readonly module: string = import.meta.url;
  readonly #heard: string[] = [];
  #manager: HeartbeatManager<string, string> | undefined;
  #answer = '';

  override onStart(): void {
    const services = new HeartbeatServices();
    this.#manager = services.createHeartbeatManager<string, string>({
      resourceId: 'monitored',
      executor: this.getMainThreadExecutor(),
      logger: silentLogger,
      listener: {
        notifyHeartbeatTimeout: (id) => this.#heard.push(`timeout ${id}`),
        notifyTargetUnreachable: (id) => this.#heard.push(`unreachable ${id}`),
        reportPayload: (id, payload) => this.#heard.push(`${id} says ${payload}`),
        retrievePayload: () => 'all is well',
      },
    });
    this.registerResource(this.#manager);
    this.#manager.monitorTarget('monitor', {
      receiveHeartbeat: async (_id, payload) => void (this.#answer = payload),
      requestHeartbeat: async () => {},
    });
  }

  requestHeartbeat(resourceId: string, payload: string): string {
    this.#manager!.requestHeartbeat(resourceId, payload);
    return this.#answer;
  }

  heard(): readonly string[] {
    return this.#heard;
  }
}

export const rules: Rules = {
  async '33 both roles, a payload each way, and exactly one end: unreachable'(scene) {
    const { subject, gateway } = await scene.open(MonitoredGateway, Monitored);
    const heard: string[] = [];
    const services = new HeartbeatServices({ intervalMs: 5, timeoutMs: 30_000 });
    const manager = services.createHeartbeatManagerSender<string, string>({
      resourceId: 'monitor',
      executor: {
        execute: (task) => scene.service.execute(task),
        schedule: (task, delayMs) => scene.service.schedule(task, delayMs),
      },
      logger: silentLogger,
      listener: {
        notifyHeartbeatTimeout: (id) => heard.push(`timeout ${id}`),
        notifyTargetUnreachable: (id) => heard.push(`unreachable ${id}`),
        reportPayload: (id, payload) => heard.push(`${id} says ${payload}`),
        retrievePayload: () => 'how are you',
      },
    });
    manager.monitorTarget('monitored', {
      requestHeartbeat: async (id, payload) => {
        manager.receiveHeartbeat('monitored', await gateway.requestHeartbeat(id, payload));
      },
      receiveHeartbeat: async () => {},
    });
    await until(() => heard.length >= 3, 'some heartbeats');
    deepEqual([...new Set(await gateway.heard())], ['monitor says how are you']);
    await subject.close();
    await until(() => heard.some((line) => line.startsWith('unreachable')), 'its end');
    equal(manager.stateOf('monitored'), undefined);
    const ends = heard.filter((line) => !line.includes('says'));
    deepEqual(ends, ['unreachable monitored']);
    deepEqual([...new Set(heard)], ['monitored says all is well', 'unreachable monitored']);
    manager.close();
  },
};
