import type { ActorThread } from '../actor/actor-thread.js';
import type { Cell, CellAddress } from '../actor/cell.js';
import { type BesideSource, copyValues, discardPayload, startPayload } from '../actor/payloads.js';
import { isThenable } from '../base/deferred.js';
import type { InvocationEnvelope } from '../codec/envelope.js';
import type { TokenWords } from '../codec/stamps.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeThrown, isRpcError, RpcError, toRpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { publish } from '../metrics/channels.js';
import { EndpointLife } from './endpoint-life.js';
import { type Fence, tokenOf } from './fencing.js';
import { enterTurn, leaveTurn, type MainThreadTask } from './main-thread.js';
import type { EndpointMethods, Handler } from './method-table.js';
import type { RpcEndpoint } from './endpoint.js';

/** An ask whose handler answered a promise. */
interface OpenCall {
  readonly call: number;
  readonly method: string;
  /** Undefined: the caller is on this thread. */
  readonly replyTo: CallOutlet | undefined;
}

/** A call within the thread: arguments by reference. */
export interface LocalInvocation {
  readonly call: number;
  readonly method: number;
  readonly args: unknown[];
  readonly deadline: number;
  readonly token: TokenWords | undefined;
}

/** What a cell is made of. */
export interface RpcCellParts {
  readonly thread: ActorThread;
  readonly endpointId: string;
  readonly path: string;
  readonly endpoint: RpcEndpoint;
  readonly methods: EndpointMethods;
  /** Undefined: the endpoint is not fenced. */
  readonly fence: Fence | undefined;
  /** False for the engine's own endpoints that other processes must not reach. */
  readonly isExported: boolean;
  /** The engine's own endpoint: its `RpcError`s are answers, not failures of a user's method. */
  readonly isSystem: boolean;
  readonly stopTimeoutMs: number;
}

/**
 * The actor behind an endpoint (Flink PekkoRpcActor, FencedPekkoRpcActor): judges each call by
 * state, fencing token and deadline at the moment it is processed, runs the method, answers.
 */
export class RpcCell implements Cell {
  readonly path: string;
  readonly isExported: boolean;
  readonly endpointId: string;
  readonly life: EndpointLife;
  readonly methods: EndpointMethods;
  readonly fence: Fence | undefined;
  address: CellAddress = { recipient: 0, incarnation: 0 };
  /**
   * Called before the termination future ends: frees slot and id, so that both can be used again.
   */
  onTerminated: () => Promise<void> | void = () => {};
  readonly #thread: ActorThread;
  readonly #endpoint: RpcEndpoint;
  readonly #isSystem: boolean;
  readonly #handlers: readonly Handler[];
  readonly #open = new Set<OpenCall>();

  constructor(parts: RpcCellParts) {
    this.path = parts.path;
    this.isExported = parts.isExported;
    this.endpointId = parts.endpointId;
    this.methods = parts.methods;
    this.fence = parts.fence;
    this.#isSystem = parts.isSystem;
    this.#thread = parts.thread;
    this.#endpoint = parts.endpoint;
    this.#handlers = parts.methods.handlersOf(parts.endpoint);
    this.life = new EndpointLife(parts, this, () => {
      this.#failOpenCalls();
      return this.onTerminated();
    });
  }

  onInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const call = envelope.call;
    const method = envelope.method;
    const handler = this.#handlers[method];
    if (!this.life.isServing || handler === undefined || !this.#mayRun(envelope)) {
      discardPayload(envelope, source);
      const token = envelope.isFenced ? tokenOf(envelope) : undefined;
      const refusal = this.#refusal(method, envelope.deadline, token);
      return this.#refuse(call, method, replyTo, refusal);
    }
    const decoder = this.#thread.decoder;
    startPayload(decoder, envelope, source);
    const endpoint = this.#endpoint;
    const outer = enterTurn(this);
    let result: unknown;
    try {
      switch (envelope.argumentCount) {
        case 0:
          result = handler.call(endpoint);
          break;
        case 1:
          result = handler.call(endpoint, decoder.next());
          break;
        case 2:
          result = handler.call(endpoint, decoder.next(), decoder.next());
          break;
        default:
          result = handler.apply(endpoint, this.#arguments(envelope.argumentCount));
      }
    } catch (thrown) {
      leaveTurn(outer);
      return this.#fail(call, method, replyTo, thrown);
    }
    leaveTurn(outer);
    this.#onResult(call, method, replyTo, result);
  }

