import { inspect } from 'node:util';
import { threadId } from 'node:worker_threads';
import { LIMITS } from '../../core/config/limits.js';
import { FencedRpcEndpoint, RpcEndpoint, type Serves } from '../../index.js';
import { DriverGateway, FencedGateway, ProbeGateway } from './rpc-contracts.js';
import type { Target } from './rpc-contracts.js';
import { SCENARIOS } from './rpc-scenarios.js';

/** What a handler may throw at its worst. */
const THROWN: Record<string, () => unknown> = {
  error: () =>
    Object.assign(new TypeError('bad value'), { code: 'E_BAD', cause: new Error('why') }),
  string: () => 'a plain text',
  null: () => null,
  undefined: () => undefined,
  frozen: () => Object.freeze(new Error('frozen')),
  getters: () => ({
    get message(): string {
      throw new Error('no message for you');
    },
    get name(): string {
      throw new Error('no name for you');
    },
  }),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  uninspectable: () => ({
    [inspect.custom](): never {
      throw new Error('do not look at me');
    },
  }),
  proxy: () => {
    const refuse = (): never => {
      throw new Error('not for you');
    };
    return new Proxy(new Error('x'), { get: refuse, has: refuse, getPrototypeOf: refuse });
  },
  aggregate: () => new AggregateError([new TypeError('one'), 'two'], 'all failed'),
  circular: () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    return first;
  },
  huge: () => new Error('x'.repeat(1 << 20)),
};

/** Calls back as often as it can, in every way. */
function hasty(resolve: (value: string) => void, reject: (error: Error) => void): never {
  resolve('first');
  reject(new Error('second'));
  resolve('third');
  throw new Error('fourth');
}

const ODD: Record<string, () => unknown> = {
  /** More objects than one value of another process may be made of. */
  crowd: () => [new Map(), ...Array.from({ length: LIMITS.foreignObjects }, () => [])],
  /** A native promise is taken as it is, also when its `then` is not its own. */
  // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
  promiseOfItsOwn: () => Object.assign(Promise.resolve('own'), { then: hasty }),
  throwingThenMethod: () => ({
    // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
    then(): never {
      throw new TypeError('then itself fails');
    },
  }),
  // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
  callableThenable: () => Object.assign(() => 1, { then: hasty }),
  // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
  nestedThenable: () => ({ then: (resolve: (value: unknown) => void) => resolve({ then: hasty }) }),
  odderConstructor: () =>
    Object.defineProperty(Promise.resolve('x'), 'constructor', {
      get(): never {
        throw new Error('no constructor for you');
      },
    }),
  function: () => ({ inner: [() => 1] }),
  badThen: () => ({
    get then(): never {
      throw new Error('then is not for you');
    },
  }),
  // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
  twiceThenable: () => ({ then: hasty }),
};

export class Probe extends RpcEndpoint implements Serves<typeof ProbeGateway> {
  static override readonly gateways = [ProbeGateway];
  static override readonly module: string = import.meta.url;
  readonly #notes: number[] = [];
  readonly #held: ((answer: string) => void)[] = [];

  echo(value: unknown): unknown {
    return value;
  }

  count(...values: readonly unknown[]): number {
    return values.length;
  }

  add(a: number, b: number): number {
    return a + b;
  }

  note(value: number): void {
    this.#notes.push(value);
  }

  noteText(value: string): void {
    this.#notes.push(Number(value));
  }

  /** Blocks the thread until somebody sets the word, for 20 s at most. */
  waitFor(gate: Int32Array): void {
    Atomics.wait(gate, 0, 0, 20_000);
  }

  countIn(counter: Int32Array): void {
    Atomics.add(counter, 0, 1);
  }

  noteLater(value: number): number {
    this.#notes.push(value);
    return value;
  }

  notes(): number[] {
    return this.#notes.splice(0);
  }

  length(value: Uint8Array | string): number {
    return value.length;
  }

  give(lengthBytes: number): Uint8Array {
    return new Uint8Array(lengthBytes).fill(7);
  }

  giveOdd(kind: string): unknown {
    return ODD[kind]!();
  }

  fail(kind: string): Promise<void> {
    const thrown = THROWN[kind.replace('late-', '')]!();
    // oxlint-disable-next-line prefer-promise-reject-errors -- the worst that a handler may do
    if (kind.startsWith('late-')) return Promise.resolve().then(() => Promise.reject(thrown));
    throw thrown;
  }

  failTell(kind: string): Promise<void> {
    return this.fail(kind);
  }

  never(): Promise<void> {
    return new Promise(() => {});
  }

  hold(): Promise<string> {
    return new Promise((resolve) => this.#held.push(resolve));
  }

  release(answer: string): void {
    for (const resolve of this.#held.splice(0)) resolve(answer);
  }

  /** Blocks the thread. */
  spin(durationMs: number): void {
    const end = performance.now() + durationMs;
    while (performance.now() < end);
  }

  spinTell(durationMs: number): void {
    this.spin(durationMs);
  }

  thread(): number {
    return threadId;
  }

  exit(code: number): void {
    process.exit(code);
  }

  crash(text: string): void {
    setImmediate(() => {
      throw new Error(text);
    });
  }
}

/** An endpoint of one leader session that counts its calls. */
export class FencedProbe extends FencedRpcEndpoint implements Serves<typeof FencedGateway> {
  static override readonly gateways = [FencedGateway];
  static override readonly module: string = import.meta.url;
  #runs = 0;

  run(): number {
    return this.#runs++;
  }

  poke(): void {
    this.#runs++;
  }
}

/** Runs a scenario where it lives: how tests call from a worker thread. */
export class Driver extends RpcEndpoint implements Serves<typeof DriverGateway> {
  static override readonly gateways = [DriverGateway];
  static override readonly module: string = import.meta.url;

  run(scenario: string, target: Target): Promise<unknown> {
    return SCENARIOS[scenario]!(this.rpcService, target);
  }
}
