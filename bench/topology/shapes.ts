import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  RpcService,
  type Serves,
  tell,
} from '../../index.js';
import { type Cell, WrongReply } from '../harness/cell.js';
import { drive } from '../harness/drive.js';
import { cpuUs, memoryFigures } from '../harness/usage.js';
import { BenchEndpoint, BenchGateway } from './bench-endpoint.js';

/** One caller on the home thread, `targets` worker threads asked in turns. */
export function fanOut(targets: number, window: number): Cell {
  return async (budget) => {
    const service = await RpcService.start({ threads: targets });
    try {
      const threads = Array.from({ length: targets }, (_, i) => i);
      const gateways = await Promise.all(
        threads.map(async (thread) => {
          const server = await service.startServer(BenchEndpoint, { thread });
          await server.start();
          return service.connect(server.address, BenchGateway);
        }),
      );
      const call = (index: number): Promise<number> => gateways[index % targets]!.echo(index);
      return await drive({ window, call, isRight: (reply, index) => reply === index }, budget);
    } finally {
      await service.close();
    }
  };
}

const StageGateway = defineGateway('BenchStage', {
  connectTo: ask<[address: string], void>(),
  pass: ask<[value: number], number>(),
});

type StageGateway = GatewayOf<typeof StageGateway>;

/** Adds one and asks the next stage, if there is one. */
export class BenchStage extends RpcEndpoint implements Serves<typeof StageGateway> {
  static override readonly gateways: readonly AnyGateway[] = [StageGateway];
  static override readonly module = import.meta.url;
  #next: StageGateway | undefined;

  async connectTo(address: string): Promise<void> {
    this.#next = await this.rpcService.connect(address, StageGateway);
  }

  pass(value: number): number | Promise<number> {
    return this.#next === undefined ? value + 1 : this.#next.pass(value + 1);
  }
}

/** Home asks a worker, which asks the next, `stages` in a row; the answer comes back so. */
export function pipeline(stages: number, window: number): Cell {
  return async (budget) => {
    const service = await RpcService.start({ threads: stages });
    try {
      const addresses: string[] = [];
      for (let thread = 0; thread < stages; thread++) {
        const server = await service.startServer(BenchStage, { thread });
        await server.start();
        addresses.push(server.address);
      }
      const gateways = await Promise.all(
        addresses.map((address) => service.connect(address, StageGateway)),
      );
      for (let i = 1; i < stages; i++) await gateways[i - 1]!.connectTo(addresses[i]!);
      const call = gateways[0]!.pass;
      const isRight = (reply: number, index: number): boolean => reply === index + stages;
      return await drive({ window, call, isRight }, budget);
    } finally {
      await service.close();
    }
  };
}

/** What one player has seen. */
interface Score {
  readonly hits: number;
  readonly balls: number;
}

const PlayerGateway = defineGateway('BenchPlayer', {
  connectTo: ask<[address: string], void>(),
  hit: tell<[left: number]>(),
  finished: ask<[balls: number], Score>({ timeoutMs: 60_000 }),
});

type PlayerGateway = GatewayOf<typeof PlayerGateway>;

/** Tells the ball back until it has been hit often enough. */
export class BenchPlayer extends RpcEndpoint implements Serves<typeof PlayerGateway> {
  static override readonly gateways: readonly AnyGateway[] = [PlayerGateway];
  static override readonly module = import.meta.url;
  #other: PlayerGateway | undefined;
  #hits = 0;
  #balls = 0;
  #wanted = 0;
  #onFinished: ((score: Score) => void) | undefined;

  async connectTo(address: string): Promise<void> {
    this.#other = await this.rpcService.connect(address, PlayerGateway);
  }

  hit(left: number): void {
    this.#hits++;
    if (left > 0) this.#other!.hit(left - 1);
    else if (++this.#balls === this.#wanted) this.#report();
  }

  /** Answers when so many balls have ended here, with how often this player hit until then. */
  finished(balls: number): Promise<Score> {
    this.#wanted = balls;
    return new Promise((resolve) => {
      this.#onFinished = resolve;
      if (this.#balls >= balls) this.#report();
    });
  }

  #report(): void {
    this.#onFinished?.({ hits: this.#hits, balls: this.#balls });
    this.#onFinished = undefined;
    this.#hits = 0;
    this.#balls = 0;
    this.#wanted = 0;
  }
}

/** Hits of one ball until a match is over; an odd number ends on the first player's side. */
const HITS = { full: 50_001, quick: 20_001, tiny: 11 } as const;

/** Two workers tell `balls` balls to and fro; counted are the hits of both. */
export function pingPong(balls: number): Cell {
  return async ({ scale }) => {
    const service = await RpcService.start({ threads: 2 });
    try {
      const players = await Promise.all(
        [0, 1].map(async (thread) => {
          const server = await service.startServer(BenchPlayer, { thread });
          await server.start();
          return server.address;
        }),
      );
      const [first, second] = await Promise.all(
        players.map((address) => service.connect(address, PlayerGateway)),
      );
      await Promise.all([first!.connectTo(players[1]!), second!.connectTo(players[0]!)]);
      const hits = Math.ceil(HITS[scale] / balls) | 1;
      const play = async (): Promise<void> => {
        const finished = first!.finished(balls);
        for (let i = 0; i < balls; i++) first!.hit(hits - 1);
        const score = await finished;
        const own = balls * ((hits + 1) / 2);
        if (score.hits !== own) throw new WrongReply(`${score.hits} hits instead of ${own}`);
      };
      await play();
      const cpuBefore = cpuUs();
      const startMs = performance.now();
      await play();
      const elapsedMs = performance.now() - startMs;
      const calls = hits * balls;
      return {
        callsPerSecond: (calls / elapsedMs) * 1000,
        cpuUsPerCall: (cpuUs() - cpuBefore) / calls,
        calls,
        ...memoryFigures(),
      };
    } finally {
      await service.close();
    }
  };
}
