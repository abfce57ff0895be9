import { ask, defineGateway, RpcEndpoint, type Serves } from '../../index.js';
import { ProbeGateway } from './rpc-contracts.js';
import { Probe } from './rpc-fixtures.js';

export const SpawnerGateway = defineGateway('Spawner', {
  spawn: ask<[], string>(),
  spawnAs: ask<[endpointId: string], string>(),
  addThrough: ask<[address: string, a: number, b: number], number>(),
});

/** Uses the service of its thread. */
export class Spawner extends RpcEndpoint implements Serves<typeof SpawnerGateway> {
  static override readonly gateways = [SpawnerGateway];
  static override readonly module: string = import.meta.url;

  async spawn(): Promise<string> {
    return (await this.rpcService.startServer(Probe)).address;
  }

  async spawnAs(endpointId: string): Promise<string> {
    return (await this.rpcService.startServer(Probe, { endpointId })).address;
  }

  async addThrough(address: string, a: number, b: number): Promise<number> {
    return (await this.rpcService.connect(address, ProbeGateway)).add(a, b);
  }
}