  /** A call from the same thread, at its turn. */
  onLocalInvocation(invocation: LocalInvocation): void {
    const { call, method, args, deadline, token } = invocation;
    const handler = this.#handlers[method];
    const isDue = deadline !== 0 && this.#thread.timeLeftMs(deadline) <= 0;
    if (!this.life.isServing || handler === undefined || isDue || !this.#hasToken(token)) {
      return this.#refuse(call, method, undefined, this.#refusal(method, deadline, token));
    }
    const outer = enterTurn(this);
    let result: unknown;
    try {
      result = handler.apply(this.#endpoint, args);
    } catch (thrown) {
      leaveTurn(outer);
      return this.#fail(call, method, undefined, thrown);
    }
    leaveTurn(outer);
    this.#onResult(call, method, undefined, result);
  }

  /**
   * Runs a task of `runAsync` or a timer; its failure is logged and counted. `whyFenced`: its
   * leader session is over, so it does not run.
   */
  runTask(task: MainThreadTask, whyFenced: string | undefined): void {
    if (!this.life.acceptsTasks || whyFenced !== undefined) {
      return this.#refuseTask(task, whyFenced);
    }
    const outer = enterTurn(this);
    try {
      const result = task.run();
      // An async task fails by its promise, which nobody else looks at.
      if (isThenable(result)) {
        Promise.resolve(result).then(undefined, (error: unknown) =>
          this.#report('runAsync', error),
        );
      }
    } catch (error) {
      this.#report('runAsync', error);
    } finally {
      leaveTurn(outer);
    }
  }

  #refuseTask(task: MainThreadTask, whyFenced: string | undefined): void {
    const error = this.life.acceptsTasks
      ? this.#error('FENCING_TOKEN_MISMATCH', whyFenced ?? '')
      : this.#error(this.life.refusalCode, this.life.refusalText);
    if (task.onRefused) task.onRefused(error);
    else this.#bury('runAsync', error);
  }

