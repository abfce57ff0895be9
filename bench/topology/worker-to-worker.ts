import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  RpcService,
  type Serves,
} from '../../index.js';
import type { Budget, Cell, Figures } from '../harness/cell.js';
import { BenchEndpoint, BenchGateway } from './bench-endpoint.js';
import { askNumber } from './questions.js';

/** Runs a question from the thread that it lives on. */
const DriverGateway = defineGateway('BenchDriver', {
  askNumber: ask<[address: string, window: number, budget: Budget], Figures>({
    timeoutMs: 120_000,
  }),
});

type DriverGateway = GatewayOf<typeof DriverGateway>;

/** A caller that is not on the home thread. */
export class BenchDriver extends RpcEndpoint implements Serves<typeof DriverGateway> {
  static override readonly gateways: readonly AnyGateway[] = [DriverGateway];
  static override readonly module = import.meta.url;

  async askNumber(address: string, window: number, budget: Budget): Promise<Figures> {
    const gateway = await this.rpcService.connect(address, BenchGateway);
    return askNumber(window)(gateway, budget);
  }
}

/** Caller and endpoint on worker threads of their own, the home thread asleep. */
export function workerToWorker(window: number): Cell {
  return async (budget) => {
    const service = await RpcService.start({ threads: 2 });
    try {
      const server = await service.startServer(BenchEndpoint, { thread: 0 });
      const caller = await service.startServer(BenchDriver, { thread: 1 });
      await Promise.all([server.start(), caller.start()]);
      const driver: DriverGateway = await service.connect(caller.address, DriverGateway);
      return await driver.askNumber(server.address, window, budget);
    } finally {
      await service.close();
    }
  };
}
