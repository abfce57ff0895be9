import { randomUUID } from 'node:crypto';
import {
  ask,
  currentCall,
  defineGateway,
  type GatewayOf,
  RpcEndpoint,
  type RpcServer,
  tell,
} from '../../index.js';

/** Dies over a call that nobody has read yet. */
export const StrikerGateway = defineGateway('test.Striker', {
  /** Another one in each life of the thread. */
  life: ask<[], string>(),
  aim: ask<[address: string], void>(),
  strike: tell<[]>(),
});
export type StrikerGateway = GatewayOf<typeof StrikerGateway>;

/** Called by a life that is over. */
export const StruckGateway = defineGateway('test.Struck', {
  hit: ask<[], void>(),
  /** Where each hit ran: inside of the handler of another endpoint, or in a turn of its own. */
  hits: ask<[], readonly ('inside' | 'alone')[]>(),
});
export type StruckGateway = GatewayOf<typeof StruckGateway>;

/** Meets a later life of a thread in the middle of a handler. */
export const MeetingGateway = defineGateway('test.Meeting', {
  /** Starts a striker on the first thread; answers its address. */
  startStriker: ask<[], string>(),
  /** Blocks its thread until the word is 2, then takes a gateway; true: its call is its own. */
  meet: ask<[], boolean>(),
});
export type MeetingGateway = GatewayOf<typeof MeetingGateway>;

const life = randomUUID();
let isInside = false;

export class Striker extends RpcEndpoint {
  static override readonly gateways = [StrikerGateway];
  static override readonly module: string = import.meta.url;
  #target: StruckGateway | undefined;

  life(): string {
    return life;
  }

  async aim(address: string): Promise<void> {
    this.#target = await this.rpcService.connect(address, StruckGateway);
    await this.#target.hits();
  }

  strike(): void {
    void this.#target?.hit().catch(() => {});
    // Behind the microtask that publishes the call.
    setImmediate(() => process.exit(3));
  }
}

export class Struck extends RpcEndpoint {
  static override readonly gateways = [StruckGateway];
  static override readonly module: string = import.meta.url;
  readonly #hits: ('inside' | 'alone')[] = [];

  hit(): void {
    this.#hits.push(isInside ? 'inside' : 'alone');
  }

  hits(): readonly ('inside' | 'alone')[] {
    return this.#hits;
  }
}

export class Meeting extends RpcEndpoint {
  static override readonly gateways = [MeetingGateway];
  static override readonly module: string = import.meta.url;
  readonly #word: Int32Array;
  #striker: RpcServer | undefined;

  constructor(word: Int32Array) {
    super();
    this.#word = word;
  }

  async startStriker(): Promise<string> {
    this.#striker = await this.rpcService.startServer(Striker, { thread: 0 });
    await this.#striker.start();
    // The way there is known to this thread.
    await this.#striker.getSelfGateway(StrikerGateway).life();
    return this.#striker.address;
  }

  meet(): Promise<boolean> {
    const mine = currentCall();
    isInside = true;
    Atomics.store(this.#word, 0, 1);
    Atomics.wait(this.#word, 0, 1, 20_000);
    this.#striker?.getSelfGateway(StrikerGateway);
    const isStillMine = currentCall() === mine;
    isInside = false;
    return Promise.resolve(isStillMine);
  }
}