  #arguments(count: number): unknown[] {
    const args: unknown[] = new Array(count);
    for (let i = 0; i < count; i++) args[i] = this.#thread.decoder.next();
    return args;
  }

  #mayRun(envelope: InvocationEnvelope): boolean {
    const deadline = envelope.deadline;
    if (deadline !== 0 && this.#thread.isPast(deadline)) return false;
    return this.fence === undefined || this.fence.admits(envelope);
  }

  #hasToken(token: TokenWords | undefined): boolean {
    return this.fence === undefined || this.fence.admitsToken(token);
  }

  /** Why a call does not run: state first, then fencing, then the rest. */
  #refusal(method: number, deadline: number, token: TokenWords | undefined): RpcError {
    if (!this.life.isServing) return this.#error(this.life.refusalCode, this.life.refusalText);
    if (!this.#hasToken(token)) {
      const { code, text } = this.fence!.refusal(token);
      return this.#error(code, text);
    }
    if (this.#handlers[method] === undefined) {
      return this.#error('UNKNOWN_METHOD', `there is no method number ${method}`);
    }
    const lateMs = -this.#thread.timeLeftMs(deadline);
    return this.#error('TIMEOUT', `its deadline passed ${lateMs} ms before the handler could run`);
  }

  #error(code: ErrorCode, text: string): RpcError {
    return new RpcError(code, `${this.endpointId}: ${text}`, {
      effect: 'none',
      endpoint: this.endpointId,
    });
  }

  #onResult(call: number, method: number, replyTo: CallOutlet | undefined, result: unknown): void {
    if (typeof result === 'object' && result !== null) {
      try {
        if (isThenable(result)) {
          return this.#onPromise({ call, method: this.#nameOf(method), replyTo }, method, result);
        }
      } catch (thrown) {
        // Looking at `then` ran the user's code once more.
        return this.#fail(call, method, replyTo, thrown);
      }
    }
    if (call !== 0) this.#answer(call, method, replyTo, result);
  }

  /** The handler goes on later; the next message is let in meanwhile (Flink's rule). */
  #onPromise(open: OpenCall, method: number, result: PromiseLike<unknown>): void {
    if (open.call !== 0) this.#open.add(open);
    this.#thread.mailbox.yieldSoon();
    // Promise.resolve tames foreign thenables: one completion, never a throw.
    Promise.resolve(result).then(
      (value) => {
        if (open.call !== 0 && this.#open.delete(open)) {
          this.#answer(open.call, method, open.replyTo, value);
        }
      },
      (thrown: unknown) => {
        if (open.call === 0 || this.#open.delete(open)) {
          this.#fail(open.call, method, open.replyTo, thrown);
        }
      },
    );
  }

  #answer(call: number, method: number, replyTo: CallOutlet | undefined, value: unknown): void {
    if (replyTo === undefined) {
      this.#answerHere(call, method, value);
    } else if (typeof value === 'number') {
      this.#thread.replies.number(replyTo, call, value);
    } else {
      const context = { method: this.#nameOf(method), endpoint: this.endpointId };
      this.#thread.replies.value(replyTo, call, value, context);
    }
  }

  /** The caller is on this thread: it gets the value itself, or a copy if the settings say so. */
  #answerHere(call: number, method: number, value: unknown): void {
    const thread = this.#thread;
    if (!thread.settings.isolateLocalCalls) return void thread.pending.resolve(call, value);
    try {
      const [copy] = copyValues(thread.encoder, thread.decoder, [value], 'result');
      thread.pending.resolve(call, copy);
    } catch (error) {
      const text = `the result of ${this.#nameOf(method)} cannot be copied`;
      thread.pending.reject(call, toRpcError(error, 'NOT_SERIALIZABLE', text));
    }
  }

  #fail(call: number, method: number, replyTo: CallOutlet | undefined, thrown: unknown): void {
    const name = this.#nameOf(method);
    if (call === 0) return this.#report(name, thrown);
    const error = this.#isSystem && isRpcError(thrown) ? thrown : this.#failure(name, thrown);
    if (replyTo === undefined) this.#thread.pending.reject(call, error);
    else this.#thread.replies.failure(replyTo, call, error, {});
  }

  #failure(method: string, thrown: unknown): RpcError {
    const text = `${this.endpointId}.${method} failed: ${describeThrown(thrown)}`;
    return new RpcError('HANDLER_FAILED', text, {
      cause: thrown,
      method,
      endpoint: this.endpointId,
    });
  }

  #refuse(call: number, method: number, replyTo: CallOutlet | undefined, error: RpcError): void {
    const { code } = error;
    if (code === 'TIMEOUT') this.#thread.counters.add('expiredCalls');
    else if (code.startsWith('FENCING')) this.#thread.counters.add('fencingRefusals');
    if (call === 0) return this.#bury(this.#nameOf(method), error);
    if (replyTo === undefined) this.#thread.pending.reject(call, error);
    else this.#thread.replies.failure(replyTo, call, error, {});
  }

  /** Nobody waits for it: it is counted, and whoever listens to dead letters sees it. */
  #bury(method: string, error: RpcError): void {
    const reason = error.code === 'ENDPOINT_NOT_STARTED' ? 'not started' : 'refused';
    this.#thread.deadLetters.add({ reason, path: this.path, method, error });
  }

  #report(method: string, error: unknown): void {
    const facts = { endpoint: this.endpointId, method, error };
    this.#thread.counters.add('failedTells');
    this.#thread.logger.error(facts, 'a call without a waiting caller failed');
    publish('handlerFailure', facts);
  }

  #nameOf(method: number): string {
    return this.methods.descriptors[method]?.name ?? `#${method}`;
  }

  /** The endpoint is gone: what its handlers promised will not come. */
  #failOpenCalls(): void {
    for (const open of this.#open) {
      const text = `${this.endpointId} terminated while ${open.method} was under way`;
      const error = new RpcError('RECIPIENT_UNREACHABLE', text, { effect: 'unknown' });
      if (open.replyTo === undefined) this.#thread.pending.reject(open.call, error);
      else this.#thread.replies.failure(open.replyTo, open.call, error, {});
    }
    this.#open.clear();
  }
}
