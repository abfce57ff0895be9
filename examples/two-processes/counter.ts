// The contract and the endpoint that both processes share: it does not know where it lives.
// The caller's process needs the contract only; the class is loaded by whoever serves it.
// A fencing token, a deadline or a signal would be added at the caller, not here.
import { ask, defineGateway, RpcEndpoint, type Serves, tell } from 'ringlane';

export const CounterGateway = defineGateway('Counter', {
  add: ask<[by: number], number>(),
  reset: tell(),
  /** Answers after `delayMs`: something to be in flight when a process dies. */
  slowly: ask<[delayMs: number], string>(),
  pid: ask<[], number>(),
});

export class Counter extends RpcEndpoint implements Serves<typeof CounterGateway> {
  static override readonly gateways = [CounterGateway];
  static override readonly module = import.meta.url;
  #count = 0;

  add(by: number): number {
    return (this.#count += by);
  }

  reset(): void {
    this.#count = 0;
  }

  slowly(delayMs: number): Promise<string> {
    return new Promise((resolve) => this.scheduleRunAsync(() => resolve('done'), delayMs));
  }

  pid(): number {
    return process.pid;
  }
}
