import {
  type AnyGateway,
  ask,
  defineGateway,
  type GatewayOf,
  ready,
  RpcEndpoint,
  tell,
} from '../../index.js';

export const SinkGateway = defineGateway('Sink', {
  put: tell<[bytes: Buffer]>(),
  taken: ask<[], number>(),
});
export type SinkGateway = GatewayOf<typeof SinkGateway>;

export class Sink extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [SinkGateway];
  static override readonly module: string = import.meta.url;
  #taken = 0;

  put(): void {
    this.#taken++;
  }

  taken(): number {
    return this.#taken;
  }
}

export const ProducerGateway = defineGateway('Producer', {
  produce: ask<[address: string, count: number, bytes: number]>({ timeoutMs: 0 }),
  sent: ask<[], number>(),
});
export type ProducerGateway = GatewayOf<typeof ProducerGateway>;

/** Tells as much as it is asked to, at the pace that `ready` allows. */
export class Producer extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [ProducerGateway];
  static override readonly module: string = import.meta.url;
  #sent = 0;

  async produce(address: string, count: number, bytes: number): Promise<void> {
    const sink = await this.rpcService.connect(address, SinkGateway);
    for (; this.#sent < count; this.#sent++) {
      await ready(sink);
      sink.put(Buffer.alloc(bytes));
    }
  }

  sent(): number {
    return this.#sent;
  }
}
