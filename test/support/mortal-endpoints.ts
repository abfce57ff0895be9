import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import {
  ask,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type RpcServer,
  type Serves,
  tell,
} from '../../index.js';

/** How a thread may be made to die. */
export type Death = 'exit' | 'throw' | 'reject' | 'memory' | 'odd' | 'misnamed';

export const MortalGateway = defineGateway('Mortal', {
  add: ask<[by: number], number>(),
  note: tell<[]>(),
  never: ask<[], void>({ timeoutMs: 0 }),
  block: ask<[durationMs: number], void>(),
  give: ask<[lengthBytes: number], Uint8Array>(),
  /** Kills the thread. */
  die: tell<[how: Death]>(),
  /** Blocks the thread, then kills it. */
  dieAfter: tell<[durationMs: number]>(),
  /** Calls another endpoint from this thread: once, or an answer that never comes. */
  addAt: ask<[address: string, by: number], number>(),
  waitAt: ask<[address: string], void>({ timeoutMs: 0 }),
});
export type MortalGateway = GatewayOf<typeof MortalGateway>;

/** Retained, so that the collector cannot help. */
const hoard: unknown[] = [];

const DEATHS: Record<Death, () => void> = {
  exit: () => process.exit(3),
  throw: () => {
    setImmediate(() => {
      throw new TypeError('thrown by nobody');
    });
  },
  reject: () => {
    void Promise.reject(new RangeError('rejected by nobody'));
  },
  memory: () => {
    for (;;) hoard.push(new Array(10_000).fill(hoard.length));
  },
  odd: () => {
    setImmediate(() => {
      // oxlint-disable-next-line no-throw-literal -- what anybody may throw
      throw { toString: null, valueOf: null };
    });
  },
  misnamed: () => {
    setImmediate(() => {
      throw Object.assign(new Error('misnamed'), { name: { toString: null } });
    });
  },
};

/** A counter that can be killed in many ways. */
export class Mortal extends RpcEndpoint implements Serves<typeof MortalGateway> {
  static override readonly gateways = [MortalGateway];
  static override readonly module: string = import.meta.url;
  #count: number;

  constructor(start = 0) {
    super();
    this.#count = start;
  }

  add(by: number): number {
    this.#count += by;
    return this.#count;
  }

  note(): void {
    this.#count++;
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }

  block(durationMs: number): void {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs);
  }

  give(lengthBytes: number): Uint8Array {
    return new Uint8Array(lengthBytes);
  }

  die(how: Death): void {
    DEATHS[how]();
  }

  dieAfter(durationMs: number): void {
    this.block(durationMs);
    process.exit(4);
  }

  async addAt(address: string, by: number): Promise<number> {
    return (await this.rpcService.connect(address, MortalGateway)).add(by);
  }

  async waitAt(address: string): Promise<void> {
    return (await this.rpcService.connect(address, MortalGateway)).never();
  }
}

/** Adds a mark to a file; answers how many there were before. */
function countIn(file: string): number {
  const before = existsSync(file) ? readFileSync(file).length : 0;
  appendFileSync(file, '.');
  return before;
}

/** Dies in its constructor, but not the first time. */
export class DiesWhenRemade extends Mortal {
  constructor(file: string) {
    super();
    if (countIn(file) > 0) process.exit(5);
  }
}

/** Fails to start again, without killing its thread. */
export class FailsWhenRestarted extends Mortal {
  readonly #file: string;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  override onStart(): void {
    if (countIn(this.#file) > 0) throw new Error('once is enough');
  }
}

/** Needs another endpoint of its thread to be there when it starts. */
export class Dependent extends Mortal {
  readonly #address: string;

  constructor(address: string) {
    super();
    this.#address = address;
  }

  override async onStart(): Promise<void> {
    await this.addAt(this.#address, 1000);
  }
}

/** Counts from what its arguments hold together. */
export class Given extends Mortal {
  constructor(from: { readonly start: number }, bytes: Uint8Array) {
    super(from.start + bytes.length);
  }
}

/** Starts another endpoint, elsewhere and without a name, whenever it starts. */
export class Parent extends Mortal {
  override async onStart(): Promise<void> {
    await this.rpcService.startServer(Mortal, { thread: 'home' });
  }
}

/** Takes its time to be constructed and counts who was. */
export class SlowToMake extends Mortal {
  constructor(durationMs: number) {
    super();
    this.block(durationMs);
  }
}

/** Reads its terminations as words. */
export async function endOf(server: RpcServer): Promise<unknown> {
  try {
    await server.terminationFuture;
    return 'ended well';
  } catch (error) {
    return error;
  }
}
