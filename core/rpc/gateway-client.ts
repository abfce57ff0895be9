import { InvocationStamp, type TokenWords } from '../codec/stamps.js';
import type { ActorThread } from '../actor/actor-thread.js';
import type { CellAddress } from '../actor/cell.js';
import type { CallContext } from '../actor/pending-calls.js';
import { type Address, formatAddress } from '../base/address.js';
import { LIMITS } from '../config/limits.js';
import { checkDurationMs } from '../config/options.js';
import type { Effect, ErrorCode } from '../errors/error-codes.js';
import { isRpcError, RpcError } from '../errors/rpc-error.js';
import { type CurrentToken, tokenWords } from './fencing.js';
import {
  CallOptions,
  type GatewayContract,
  type MethodDescriptor,
  wholeTimeoutMs,
} from './gateway.js';
import type { ConnectOptions } from './rpc-service.js';

/** Where a gateway leads, as found by the handshake. */
export interface GatewayTarget extends CellAddress {
  readonly address: string;
  readonly hostname: string;
  readonly contract: GatewayContract;
  /** For each method of the contract, its index in the endpoint's method table. */
  readonly methods: readonly number[];
  readonly token: TokenWords | undefined;
  /** A self gateway's calls carry the token that the endpoint has when they are made. */
  readonly follows?: CurrentToken | undefined;
  /** Deadline of asks that say nothing else. */
  readonly timeoutMs: number;
  /** Longest record that the way to it takes, when the first lane of it takes longer ones. */
  readonly recordLimitBytes?: number;
}

/** What a gateway to an endpoint of this service is made of. */
type LocalTargetParts = Omit<GatewayTarget, 'address' | 'hostname' | 'recordLimitBytes'> & {
  /** How other processes reach this service. */
  readonly base: Omit<Address, 'path'>;
  readonly path: string;
};

/** Where a gateway inside this service leads: its address is only put together for who reads it. */
export class LocalTarget implements GatewayTarget {
  readonly recipient: number;
  readonly incarnation: number;
  readonly contract: GatewayContract;
  readonly methods: readonly number[];
  readonly token: TokenWords | undefined;
  readonly follows: CurrentToken | undefined;
  readonly timeoutMs: number;
  readonly #base: Omit<Address, 'path'>;
  readonly #path: string;

  constructor(parts: LocalTargetParts) {
    this.recipient = parts.recipient;
    this.incarnation = parts.incarnation;
    this.contract = parts.contract;
    this.methods = shared(parts.methods, parts.contract);
    this.token = parts.token;
    this.follows = parts.follows;
    this.timeoutMs = parts.timeoutMs;
    this.#base = parts.base;
    this.#path = parts.path;
  }

