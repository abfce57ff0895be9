import { ask, defineGateway, RpcEndpoint, tell } from '../../index.js';
import type { ManualClock } from './manual-clock.js';

export const EchoGateway = defineGateway('Echo', {
  hold: ask<[word: Int32Array], void>(),
  echo: ask<[value: number], number>(),
  tellWhenAnswered: ask<[word: Int32Array], void>(),
  never: ask<[], void>(),
  flood: ask<[address: string, count: number, word: Int32Array], void>(),
});

export const SlowGateway = defineGateway('Slow', { takeLong: tell<[]>() });

export const HELD = 1;
export const LET_GO = 2;
export const ANSWERED = 3;

export class EchoEndpoint extends RpcEndpoint {
  static override readonly gateways = [EchoGateway];
  static override readonly module = import.meta.url;
  static override readonly exportName = 'EchoEndpoint';

  /** Blocks this thread until it is let go. */
  hold(word: Int32Array): void {
    Atomics.store(word, 0, HELD);
    Atomics.wait(word, 0, HELD, 20_000);
  }

  echo(value: number): number {
    return value;
  }

  /** What was answered before has left when this turn is over. */
  tellWhenAnswered(word: Int32Array): void {
    setImmediate(() => Atomics.store(word, 0, ANSWERED));
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }

  async flood(address: string, count: number, word: Int32Array): Promise<void> {
    const slow = await this.rpcService.connect(address, SlowGateway);
    Atomics.store(word, 0, HELD);
    for (let i = 0; i < count; i++) slow.takeLong();
    this.tellWhenAnswered(word);
  }
}

/** The home thread's {@link SlowEndpoint}. */
export const slowness: { calls: number; clock: ManualClock | undefined } = {
  calls: 0,
  clock: undefined,
};

/** On the home thread of a test: time passes while it handles a call. */
export class SlowEndpoint extends RpcEndpoint {
  static override readonly gateways = [SlowGateway];
  static override readonly module = import.meta.url;
  static override readonly exportName = 'SlowEndpoint';

  takeLong(): void {
    slowness.calls++;
    slowness.clock?.jump(2);
  }
}
