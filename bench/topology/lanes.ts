import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  ready,
  RpcEndpoint,
  RpcService,
  type Serves,
} from '../../index.js';
import { type Cell, WrongReply } from '../harness/cell.js';
import { drive } from '../harness/drive.js';
import { memoryFigures } from '../harness/usage.js';
import { BenchEndpoint, BenchGateway } from './bench-endpoint.js';

const NeighbourGateway = defineGateway('BenchNeighbour', {
  askAll: ask<[addresses: readonly string[]], number>({ timeoutMs: 60_000 }),
  flood: ask<[address: string, durationMs: number], number>({ timeoutMs: 60_000 }),
});

type NeighbourGateway = GatewayOf<typeof NeighbourGateway>;

const BATCH = 1_000;

/** Talks to others from a thread of its own. */
export class BenchNeighbour extends RpcEndpoint implements Serves<typeof NeighbourGateway> {
  static override readonly gateways: readonly AnyGateway[] = [NeighbourGateway];
  static override readonly module = import.meta.url;

  /** Asks each once; answers how many gave the right reply. */
  async askAll(addresses: readonly string[]): Promise<number> {
    let right = 0;
    for (const [index, address] of addresses.entries()) {
      const gateway = await this.rpcService.connect(address, BenchGateway);
      if ((await gateway.echo(index)) === index) right++;
    }
    return right;
  }

  /** Tells as fast as there is room; answers how often. */
  async flood(address: string, durationMs: number): Promise<number> {
    const gateway = await this.rpcService.connect(address, BenchGateway);
    const endMs = performance.now() + durationMs;
    let told = 0;
    while (performance.now() < endMs) {
      for (let i = 0; i < BATCH; i++) gateway.add(i);
      told += BATCH;
      await ready(gateway);
    }
    // Behind all tells of this thread: once it is answered, they have all run.
    await gateway.echo(told);
    return told;
  }
}

async function startNeighbours(service: RpcService, threads: readonly number[]) {
  return Promise.all(
    threads.map(async (thread): Promise<NeighbourGateway> => {
      const server = await service.startServer(BenchNeighbour, { thread });
      await server.start();
      return service.connect(server.address, NeighbourGateway);
    }),
  );
}

const MIB = 1024 * 1024;

/**
 * What the lanes of `count` threads weigh once every one has talked to every other: resident
 * memory before and after. A lane is made when its two threads first talk.
 */
export function everyPair(count: number): Cell {
  return async ({ scale }) => {
    const threads = Array.from({ length: scale === 'tiny' ? 3 : count }, (_, i) => i);
    const service = await RpcService.start({ threads: threads.length });
    try {
      const servers = await Promise.all(
        threads.map((thread) => service.startServer(BenchEndpoint, { thread })),
      );
      await Promise.all(servers.map((server) => server.start()));
      const neighbours = await startNeighbours(service, threads);
      const addresses = servers.map(({ address }) => address);
      const before = process.memoryUsage.rss();
      const startMs = performance.now();
      for (const neighbour of neighbours) {
        const right = await neighbour.askAll(addresses);
        if (right !== threads.length) throw new WrongReply(`${right} right replies`);
      }
      const durationMs = performance.now() - startMs;
      const laneMib = (process.memoryUsage.rss() - before) / MIB;
      return { durationMs, laneMib, calls: threads.length ** 2, ...memoryFigures() };
    } finally {
      await service.close();
    }
  };
}

/** One thread floods an endpoint with tells; how long do the asks of a quiet one wait? */
export const askBesideFlood: Cell = async (budget) => {
  const service = await RpcService.start({ threads: 2 });
  try {
    const server = await service.startServer(BenchEndpoint, { thread: 0 });
    await server.start();
    const quiet = await service.connect(server.address, BenchGateway);
    const [flooder] = await startNeighbours(service, [1]);
    const durationMs = budget.warmUpMs + budget.measureMs;
    const flooding = flooder!.flood(server.address, durationMs);
    const isRight = (reply: number, index: number): boolean => reply === index;
    const figures = await drive({ window: 1, call: quiet.echo, isRight }, budget);
    const told = await flooding;
    const received = await quiet.received();
    if (received.count !== told) throw new WrongReply(`${received.count} of ${told} tells arrived`);
    return figures;
  } finally {
    await service.close();
  }
};
