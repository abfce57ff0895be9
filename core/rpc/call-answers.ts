import type { ActorThread } from '../actor/actor-thread.js';
import { copyValues } from '../actor/payloads.js';
import { RPC_PATH_PREFIX } from '../base/address.js';
import { unmark } from '../codec/moved.js';
import { describeThrown, isRpcError, RpcError, toRpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { publish } from '../metrics/channels.js';
import type { EndpointMethods } from './method-table.js';

/** Whose answers they are. */
export type CallAnswersParts = Pick<CallAnswers, 'thread' | 'methods' | 'endpointId' | 'isSystem'>;

/**
 * What the callers of one endpoint get: a value, a failure, a refusal. `replyTo` undefined means
 * that the caller is on this thread; call 0 is a tell, for which nobody waits. A base class, not a
 * part, because there are many endpoints.
 */
export abstract class CallAnswers {
  readonly thread: ActorThread;
  readonly methods: EndpointMethods;
  readonly endpointId: string;
  /** The engine's own endpoint: its `RpcError`s are answers, not failures of a user's method. */
  readonly isSystem: boolean;

  constructor({ thread, methods, endpointId, isSystem }: CallAnswersParts) {
    this.thread = thread;
    this.methods = methods;
    this.endpointId = endpointId;
    this.isSystem = isSystem;
  }

  get path(): string {
    return RPC_PATH_PREFIX + this.endpointId;
  }

  answerValue(call: number, method: number, replyTo: CallOutlet | undefined, value: unknown): void {
    if (call === 0) return;
    if (replyTo === undefined) {
      this.#valueHere(call, method, value);
    } else if (typeof value === 'number') {
      this.thread.replies.number(replyTo, call, value);
    } else {
      const context = { method: this.nameOf(method), endpoint: this.endpointId };
      this.thread.replies.value(replyTo, call, value, context);
    }
  }

  /** The handler threw or rejected. */
  answerFailure(
    call: number,
    method: number,
    replyTo: CallOutlet | undefined,
    thrown: unknown,
  ): void {
    const name = this.nameOf(method);
    if (call === 0) return this.report(name, thrown);
    const isAnswer = this.isSystem && isRpcError(thrown);
    this.#error(call, replyTo, isAnswer ? thrown : this.#handlerFailed(name, thrown));
  }

  /** The handler did not run. */
  answerRefusal(
    call: number,
    method: number,
    replyTo: CallOutlet | undefined,
    error: RpcError,
  ): void {
    const { code } = error;
    if (code === 'TIMEOUT') this.thread.counters.add('expiredCalls');
    else if (code.startsWith('FENCING')) this.thread.counters.add('fencingRefusals');
    if (call !== 0) return this.#error(call, replyTo, error);
    this.bury(this.nameOf(method), error);
  }

  /** Nobody waits for it: it is counted, and whoever listens to dead letters sees it. */
  bury(method: string, error: RpcError): void {
    const reason = error.code === 'ENDPOINT_NOT_STARTED' ? 'not started' : 'refused';
    this.thread.deadLetters.add({ reason, path: this.path, method, error });
  }

  /** A tell or a task failed: logged, counted, published on `ringlane:handler-failure`. */
  report(method: string, error: unknown): void {
    const facts = { endpoint: this.endpointId, method, error };
    this.thread.counters.add('failedTells');
    this.thread.logger.error(facts, 'a call without a waiting caller failed');
    publish('handlerFailure', facts);
  }

  nameOf(method: number): string {
    return this.methods.descriptors[method]?.name ?? `#${method}`;
  }

  /** The caller is on this thread: it gets the value itself, or a copy if the settings say so. */
  #valueHere(call: number, method: number, value: unknown): void {
    const { thread } = this;
    if (thread.settings.isolateLocalCalls) return this.#copyHere(call, method, value);
    if (typeof value === 'object' && value !== null) unmark(value);
    thread.pending.resolve(call, value);
  }

  #copyHere(call: number, method: number, value: unknown): void {
    const { thread } = this;
    try {
      const [copy] = copyValues(thread.encoder, thread.decoder, [value], 'result');
      thread.pending.resolve(call, copy);
    } catch (error) {
      const text = `the result of ${this.nameOf(method)} cannot be copied`;
      thread.pending.reject(call, toRpcError(error, 'NOT_SERIALIZABLE', text));
    }
  }

  #handlerFailed(method: string, thrown: unknown): RpcError {
    const { endpointId: endpoint } = this;
    const text = `${endpoint}.${method} failed: ${describeThrown(thrown)}`;
    return new RpcError('HANDLER_FAILED', text, { cause: thrown, method, endpoint });
  }

  #error(call: number, replyTo: CallOutlet | undefined, error: RpcError): void {
    if (replyTo === undefined) this.thread.pending.fail(call, error);
    else this.thread.replies.failure(replyTo, call, error, {});
  }
}