  get address(): string {
    return formatAddress({ ...this.#base, path: this.#path });
  }

  get hostname(): string {
    return this.#base.host || 'localhost';
  }
}

/** For each contract, the methods of the endpoint that was connected to last: most are alike. */
const lastMethods = new WeakMap<GatewayContract, readonly number[]>();

function shared(methods: readonly number[], contract: GatewayContract): readonly number[] {
  const last = lastMethods.get(contract);
  if (last?.length === methods.length && last.every((index, i) => index === methods[i]))
    return last;
  lastMethods.set(contract, methods);
  return methods;
}

/** What the calls of a gateway carry that was connected with these options. */
export function callsOf(
  options: ConnectOptions,
  askTimeoutMs: number,
): Pick<GatewayTarget, 'token' | 'timeoutMs'> {
  const { fencingToken, timeoutMs = askTimeoutMs } = options;
  checkDurationMs('timeoutMs', timeoutMs);
  const token = fencingToken === undefined ? undefined : tokenWords(fencingToken);
  return { token, timeoutMs };
}

/** Sends the calls of one gateway: over a lane or connection, or within the thread. */
export interface GatewayClient {
  /** All calls with one peer fail together when it is lost. */
  readonly peer: object;
  /** True within the thread: arguments are not copied on the way. */
  readonly isByReference: boolean;
  askOne(method: BoundMethod, argument: unknown): Promise<unknown>;
  ask(method: BoundMethod, args: unknown[]): Promise<unknown>;
  tellOne(method: BoundMethod, argument: unknown): void;
  tell(method: BoundMethod, args: unknown[]): void;
  /** True while an ask has not left this thread: then it surely has no effect. */
  isWaiting(call: number): boolean;
  /** Resolves when the way to the endpoint has room again. */
  ready(): Promise<void>;
}

/**
 * One method of one gateway: a stamp with its deadline and the words of its errors. It is one
 * object, because a call through a gateway that was not used for a while waits for memory.
 */
export class BoundMethod extends InvocationStamp implements CallContext {
  readonly timeoutMs: number;
  readonly name: string;
  readonly target: GatewayTarget;
  readonly #client: GatewayClient;

  constructor(target: GatewayTarget, descriptor: MethodDescriptor, client: GatewayClient) {
    const { recipient, incarnation, token } = target;
    const method = target.methods[target.contract.methods.indexOf(descriptor)]!;
    super({ recipient, incarnation, method, token });
    this.timeoutMs = wholeTimeoutMs(descriptor.timeoutMs ?? target.timeoutMs);
    this.name = descriptor.name;
    this.target = target;
    this.#client = client;
  }

  get peer(): object {
    return this.#client.peer;
  }

  /** Takes the token that the endpoint has now. */
  follow(current: CurrentToken): void {
    this.token = current.words;
  }

  error(code: ErrorCode, text: string, effect: Effect, cause?: unknown): RpcError {
    const { contract, address } = this.target;
    const message = `${contract.name}.${this.name} at ${address}: ${text}`;
    return new RpcError(code, message, { effect, method: this.name, address, cause });
  }

  /** Adds whom and what was called to an error that encoding threw; the call never left. */
  adopt(thrown: unknown): RpcError {
    if (!isRpcError(thrown)) {
      return this.error('NOT_SERIALIZABLE', 'the arguments cannot travel', 'none', thrown);
    }
    const { contract, address } = this.target;
    const text = thrown.message.replace(`${thrown.code}: `, '');
    return new RpcError(thrown.code, `${contract.name}.${this.name} at ${address}: ${text}`, {
      effect: 'none',
      method: this.name,
      address,
      cause: thrown.cause,
      ...(thrown.limit === undefined ? {} : { limit: thrown.limit }),
      ...(thrown.actual === undefined ? {} : { actual: thrown.actual }),
    });
  }

  isWaiting(call: number): boolean {
    return this.#client.isWaiting(call);
  }

  timeoutError(timeoutMs: number, site: Error | undefined, whyUnrun: string | undefined): RpcError {
    const where = whyUnrun === undefined ? '' : `; ${whyUnrun}`;
    const causes = 'the endpoint is slow, blocked or waits for another; or timeoutMs is too small';
    const hint = site ? '' : ' (set captureAskCallStack to true to see where it was called)';
    const text = `no answer within ${timeoutMs} ms${where}. Usual causes: ${causes}${hint}`;
    const error = this.error('TIMEOUT', text, whyUnrun === undefined ? 'unknown' : 'none');
    const { address } = this.target;
    const frames = site?.stack?.slice(site.stack.indexOf('\n'));
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
    return Object.assign(error, { limit: timeoutMs, endpoint: address.split('/').at(-1) });
  }
}

/** The count of arguments has 8 bits in a record; throws `INVALID_ARGUMENT`. */
export function checkArgumentCount(args: readonly unknown[]): void {
  const { argumentsPerCall: limit } = LIMITS;
  const actual = args.length;
  if (actual <= limit) return;
  throw new RpcError('INVALID_ARGUMENT', `${actual} arguments, the limit is ${limit}`, {
    limit,
    actual,
  });
}

/** Takes the call options off the end of an argument list. */
export function takeOptions(args: unknown[]): CallOptions | undefined {
  const last = args[args.length - 1];
  if (!(last instanceof CallOptions)) return undefined;
  args.length--;
  return last;
}

/** What waits for a signal: many calls may share one, which then has one listener of ours. */
const waitingFor = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs `onAbort` when the signal of an open call aborts before the call has ended; at once when it
 * aborted while the arguments were read, because it tells of that only once.
 */
export function cancelOnAbort(
  thread: ActorThread,
  call: number,
  signal: AbortSignal,
  onAbort: () => void,
): void {
  const waiting = waitingFor.get(signal) ?? listenTo(signal);
  waiting.add(onAbort);
  thread.pending.onEnd(call, () => waiting.delete(onAbort));
  if (signal.aborted) onAbort();
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  waitingFor.set(signal, waiting);
  const abortAll = (): void => {
    for (const onAbort of waiting) onAbort();
  };
  signal.addEventListener('abort', abortAll, { once: true });
  return waiting;
}
