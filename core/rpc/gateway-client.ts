import { InvocationStamp, type TokenWords } from '../codec/stamps.js';
import type { ActorThread } from '../actor/actor-thread.js';
import type { CellAddress } from '../actor/cell.js';
import type { CallContext } from '../actor/pending-calls.js';
import { LIMITS } from '../config/limits.js';
import type { Effect, ErrorCode } from '../errors/error-codes.js';
import { isRpcError, RpcError } from '../errors/rpc-error.js';
import type { CurrentToken } from './fencing.js';
import {
  CallOptions,
  type GatewayContract,
  type MethodDescriptor,
  wholeTimeoutMs,
} from './gateway.js';

/** Where a gateway leads, as found by the handshake. */
export interface GatewayTarget extends CellAddress {
  readonly address: string;
  readonly hostname: string;
  readonly contract: GatewayContract;
  /** For each method of the contract, its index in the endpoint's method table. */
  readonly methods: readonly number[];
  readonly token: TokenWords | undefined;
  /** A self gateway's calls carry the token that the endpoint has when they are made. */
  readonly follows?: CurrentToken;
  /** Deadline of asks that say nothing else. */
  readonly timeoutMs: number;
}

/** One method of one gateway: its stamp, its deadline, and the words of its errors. */
export class BoundMethod implements CallContext {
  readonly name: string;
  readonly index: number;
  readonly stamp: InvocationStamp;
  readonly timeoutMs: number;
  readonly peer: object;
  readonly target: GatewayTarget;
  /** What calls carry now. */
  token: TokenWords | undefined;

  constructor(target: GatewayTarget, descriptor: MethodDescriptor, index: number, peer: object) {
    this.target = target;
    this.name = descriptor.name;
    this.index = index;
    this.peer = peer;
    this.timeoutMs = wholeTimeoutMs(descriptor.timeoutMs ?? target.timeoutMs);
    const { recipient, incarnation, token } = target;
    this.token = token;
    this.stamp = new InvocationStamp({ recipient, incarnation, method: index, token });
  }

  /** Takes the token that the endpoint has now. */
  follow(current: CurrentToken): void {
    const token = current.words;
    if (token === this.token) return;
    this.token = token;
    this.stamp.setToken(token);
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

  timeoutError(timeoutMs: number, site: Error | undefined): RpcError {
    const causes = 'the endpoint is slow, blocked or waits for another; or timeoutMs is too small';
    const hint = site ? '' : ' (set captureAskCallStack to true to see where it was called)';
    const text = `no answer within ${timeoutMs} ms. Usual causes: ${causes}${hint}`;
    const error = this.error('TIMEOUT', text, 'unknown');
    const { address } = this.target;
    const frames = site?.stack?.slice(site.stack.indexOf('\n'));
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
    return Object.assign(error, { limit: timeoutMs, endpoint: address.split('/').at(-1) });
  }
}

/** Sends the calls of one gateway: over a lane or connection, or within the thread. */
export interface GatewayClient {
  askOne(method: BoundMethod, argument: unknown): Promise<unknown>;
  ask(method: BoundMethod, args: unknown[]): Promise<unknown>;
  tellOne(method: BoundMethod, argument: unknown): void;
  tell(method: BoundMethod, args: unknown[]): void;
  /** Resolves when the way to the endpoint has room again. */
  ready(): Promise<void>;
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

/** Ties an open call to an `AbortSignal`: aborting fails it at once. */
export function cancelOnAbort(
  thread: ActorThread,
  method: BoundMethod,
  call: number,
  signal: AbortSignal,
): void {
  const onAbort = (): void => {
    const error = method.error('CANCELLED', 'the signal aborted', 'unknown', signal.reason);
    thread.pending.reject(call, error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  thread.pending.onEnd(call, () => signal.removeEventListener('abort', onAbort));
}
