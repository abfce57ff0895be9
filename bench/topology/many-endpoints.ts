import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  RpcService,
  type Serves,
} from '../../index.js';
import type { Budget, Cell } from '../harness/cell.js';
import { drive } from '../harness/drive.js';

const OneOfManyGateway = defineGateway('OneOfMany', { echo: ask<[value: number], number>() });

type OneOfManyGateway = GatewayOf<typeof OneOfManyGateway>;

/** As little as an endpoint can be, so that what it weighs is the engine's. */
export class OneOfMany extends RpcEndpoint implements Serves<typeof OneOfManyGateway> {
  static override readonly gateways: readonly AnyGateway[] = [OneOfManyGateway];
  static override readonly module = import.meta.url;

  echo(value: number): number {
    return value;
  }
}

const HeapGateway = defineGateway('BenchHeap', { usedBytes: ask<[], number>() });

/** Heap of this thread that is in use after two collections. */
function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** Weighs the thread that it lives on. */
export class BenchHeap extends RpcEndpoint implements Serves<typeof HeapGateway> {
  static override readonly gateways: readonly AnyGateway[] = [HeapGateway];
  static override readonly module = import.meta.url;

  usedBytes(): number {
    return usedBytes();
  }
}

/** Endpoints that are started at the same time. */
const AT_ONCE = 500;
/** More than these take longer to start than to ask, so a quick run has fewer. */
const QUICK_MAX = 5_000;
const TINY_MAX = 10;

async function startMany(service: RpcService, count: number): Promise<OneOfManyGateway[]> {
  const gateways: OneOfManyGateway[] = [];
  while (gateways.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - gateways.length) }, async () => {
      const server = await service.startServer(OneOfMany, { thread: 0 });
      await server.start();
      return service.connect(server.address, OneOfManyGateway);
    });
    gateways.push(...(await Promise.all(batch)));
  }
  return gateways;
}

/** Numbers of targets in an order that no cache can foresee, the same in every run. */
function shuffledTargets(count: number): Int32Array {
  const targets = new Int32Array(1 << 16);
  let state = 0x9e3779b9;
  for (let i = 0; i < targets.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    targets[i] = ((state ^ (state >>> 12)) >>> 0) % count;
  }
  return targets;
}

function countFor(wanted: number, { scale }: Budget): number {
  return Math.min(wanted, { full: wanted, quick: QUICK_MAX, tiny: TINY_MAX }[scale]);
}

/**
 * So many endpoints on one worker thread, asked at random: the rate, what one more endpoint weighs
 * on its thread and on the thread that started it and holds its handle and gateway, and how fast
 * they start (with start and connect) and stop.
 */
export function manyEndpoints(wanted: number, window: number): Cell {
  return async (budget) => {
    const count = countFor(wanted, budget);
    const service = await RpcService.start({ threads: 1 });
    let isOpen = true;
    try {
      const probe = await service.startServer(BenchHeap, { thread: 0 });
      await probe.start();
      const heap = await service.connect(probe.address, HeapGateway);
      // Code and tables that the first ones warm up are no part of what one more weighs.
      await startMany(service, Math.min(AT_ONCE, count));
      const before = { there: await heap.usedBytes(), here: usedBytes() };
      const startMs = performance.now();
      const gateways = await startMany(service, count);
      const startedMs = performance.now() - startMs;
      const after = { there: await heap.usedBytes(), here: usedBytes() };
      const targets = shuffledTargets(count);
      const mask = targets.length - 1;
      const call = (index: number): Promise<number> =>
        gateways[targets[index & mask]!]!.echo(index);
      const isRight = (reply: number, index: number): boolean => reply === index;
      const figures = await drive({ window, call, isRight }, budget);
      const closeMs = performance.now();
      isOpen = false;
      await service.close();
      return {
        ...figures,
        endpoints: count,
        heapBytesPerEndpoint: (after.there - before.there) / count,
        callerBytesPerEndpoint: (after.here - before.here) / count,
        startsPerSecond: (count / startedMs) * 1000,
        stopsPerSecond: (count / (performance.now() - closeMs)) * 1000,
      };
    } finally {
      if (isOpen) await service.close();
    }
  };
}
