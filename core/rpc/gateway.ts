import { createHash } from 'node:crypto';
import type { MethodCodec, TableOf, TableSource } from '../codec/method-codec.js';
import { LIMITS } from '../config/limits.js';
import { checkDurationMs } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';

/** Per-method options of a contract. */
export interface MethodOptions {
  /** Deadline of the method's asks in milliseconds; default: that of gateway or service. */
  readonly timeoutMs?: number;
  /**
   * `'control'`: between processes, calls of this method have a connection of their own, where
   * nothing large is in front of them. They keep no order with calls of other methods. For
   * heartbeats and the like. Inside a process it changes nothing.
   */
  readonly lane?: 'data' | 'control';
  /** `v8()` or `fb(Table)`: how calls travel. Default: the value codec. */
  readonly codec?: MethodCodec;
}

/** Carries argument and result types; exists for the compiler only. */
declare const types: unique symbol;

/** A method whose caller waits for an answer (Flink: a method returning a CompletableFuture). */
export interface AskMethod<Args extends readonly unknown[], Result> {
  readonly kind: 'ask';
  readonly options: MethodOptions;
  readonly [types]?: ((args: Args) => Result) | undefined;
}

/** A method that is told: no answer, no failure at the caller (Flink: a void method). */
export interface TellMethod<Args extends readonly unknown[]> {
  readonly kind: 'tell';
  readonly options: MethodOptions;
  readonly [types]?: ((args: Args) => void) | undefined;
}

/** Any method of a contract. */
export interface AnyMethod {
  readonly kind: 'ask' | 'tell';
  readonly options: MethodOptions;
}

/** The methods of a contract by name. */
export interface MethodTable {
  readonly [name: string]: AnyMethod;
}

/** Declares an ask: `ask<[by: number], number>()`. */
export function ask<Args extends readonly unknown[] = [], Result = void>(
  options: MethodOptions = {},
): AskMethod<Args, Result> {
  return { kind: 'ask', options };
}

/** Declares a tell: `tell<[key: string]>()`. */
export function tell<Args extends readonly unknown[] = []>(
  options: MethodOptions = {},
): TellMethod<Args> {
  return { kind: 'tell', options };
}

/** A method implementation; arguments come from the wire. */
export type Handler = (...args: unknown[]) => unknown;

/** One method as the engine sees it. */
export interface MethodDescriptor {
  readonly name: string;
  readonly kind: 'ask' | 'tell';
  readonly timeoutMs: number | undefined;
  /** True: goes over the control connection of a peer. The caller's own choice. */
  readonly isControl?: boolean;
  /** How arguments and results are encoded; part of compatibility. */
  readonly codec: string;
  /** What does it, where it is not the value codec. */
  readonly coding?: MethodCodec | undefined;
}

/** A contract: what may be called from outside, as a value and (by `GatewayOf`) as a type. */
export interface GatewayContract<Methods extends MethodTable = MethodTable> {
  readonly name: string;
  readonly methods: readonly MethodDescriptor[];
  /** Equal for equal names, kinds and codecs: makes the usual handshake cheap. */
  readonly hash: string;
  readonly [types]?: Methods | undefined;
}

/** Any contract. */
export type AnyGateway = GatewayContract<MethodTable>;

/** What a caller gives: a table is built by it, where its handler reads it. */
type Given<Args extends readonly unknown[]> = {
  [Index in keyof Args]: Args[Index] extends TableOf<unknown> ? TableSource : Args[Index];
};

/** What a handler gets. */
type Taken<Args extends readonly unknown[]> = {
  [Index in keyof Args]: Args[Index] extends TableOf<infer Table> ? Table : Args[Index];
};

type MethodsOf<Contract> = Contract extends GatewayContract<infer Methods> ? Methods : never;

/** The gateway type of a contract: asks answer a promise, tells answer nothing. */
export type GatewayOf<Contract extends AnyGateway> = {
  readonly [Name in keyof MethodsOf<Contract>]: MethodsOf<Contract>[Name] extends AskMethod<
    infer Args,
    infer Result
  >
    ? (...args: [...args: Given<Args>, options?: CallOptions]) => Promise<Result>
    : MethodsOf<Contract>[Name] extends TellMethod<infer Args>
      ? (...args: Given<Args>) => void
      : never;
};

/** What a class must have to serve a contract; results may be values or promises. */
export type Serves<Contract extends AnyGateway> = {
  [Name in keyof MethodsOf<Contract>]: MethodsOf<Contract>[Name] extends AskMethod<
    infer Args,
    infer Result
  >
    ? (...args: Taken<Args>) => Result | PromiseLike<Result>
    : MethodsOf<Contract>[Name] extends TellMethod<infer Args>
      ? (...args: Taken<Args>) => unknown
      : never;
};

