import {
  type AnyGateway,
  ask,
  type BlockingGateway,
  blocking,
  type CallOptions,
  callOptions,
  defineGateway,
  FencedRpcEndpoint,
  type FencingToken,
  type GatewayOf,
  isRpcError,
  type RpcEndpoint,
  RpcEndpoint as Endpoint,
  type RpcServer,
  type RpcService,
  type Serves,
  tell,
} from '../../index.js';
import type { Equal, Expect, IsAny } from './type-helpers.js';

interface Row {
  readonly id: number;
}

const Store = defineGateway('Store', {
  add: ask<[by: number], number>(),
  find: ask<[key: string, deep?: boolean], Row | null>({ timeoutMs: 5 }),
  clear: ask(),
  reset: tell<[]>(),
  write: tell<[line: string, level: 'info' | 'warn']>(),
});
type Store = GatewayOf<typeof Store>;

export type Results = [
  Expect<Equal<ReturnType<Store['add']>, Promise<number>>>,
  Expect<Equal<ReturnType<Store['find']>, Promise<Row | null>>>,
  Expect<Equal<ReturnType<Store['clear']>, Promise<void>>>,
  Expect<Equal<ReturnType<Store['reset']>, void>>,
  Expect<Equal<ReturnType<Store['write']>, void>>,
  Expect<Equal<Parameters<Store['write']>, [line: string, level: 'info' | 'warn']>>,
  Expect<Equal<Parameters<Store['add']>, [by: number, options?: CallOptions]>>,
  Expect<Equal<keyof Store, 'add' | 'find' | 'clear' | 'reset' | 'write'>>,
];

type Blocking = BlockingGateway<Store>;

export type BlockingResults = [
  Expect<Equal<ReturnType<Blocking['add']>, number>>,
  Expect<Equal<ReturnType<Blocking['find']>, Row | null>>,
  Expect<Equal<ReturnType<Blocking['clear']>, void>>,
  Expect<Equal<Blocking['reset'], Store['reset']>>,
  Expect<Equal<Parameters<Blocking['add']>, [by: number, options?: CallOptions]>>,
];

export type NothingIsAny = [
  Expect<Equal<IsAny<ReturnType<Blocking['add']>>, false>>,
  Expect<Equal<IsAny<Awaited<ReturnType<Store['add']>>>, false>>,
  Expect<Equal<IsAny<Parameters<Store['add']>[0]>, false>>,
  Expect<Equal<IsAny<AnyGateway>, false>>,
  Expect<Equal<IsAny<AnyGateway['methods'][number]>, false>>,
  Expect<Equal<IsAny<Awaited<ReturnType<RpcService['connect']>>>, false>>,
  Expect<Equal<IsAny<Awaited<ReturnType<RpcService['startServer']>>>, false>>,
  Expect<Equal<IsAny<Awaited<ReturnType<RpcEndpoint['offload']>>>, false>>,
  Expect<Equal<IsAny<RpcServer['terminationFuture']>, false>>,
];

/** Never run: the compiler is the test. */
export async function calls(service: RpcService, server: RpcServer): Promise<void> {
  const store = await service.connect('ringlane://x/user/rpc/y', Store);
  const sum: number = await store.add(1);
  const row: Row | null = await store.find('key', true, callOptions({ timeoutMs: 1 }));
  await store.find('key');
  store.write(`${sum} ${row?.id}`, 'info');
  server.getSelfGateway(Store).reset();
  await store.clear(callOptions({ signal: AbortSignal.timeout(1) }));
  const now: number = blocking(store).add(1, callOptions({ timeoutMs: 1 }));
  blocking(store).write(`${now}`, 'info');
  // @ts-expect-error an argument of another type
  blocking(store).add('1');
  // @ts-expect-error an argument of another type
  await store.add('1');
  // @ts-expect-error an argument is missing
  await store.add();
  // @ts-expect-error one argument too many
  await store.add(1, 2);
  // @ts-expect-error call options come last
  await store.add(callOptions({ timeoutMs: 1 }), 1);
  // @ts-expect-error plain objects are not call options
  await store.add(1, { timeoutMs: 1 });
  // @ts-expect-error a tell has no call options
  store.reset(callOptions({ timeoutMs: 1 }));
  // @ts-expect-error a literal that is not among them
  store.write('line', 'loud');
  // @ts-expect-error there is no such method
  store.remove();
  // @ts-expect-error methods are not replaced
  store.add = async () => 1;
  // @ts-expect-error a gateway is no thenable
  void store.then;
  // @ts-expect-error a token is a UUID or an epoch
  await service.connect('ringlane://x/user/rpc/y', Store, { fencingToken: 7 });
}

