import { randomUUID } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { ParkWord } from '../../core/memory/park-word.js';
import { openRegion } from '../../core/memory/region-descriptor.js';
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
  /** Dies over this many calls that nobody has read yet. */
  volley: tell<[count: number]>(),
  /** Waits for as many answers that never come. */
  wait: ask<[address: string, count: number], void>(),
  /** How many of those came, once an answer of the target has come. */
  answered: ask<[], number>(),
});
export type StrikerGateway = GatewayOf<typeof StrikerGateway>;

/** Called by a life that is over. */
export const StruckGateway = defineGateway('test.Struck', {
  hit: ask<[], void>(),
  /** Where each hit ran: inside of the handler of another endpoint, or in a turn of its own. */
  hits: ask<[], readonly ('inside' | 'alone')[]>(),
  never: ask<[], void>({ timeoutMs: 0 }),
});
export type StruckGateway = GatewayOf<typeof StruckGateway>;

/** Meets a later life of a thread in the middle of a handler. */
export const MeetingGateway = defineGateway('test.Meeting', {
  /** Starts a striker on the first thread; answers its address. */
  startStriker: ask<[], string>(),
  /** Gets to know a striker, to which it calls at the end of its handler. */
  greets: ask<[address: string], void>(),
  /**
   * Blocks its thread until the word is 2 and the striker's thread asleep, then takes a gateway;
   * true: its call is its own.
   */
  meet: ask<[], boolean>(),
});
export type MeetingGateway = GatewayOf<typeof MeetingGateway>;

interface Birth {
  readonly ringlaneBirth: { readonly region: SharedArrayBuffer };
}

/** The first worker thread has number 1. */
const STRIKER_THREAD = 1;
const ASLEEP_MS = 100;
const life = randomUUID();
let isInside = false;

export class Striker extends RpcEndpoint {
  static override readonly gateways = [StrikerGateway];
  static override readonly module: string = import.meta.url;
  #target: StruckGateway | undefined;
  #answered = 0;

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

  volley(count: number): void {
    for (let i = 1; i < count; i++) void this.#target?.hit().catch(() => {});
    this.strike();
  }

  async wait(address: string, count: number): Promise<void> {
    const silent = await this.rpcService.connect(address, StruckGateway);
    const onAnswer = (): void => {
      this.#answered++;
    };
    for (let i = 0; i < count; i++) void silent.never().then(onAnswer, onAnswer);
  }

  async answered(): Promise<number> {
    await this.#target?.hits();
    return this.#answered;
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

  never(): Promise<void> {
    return new Promise(() => {});
  }
}

export class Meeting extends RpcEndpoint {
  static override readonly gateways = [MeetingGateway];
  static override readonly module: string = import.meta.url;
  readonly #word: Int32Array;
  #striker: RpcServer | undefined;
  #greeted: StrikerGateway | undefined;

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

  async greets(address: string): Promise<void> {
    this.#greeted = await this.rpcService.connect(address, StrikerGateway);
    await this.#greeted.life();
  }

  meet(): Promise<boolean> {
    const mine = currentCall();
    isInside = true;
    Atomics.store(this.#word, 0, 1);
    Atomics.wait(this.#word, 0, 1, 20_000);
    const { ringlaneBirth } = workerData as Birth;
    const park = new ParkWord(openRegion(ringlaneBirth.region), STRIKER_THREAD);
    // A bell that was under way wakes it once more: it sleeps when it has done so for a while.
    let asleepSinceMs = performance.now();
    const giveUpMs = asleepSinceMs + 10_000;
    while (performance.now() < Math.min(asleepSinceMs + ASLEEP_MS, giveUpMs)) {
      if (!park.isParked()) asleepSinceMs = performance.now();
    }
    this.#greeted?.life().catch(() => {});
    this.#striker?.getSelfGateway(StrikerGateway);
    const isStillMine = currentCall() === mine;
    isInside = false;
    return Promise.resolve(isStillMine);
  }
}
