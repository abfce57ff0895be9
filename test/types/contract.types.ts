import { type DispatcherGateway, type JobStatus, MiniCluster } from '../../cluster/index.js';
import {
  type AnyGateway,
  ask,
  type BlockingGateway,
  type CallOptions,
  callOptions,
  defineGateway,
  FencedRpcEndpoint,
  type GatewayContract,
  type GatewayOf,
  type MethodTable,
  RpcEndpoint,
  type RpcService,
  type Serves,
  tell,
} from '../../index.js';
import type { Equal, Expect, IsAny } from './type-helpers.js';

/*
 * Only has to compile: what is marked as an error must be one. Nothing here ever runs.
 */

interface Order {
  readonly id: number;
  readonly lines: readonly string[];
}

const Shop = defineGateway('Shop', {
  place: ask<[order: Order, ...tags: string[]], number>(),
  all: ask<[], readonly Order[]>(),
  find: ask<[id: number], Order | undefined>(),
  forget: tell<[ids: readonly number[]]>(),
});
type Shop = GatewayOf<typeof Shop>;

export type Inferred = [
  Expect<Equal<ReturnType<Shop['place']>, Promise<number>>>,
  Expect<Equal<ReturnType<Shop['all']>, Promise<readonly Order[]>>>,
  Expect<Equal<ReturnType<Shop['find']>, Promise<Order | undefined>>>,
  Expect<Equal<ReturnType<Shop['forget']>, void>>,
  Expect<Equal<Parameters<Shop['forget']>, [ids: readonly number[]]>>,
  Expect<Equal<ReturnType<BlockingGateway<Shop>['find']>, Order | undefined>>,
  Expect<Equal<ReturnType<BlockingGateway<Shop>['forget']>, void>>,
  Expect<Equal<IsAny<Shop[keyof Shop]>, false>>,
  Expect<Equal<IsAny<Serves<typeof Shop>['place']>, false>>,
];

export async function calls(shop: Shop): Promise<void> {
  const lines: readonly string[] = ['one'];
  const id: number = await shop.place({ id: 1, lines }, 'a', 'b');
  await shop.place({ id, lines: ['literal'] as const }, callOptions({ timeoutMs: 1 }));
  shop.forget([1, 2] as const);
  const orders = await shop.all();
  // @ts-expect-error what comes back may not be changed either
  orders.push({ id: 2, lines });
  // @ts-expect-error undefined is among the results
  void (await shop.find(1)).id;
  // @ts-expect-error a tag of another type
  await shop.place({ id: 1, lines }, 7);
  // @ts-expect-error an incomplete argument
  await shop.place({ id: 1 });
  // @ts-expect-error there is nothing to await in a tell
  shop.forget([]).then(() => {});
  // @ts-expect-error a deadline is a number of milliseconds
  callOptions({ timeoutMs: '5s' });
  // @ts-expect-error not an option
  callOptions({ retries: 3 });
  // @ts-expect-error options are made by callOptions, not written down
  const written: CallOptions = { timeoutMs: 1, signal: undefined };
  void written;
}

/** May have more than the contract says, for other contracts and for itself. */
export class GoodShop extends RpcEndpoint implements Serves<typeof Shop> {
  place(order: Order, ...tags: string[]): number {
    return order.id + tags.length;
  }
  async all(): Promise<Order[]> {
    return [];
  }
  find(id: number, isDeep = false): Order | undefined {
    return isDeep ? undefined : { id, lines: [] };
  }
  forget(): void {}
  notInTheContract(): void {}
}

export class Greedy extends RpcEndpoint implements Serves<typeof Shop> {
  place(order: Order): number {
    return order.id;
  }
  all(): Order[] {
    return [];
  }
  // @ts-expect-error it needs an argument that no caller gives
  find(id: number, isDeep: boolean): Order | undefined {
    return isDeep ? undefined : { id, lines: [] };
  }
  // @ts-expect-error it would change what it may only read
  forget(ids: number[]): void {
    ids.length = 0;
  }
}

// @ts-expect-error a tell is served by a method too
export class Mute extends RpcEndpoint implements Serves<typeof Shop> {
  place(): number {
    return 1;
  }
  all(): Order[] {
    return [];
  }
  find(): undefined {}
}

export class FencedShop extends FencedRpcEndpoint<string> implements Serves<typeof Shop> {
  place = (): number => 1;
  all = (): Order[] => [];
  find = (): undefined => undefined;
  forget = (): void => {};
}

export async function gateways(service: RpcService, shop: Shop): Promise<void> {
  const fenced = await service.connect('address', Shop, { fencingToken: 'uuid' });
  const unfenced: Shop = fenced;
  await service.connect('address', Shop, { fencingToken: 7n, timeoutMs: 100 });
  // @ts-expect-error null is for endpoints: a caller without a token gives none
  await service.connect('address', Shop, { fencingToken: null });
  await service.startServer(FencedShop, { args: ['uuid'] });
  // @ts-expect-error a fenced endpoint is made with its token
  await service.startServer(FencedShop);
  // @ts-expect-error the token of this class is a text
  await service.startServer(FencedShop, { args: [7n] });
  const Other = defineGateway('Other', { place: ask<[], string>() });
  // @ts-expect-error a gateway of another contract
  const other: GatewayOf<typeof Other> = shop;
  void [unfenced, other];
}

/** Wrappers of users can be as generic as the doors. */
export async function wrapped<M extends MethodTable>(
  service: RpcService,
  contract: GatewayContract<M>,
): Promise<GatewayOf<GatewayContract<M>>> {
  const anyContract: AnyGateway = contract;
  return service.connect(anyContract.name, contract);
}

export async function cluster(): Promise<void> {
  const started = await MiniCluster.start({ taskExecutors: 1 });
  const statuses: ReturnType<GatewayOf<typeof DispatcherGateway>['listJobs']> = Promise.resolve(
    [] as readonly JobStatus[],
  );
  // @ts-expect-error not an option of a cluster
  await MiniCluster.start({ workers: 1 });
  void [started, statuses];
}