/** Names that a gateway object or the language gives a meaning of its own. */
const RESERVED = new Set(['then', 'catch', 'finally', 'toJSON']);
/** Members of the endpoint base classes: callers must not reach them, nor methods replace them. */
const ENDPOINT_MEMBERS = new Set([
  ...['onStart', 'onStop', 'endpointId', 'address', 'rpcService', 'log', 'isRunning'],
  ...['getMainThreadExecutor', 'runAsync', 'callAsync', 'scheduleRunAsync', 'offload'],
  ...['validateRunsInMainThread', 'registerResource', 'unregisterResource', 'getSelfGateway'],
  ...['fencingToken', 'setFencingToken', 'runAsyncWithoutFencing', 'callAsyncWithoutFencing'],
  ...['getUnfencedMainThreadExecutor'],
]);
const METHOD_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

function describe(contract: string, name: string, method: AnyMethod): MethodDescriptor {
  const why = whyNotAName(name);
  if (why !== undefined) {
    const text = `contract ${contract}: a method cannot be named "${name}": ${why}`;
    throw new RpcError('INVALID_ARGUMENT', text, { method: name });
  }
  const { timeoutMs } = method.options;
  if (timeoutMs !== undefined) checkDurationMs(`${contract}.${name} timeoutMs`, timeoutMs);
  const isControl = checkLane(`${contract}.${name}`, method.options.lane);
  const { codec: coding } = method.options;
  const codec = coding?.name ?? 'value';
  return { name, kind: method.kind, timeoutMs, codec, coding, isControl };
}

function whyNotAName(name: string): string | undefined {
  if (!METHOD_NAME.test(name)) return 'a name has letters, digits, _ and $, no digit first';
  if (name.length > LIMITS.nameLength) return `a name has at most ${LIMITS.nameLength} letters`;
  if (ENDPOINT_MEMBERS.has(name)) return 'that is a member of RpcEndpoint itself';
  if (RESERVED.has(name) || name in Object.prototype) return 'the language calls that by itself';
  return undefined;
}

function checkLane(method: string, lane: MethodOptions['lane'] = 'data'): boolean {
  if (lane === 'data' || lane === 'control') return lane === 'control';
  const text = `${method}: lane must be 'data' or 'control', not ${describeThrown(lane)}`;
  throw new RpcError('INVALID_ARGUMENT', text);
}

/** True when calls of some method go over the control connection. */
export function hasControl(contract: AnyGateway): boolean {
  return contract.methods.some(({ isControl }) => isControl);
}

/** Defines a contract; throws `INVALID_ARGUMENT` for names that cannot be served. */
export function defineGateway<const Methods extends MethodTable>(
  name: string,
  methods: Methods,
): GatewayContract<Methods> {
  if (name.length === 0 || name.length > LIMITS.nameLength) {
    throw new RpcError('INVALID_ARGUMENT', `a contract name has 1 to ${LIMITS.nameLength} letters`);
  }
  const descriptors = Object.keys(methods).map((key) => describe(name, key, methods[key]!));
  if (descriptors.length === 0 || descriptors.length > LIMITS.methodsPerEndpoint) {
    const bound = `1 to ${LIMITS.methodsPerEndpoint} methods`;
    throw new RpcError('INVALID_ARGUMENT', `contract ${name} needs ${bound}`);
  }
  const signatures = descriptors.map((d) => `${d.name}:${d.kind}:${d.codec}`).sort();
  const hash = createHash('sha256')
    .update(`${name}\n${signatures.join('\n')}`)
    .digest('hex');
  return { name, methods: descriptors, hash };
}

/** Deadlines are whole milliseconds, and compared by their distance, which needs some room. */
export function wholeTimeoutMs(timeoutMs: number): number {
  return Math.min(Math.ceil(timeoutMs), LIMITS.deadlineMs);
}

/** Per-call options; made by {@link callOptions} and always the last argument. */
export class CallOptions {
  /** For the compiler: what only looks like options would travel as an argument. */
  declare protected readonly brand: 'CallOptions';
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.timeoutMs = timeoutMs === undefined ? undefined : wholeTimeoutMs(timeoutMs);
    this.signal = signal;
  }
}

/**
 * Options for one ask: `timeoutMs`, its deadline in milliseconds from now (0 = none; see
 * `askTimeoutMs` for how exact it is), and `signal`, which cancels: the call fails at once with
 * `CANCELLED`, a call that has not begun does not run, and the signal of a handler that has begun
 * aborts (`currentCall().signal`). One signal may serve any number of calls.
 */
export function callOptions(options: {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}): CallOptions {
  const { timeoutMs, signal } = options;
  if (timeoutMs !== undefined) checkDurationMs('timeoutMs', timeoutMs);
  // Often the controller is given, whose signal was meant.
  if (signal !== undefined && typeof signal?.aborted !== 'boolean') {
    throw new RpcError('INVALID_ARGUMENT', 'signal must be an AbortSignal (controller.signal)');
  }
  return new CallOptions(timeoutMs, signal);
}
