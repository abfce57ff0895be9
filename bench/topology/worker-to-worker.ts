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

/** Starts a driver on worker thread `thread`. */
async function startDriver(service: RpcService, thread: number): Promise<DriverGateway> {
  const server = await service.startServer(BenchDriver, { thread });
  await server.start();
  return service.connect(server.address, DriverGateway);
}

/** Rates of callers that ran side by side add up; the slowest of them has the latencies. */
function addUp(all: readonly Figures[]): Figures {
  const sum = (name: keyof Figures): number =>
    all.reduce((total, figures) => total + (figures[name] ?? 0), 0);
  const largest = (name: keyof Figures): number =>
    Math.max(...all.map((figures) => figures[name] ?? 0));
  const calls = sum('calls');
  // Each caller saw the CPU of the whole process while it ran, and all ran at the same time.
  const cpuUs = all.reduce((total, { cpuUsPerCall = 0, calls: own = 0 }) => {
    return total + (cpuUsPerCall * own) / all.length;
  }, 0);
  return {
    callsPerSecond: sum('callsPerSecond'),
    p50Us: largest('p50Us'),
    p99Us: largest('p99Us'),
    p999Us: largest('p999Us'),
    cpuUsPerCall: cpuUs / calls,
    calls,
    heapMib: largest('heapMib'),
    rssMib: largest('rssMib'),
  };
}

/** `callers` worker threads ask one endpoint on another one; the home thread sleeps. */
export function workersToWorker(callers: number, window: number): Cell {
  return async (budget) => {
    const service = await RpcService.start({ threads: callers + 1 });
    try {
      const server = await service.startServer(BenchEndpoint, { thread: 0 });
      await server.start();
      const threads = Array.from({ length: callers }, (_, i) => i + 1);
      const drivers = await Promise.all(threads.map((thread) => startDriver(service, thread)));
      const asked = drivers.map((driver) => driver.askNumber(server.address, window, budget));
      const figures = await Promise.all(asked);
      return figures.length === 1 ? figures[0]! : addUp(figures);
    } finally {
      await service.close();
    }
  };
}
