import { type AnyGateway, ask, defineGateway, type GatewayOf, RpcEndpoint } from '../../index.js';
import { collectGarbage } from './collect-garbage.js';

export const VisitedGateway = defineGateway('Visited', { greet: ask<[], string>() });

export class Visited extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [VisitedGateway];

  greet(): string {
    return 'hello';
  }
}

export const VisitorGateway = defineGateway('Visitor', {
  visit: ask<[address: string], string>(),
  keep: ask<[address: string]>(),
  greetKept: ask<[], string>(),
  collect: ask<[]>(),
});
export type VisitorGateway = GatewayOf<typeof VisitorGateway>;

/** Connects to many endpoints, one after the other, and keeps one gateway at most. */
export class Visitor extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [VisitorGateway];
  static override readonly module: string = import.meta.url;
  #greetKept: (() => Promise<string>) | undefined;

  async visit(address: string): Promise<string> {
    return (await this.rpcService.connect(address, VisitedGateway)).greet();
  }

  async keep(address: string): Promise<void> {
    this.#greetKept = (await this.rpcService.connect(address, VisitedGateway)).greet;
  }

  greetKept(): Promise<string> {
    return this.#greetKept!();
  }

  collect(): void {
    collectGarbage();
  }
}
