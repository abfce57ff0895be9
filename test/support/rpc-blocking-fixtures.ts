import {
  ask,
  type BlockingGateway,
  blocking,
  callOptions,
  currentCall,
  defineGateway,
  type GatewayOf,
  isRpcError,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../index.js';
import { ProbeGateway } from './rpc-contracts.js';
import { Probe } from './rpc-fixtures.js';

export const BlockerGateway = defineGateway('Blocker', {
  meet: ask<[address: string]>(),
  spinThere: ask<[durationMs: number], string>(),
  neverThere: ask<[timeoutMs: number], string>({ timeoutMs: 60_000 }),
  /** Blocks on what then blocks on us. */
  pingThere: ask<[depth: number, timeoutMs: number, factor?: number], string>({
    timeoutMs: 60_000,
  }),
  meetBlocker: ask<[address: string]>(),
  floodBack: ask<[count: number], number[]>({ timeoutMs: 600_000 }),
  /** Has the other blocker ask us for a flood, from which it gets an answer. */
  askForFlood: ask<[count: number], number[]>({ timeoutMs: 60_000 }),
  firstWords: ask<[thread: number], number>(),
  note: tell<[value: number]>(),
  noteLater: ask<[value: number], number>(),
  notes: ask<[], number[]>(),
  slowNotes: ask<[count: number], number>({ timeoutMs: 60_000 }),
});
export type BlockerGateway = GatewayOf<typeof BlockerGateway>;

/** Codes instead of errors, and what the error said. */
function outcomeOf(task: () => unknown): string {
  try {
    return `value ${String(task())}`;
  } catch (error) {
    return isRpcError(error) ? `${error.effect} ${error.message}` : String(error);
  }
}

/** Waits on the spot for a probe of another thread, and has calls of its own. */
export class Blocker extends RpcEndpoint implements Serves<typeof BlockerGateway> {
  static override readonly gateways = [BlockerGateway];
  static override readonly module: string = import.meta.url;
  readonly #notes: number[] = [];
  #probe: BlockingGateway<ProbeGateway> | undefined;
  #peer: BlockerGateway | undefined;
  #blocker: BlockingGateway<BlockerGateway> | undefined;

  async meet(address: string): Promise<void> {
    this.#probe = blocking(await this.rpcService.connect(address, ProbeGateway));
  }

  async meetBlocker(address: string): Promise<void> {
    this.#peer = await this.rpcService.connect(address, BlockerGateway);
    this.#blocker = blocking(this.#peer);
  }

  spinThere(durationMs: number): string {
    this.#notes.push(-1);
    const outcome = outcomeOf(() => this.#probe!.spin(durationMs));
    this.#notes.push(-2);
    return outcome;
  }

  neverThere(timeoutMs: number): string {
    return outcomeOf(() => this.#probe!.never(callOptions({ timeoutMs })));
  }

  pingThere(depth: number, timeoutMs: number, factor = 1): string {
    if (depth === 0) return 'pong';
    const options = callOptions({ timeoutMs });
    const next = timeoutMs * factor;
    return outcomeOf(() => this.#blocker!.pingThere(depth - 1, next, factor, options));
  }

  askForFlood(count: number): Promise<number[]> {
    return this.#peer!.floodBack(count);
  }

  /** Asked of the other blocker: it sends more than a lane holds before it answers. */
  floodBack(count: number): number[] {
    if (count < 0) {
      const self = this.#blocker!;
      for (let i = 0; i < -count; i++) self.note(i);
      return [];
    }
    this.#notes.push(-1);
    this.#blocker!.floodBack(-count);
    this.#notes.push(-2);
    return [currentCall().deadlineMs];
  }

  /** The other thread has no lane to this one yet: its first word is the answer. */
  async firstWords(thread: number): Promise<number> {
    const server = await this.rpcService.startServer(Probe, { thread });
    await server.start();
    return blocking(server.getSelfGateway(ProbeGateway)).add(20, 22);
  }

  note(value: number): void {
    this.#notes.push(value);
  }

  noteLater(value: number): number {
    this.#notes.push(value);
    return value;
  }

  notes(): number[] {
    return this.#notes.splice(0);
  }

  /** A blocking call in each of many handlers. */
  slowNotes(count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += this.#probe!.add(i, 1);
    return sum;
  }
}
