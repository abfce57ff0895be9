import { type Placement, RpcService, type RpcServiceOptions } from '../../index.js';
import type { Budget, Cell, Figures } from '../harness/cell.js';
import { BenchEndpoint, BenchGateway } from './bench-endpoint.js';
import type { GatewayCell } from './questions.js';

/** One endpoint of a service of its own, and a gateway to it on the home thread. */
export async function withEndpoint<T>(
  thread: Placement,
  use: (gateway: BenchGateway, service: RpcService) => Promise<T>,
  options: RpcServiceOptions = {},
): Promise<T> {
  const service = await RpcService.start({ threads: thread === 'home' ? 0 : 1, ...options });
  try {
    const server = await service.startServer(BenchEndpoint, { thread });
    await server.start();
    return await use(await service.connect(server.address, BenchGateway), service);
  } finally {
    await service.close();
  }
}

/** The caller on the home thread, the endpoint on a worker thread. */
export function homeToWorker(cell: GatewayCell, options: RpcServiceOptions = {}): Cell {
  return (budget: Budget): Promise<Figures> =>
    withEndpoint(0, (gateway) => cell(gateway, budget), options);
}

/** Caller and endpoint on the home thread: by default no encoding, arguments by reference. */
export function sameThread(cell: GatewayCell, options: RpcServiceOptions = {}): Cell {
  return (budget: Budget): Promise<Figures> =>
    withEndpoint('home', (gateway) => cell(gateway, budget), options);
}