export class Good extends Endpoint implements Serves<typeof Store> {
  static override readonly gateways: readonly AnyGateway[] = [Store];
  readonly start: number;
  constructor(start: number) {
    super();
    this.start = start;
  }
  add(by: number): number {
    return by;
  }
  async find(_key: string): Promise<Row | null> {
    return null;
  }
  clear(): void {}
  reset(): void {}
  write(): void {}
}

// @ts-expect-error write is missing
export class Missing extends Endpoint implements Serves<typeof Store> {
  add(by: number): number {
    return by;
  }
  find(): null {
    return null;
  }
  clear(): void {}
  reset(): void {}
}

export class Wrong extends Endpoint implements Serves<typeof Store> {
  // @ts-expect-error the argument has another type
  add(by: string): number {
    return by.length;
  }
  // @ts-expect-error the result has another type
  find(): string {
    return '';
  }
  clear(): void {}
  reset(): void {}
  write(): void {}
}

export class Fenced extends FencedRpcEndpoint<bigint> {
  readonly epoch: bigint = this.fencingToken;
}

/** Outlives its leader sessions, and can be without one. */
export class Contender extends FencedRpcEndpoint<string | null> {
  constructor() {
    super(null);
  }
  grant(session: string | null): void {
    this.setFencingToken(session);
    const token: string | null = this.fencingToken;
    this.runAsyncWithoutFencing(() => void token);
    void this.callAsyncWithoutFencing(() => 1, 5).then((one: number) => one);
    this.getUnfencedMainThreadExecutor()
      .schedule(() => {}, 5)
      .cancel();
    // @ts-expect-error its tokens are texts
    this.setFencingToken(1n);
  }
}

export class OneSession extends FencedRpcEndpoint<string> {
  end(): void {
    // @ts-expect-error it is never without a session
    this.setFencingToken(null);
  }
}

export function changedFromOutside(contender: Contender): void {
  // @ts-expect-error only the endpoint itself changes its session
  contender.setFencingToken(null);
}

// @ts-expect-error a token is a UUID or an epoch
export class BadToken extends FencedRpcEndpoint<number> {}

/** Constructor arguments of every sort. */
export class Configured extends Endpoint {
  constructor(_name: string, _limits: readonly number[], _loud = false, ..._tags: string[]) {
    super();
  }
}

export async function constructorArguments(service: RpcService): Promise<void> {
  const fixed = ['name', [1, 2]] as const;
  await service.startServer(Configured, { args: fixed });
  await service.startServer(Configured, { args: ['name', [1, 2], true, 'tag', 'tag'] });
  const list: readonly [string, readonly number[], boolean] = ['name', [], true];
  await service.startServer(Configured, { args: list, thread: 0, endpointId: 'x' });
  await service.startServer(Plain);
  await service.startServer(Plain, {});
  await service.startServer(Plain, { args: [] as const });
  // @ts-expect-error what the constructor needs is not given
  await service.startServer(Configured);
  // @ts-expect-error nor here
  await service.startServer(Configured, { thread: 0 });
  // @ts-expect-error a second argument is missing
  await service.startServer(Configured, { args: ['name'] });
  // @ts-expect-error another type inside of one
  await service.startServer(Configured, { args: ['name', ['1']] });
  // @ts-expect-error one argument too many
  await service.startServer(Plain, { args: [1] });
  // @ts-expect-error a list of unknown length is no tuple
  await service.startServer(Good, { args: [1].map(Number) });
}

export class Plain extends Endpoint {}

export async function servers(service: RpcService): Promise<void> {
  const server = await service.startServer(Good, { args: [1], thread: 'any' });
  const thread: 'home' | number = server.thread;
  await service.startServer(Good, { args: [1], thread });
  // @ts-expect-error a constructor argument of another type
  await service.startServer(Good, { args: ['1'] });
  // @ts-expect-error no such placement
  await service.startServer(Good, { args: [1], thread: 'elsewhere' });
  // @ts-expect-error not an endpoint class
  await service.startServer(Date);
  try {
    await server.start();
  } catch (error) {
    // @ts-expect-error unknown until it is asked
    void error.code;
    if (isRpcError(error)) {
      // @ts-expect-error not a code of the table
      void (error.code === 'NOPE');
      const effect: 'none' | 'unknown' = error.effect;
      void effect;
    }
  }
}

export const token: FencingToken = 1n;
