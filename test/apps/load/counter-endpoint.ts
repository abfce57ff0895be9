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
