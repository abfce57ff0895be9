import {
  type AnyGateway,
  ask,
  defineGateway,
  RpcEndpoint,
  type Serves,
  tell,
} from '../../../index.js';

/** What somebody's own endpoint may look like. */
export const CounterGateway = defineGateway('Counter', {
  double: ask<[value: number], number>(),
  hit: tell<[]>(),
  hits: ask<[], number>(),
});

/** Doubles, and counts what it is told. */
export class CounterEndpoint extends RpcEndpoint implements Serves<typeof CounterGateway> {
  static override readonly gateways: readonly AnyGateway[] = [CounterGateway];
  static override readonly module = import.meta.url;
  #hits = 0;

  double(value: number): number {
    return 2 * value;
  }

  hit(): void {
    this.#hits++;
  }

  hits(): number {
    return this.#hits;
  }
}

const StubbornGateway = defineGateway('Stubborn', {
  yes: ask<[], boolean>(),
  block: ask<[], void>(),
});

/** Serves well, but does not stop as it should. */
export class StubbornEndpoint extends RpcEndpoint implements Serves<typeof StubbornGateway> {
  static override readonly gateways: readonly AnyGateway[] = [StubbornGateway];
  static override readonly module = import.meta.url;

  override onStop(): never {
    throw new Error('it goes on');
  }

  yes(): boolean {
    return true;
  }

  block(): never {
    for (;;);
  }
}
