// Hello: a counter that lives on a thread of its own and is called through a typed gateway.
// Run it: npm run build && node dist/examples/hello.js
// It prints 2 and 42.
import { isMainThread } from 'node:worker_threads';
import { ask, defineGateway, RpcEndpoint, RpcService, type Serves, tell } from 'ringlane';

const CounterGateway = defineGateway('Counter', {
  add: ask<[by: number], number>(), // the caller gets a Promise<number>
  reset: tell(), // fire and forget
});

export class Counter extends RpcEndpoint implements Serves<typeof CounterGateway> {
  static override readonly gateways = [CounterGateway];
  static override readonly module = import.meta.url; // lets any thread load this class
  #count = 0;
  add(by: number) {
    return (this.#count += by);
  }
  reset() {
    this.#count = 0;
  }
}

if (isMainThread) {
  await using service = await RpcService.start({ threads: 1 });
  const server = await service.startServer(Counter, { endpointId: 'counter' });
  await server.start();
  const counter = await service.connect(server.address, CounterGateway);
  console.log(await counter.add(2));
  console.log(await counter.add(40));
}
