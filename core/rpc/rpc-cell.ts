import type { Cell, CellAddress } from '../actor/cell.js';
import { type BesideSource, discardPayload, startPayload } from '../actor/payloads.js';
import { isThenable } from '../base/deferred.js';
import type { InvocationEnvelope } from '../codec/envelope.js';
import { FLAG_CANCELLABLE, type TokenWords } from '../codec/stamps.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { CallAnswers, type CallAnswersParts } from './call-answers.js';
import { type CallFacts, type CallOwner, callTurn } from './current-call.js';
import type { RpcEndpoint } from './endpoint.js';
import { EndpointLife, type LifeOwner } from './endpoint-life.js';
import { type Fence, tokenOf } from './fencing.js';
import { enterTurn, leaveTurn, type MainThreadTask } from './main-thread.js';
import type { Handler } from './gateway.js';
import { OpenCall, OpenCalls } from './open-calls.js';
import { KeptInvocation, type KeptMessage, SerialQueue } from './serial-queue.js';

/** A call within the thread: arguments by reference. */
export interface LocalInvocation extends CallFacts {
  readonly method: number;
  readonly args: unknown[];
  readonly token: TokenWords | undefined;
  /** False when its caller gave up before its turn came. */
  begin(): boolean;
}

/** What a cell is made of. */
export interface RpcCellParts extends CallAnswersParts {
  readonly endpoint: RpcEndpoint;
  /** Undefined: the endpoint is not fenced. */
  readonly fence: Fence | undefined;
  /** False for the engine's own endpoints that other processes must not reach. */
  readonly isExported: boolean;
  /** The next message waits for the promise of the one before. */
  readonly isSerial: boolean;
  readonly context: CellContext;
}

/** What an endpoint has of its own beside its cell, and who is told of its turns. */
export interface CellContext {
  /** Drops every timer. */
  dropTimers(): void;
  /** Drops every timer for good. */
  closeTimers(): void;
  /**
   * The endpoint has ended, with this failure if it failed: fails what has no result yet, and frees
   * slot and id, so that both can be used again.
   */
  onEnded(cell: RpcCell, failure: unknown): Promise<void> | void;
}

/** In the place of a method's number: `runAsync` or a timer. */
const TASK = -1;

/**
 * The actor behind an endpoint (Flink PekkoRpcActor, FencedPekkoRpcActor): judges each call by
 * state, fencing token and deadline at the moment it is processed, runs the method, answers.
 */
export class RpcCell extends CallAnswers implements Cell, CellAddress, LifeOwner, CallOwner {
  isServing = false;
  readonly endpoint: RpcEndpoint;
  readonly #handlers: readonly Handler[];
  readonly #serial: SerialQueue | undefined;
  readonly fence: Fence | undefined;
  recipient = 0;
  incarnation = 0;
  readonly life: EndpointLife;
  /** Made for the first one: most handlers answer at once. */
  #open: OpenCalls | undefined;
  readonly isExported: boolean;
  readonly #context: CellContext;

  constructor(parts: RpcCellParts) {
    super(parts);
    this.endpoint = parts.endpoint;
    this.#handlers = parts.methods.handlersOf(parts.endpoint);
    this.#serial = parts.isSerial ? new SerialQueue(parts.thread) : undefined;
    this.fence = parts.fence;
    this.life = new EndpointLife(this);
    this.isExported = parts.isExported;
    this.#context = parts.context;
  }

  onPaused(): void {
    this.#context.dropTimers();
  }

  onResourcesClosed(): void {
    this.#context.closeTimers();
  }

  onEnded(failure: unknown): Promise<void> | void {
    this.#open?.failAll();
    this.#serial?.flush();
    return this.#context.onEnded(this, failure);
  }

  onInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    if (this.#serial?.mustWait) return this.#keepInvocation(envelope, replyTo, source);
    this.#run(envelope, replyTo, source);
  }

  /** A call from the same thread, at its turn. */
  onLocalInvocation(invocation: LocalInvocation): void {
    if (!this.#serial?.mustWait) return this.#runLocal(invocation);
    const { call, method } = invocation;
    const kept: KeptMessage = { bytes: 0, run: () => this.#runLocal(invocation) };
    const error = this.#serial.keep(kept);
    if (error) this.answerRefusal(call, method, undefined, this.#naming(error));
  }

  #run(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const call = envelope.call;
    const method = envelope.method;
    const handler = this.#handlers[method];
    if (!this.isServing || handler === undefined || !this.#mayRun(envelope, replyTo)) {
      discardPayload(envelope, source);
      const token = envelope.isFenced ? tokenOf(envelope) : undefined;
      const refusal = this.#refusal(method, envelope.deadline, token);
      return this.answerRefusal(call, method, replyTo, refusal);
    }
    const decoder = this.thread.decoder;
    startPayload(decoder, envelope, source);
    if (this.methods.lends && this.methods.descriptors[method]!.coding?.lends) decoder.lendBytes();
    const { endpoint } = this;
    this.thread.progress?.enter(this.recipient, method);
    const outer = enterTurn(this);
    callTurn.begin(this, envelope, replyTo);
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
      callTurn.end()?.finish();
      return this.answerFailure(call, method, replyTo, thrown);
    }
    leaveTurn(outer);
    this.#onResult(call, method, replyTo, result);
  }

  #runLocal(invocation: LocalInvocation): void {
    if (!invocation.begin()) return;
    const { call, method, args, deadline, token } = invocation;
    const handler = this.#handlers[method];
    const isDue = deadline !== 0 && this.thread.timeLeftMs(deadline) <= 0;
    if (!this.isServing || handler === undefined || isDue || !this.#hasToken(token)) {
      const refusal = this.#refusal(method, deadline, token);
      return this.answerRefusal(call, method, undefined, refusal);
    }
    this.thread.progress?.enter(this.recipient, method);
    const outer = enterTurn(this);
    callTurn.begin(this, invocation, undefined);
    let result: unknown;
    try {
      result = handler.apply(this.endpoint, args);
    } catch (thrown) {
      leaveTurn(outer);
      callTurn.end()?.finish();
      return this.answerFailure(call, method, undefined, thrown);
    }
    leaveTurn(outer);
    this.#onResult(call, method, undefined, result);
  }

  /**
   * Runs a task of `runAsync` or a timer; its failure is logged and counted. `whyFenced`: its
   * leader session is over, so it does not run.
   */
  runTask(task: MainThreadTask, whyFenced: string | undefined): void {
    if (!this.life.acceptsTasks) {
      const { refusalCode, refusalText } = this.life;
      return this.#refuseTask(task, this.#error(refusalCode, refusalText));
    }
    if (whyFenced !== undefined) {
      return this.#refuseTask(task, this.#error('FENCING_TOKEN_MISMATCH', whyFenced));
    }
    this.thread.progress?.enter(this.recipient, TASK);
    const outer = enterTurn(this);
    try {
      const result = task.run();
      // An async task fails by its promise, which nobody else looks at.
      if (isThenable(result)) this.#onTaskPromise(result);
    } catch (error) {
      this.report('runAsync', error);
    } finally {
      leaveTurn(outer);
    }
  }

  /** True when it is not to run now: a serial endpoint keeps `run` for later, or has no room. */
  keepTask(task: MainThreadTask, run: () => void): boolean {
    if (!this.#serial?.mustWait) return false;
    const error = this.#serial.keep({ bytes: 0, run });
    if (error) this.#refuseTask(task, this.#naming(error));
    return true;
  }

  #refuseTask(task: MainThreadTask, error: RpcError): void {
    if (task.onRefused) task.onRefused(error);
    else this.bury('runAsync', error);
  }

  #onTaskPromise(result: PromiseLike<unknown>): void {
    const promise = Promise.resolve(result);
    this.#serial?.hold();
    promise
      .then(undefined, (error: unknown) => this.report('runAsync', error))
      .then(
        () => this.#serial?.release(),
        () => this.#serial?.release(),
      );
  }

  #keepInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const { call, method } = envelope;
    const kept = new KeptInvocation(this.thread, this, envelope, { replyTo, source });
    const error = this.#serial!.keep(kept);
    if (error) this.answerRefusal(call, method, replyTo, this.#naming(error));
    else kept.listen();
  }

  /** The turn of a call that waited; how long is told by the clock, which nobody else may read. */
  runKept(kept: KeptInvocation): void {
    const { envelope } = this.#serial!;
    envelope.wrap(kept.source, kept.type, 0);
    const { call, method, deadline } = envelope;
    const isLate = deadline !== 0 && this.thread.timeLeftMs(deadline) <= 0;
    if (!isLate) return this.#run(envelope, kept.replyTo, kept.beside);
    const token = envelope.isFenced ? tokenOf(envelope) : undefined;
    const refusal = this.#refusal(method, deadline, token);
    this.answerRefusal(call, method, kept.replyTo, refusal);
  }

  cancelKept({ call, method, replyTo }: KeptInvocation): void {
    this.answerRefusal(call, method, replyTo, this.#cancelled());
  }

  #arguments(count: number): unknown[] {
    const args: unknown[] = new Array(count);
    for (let i = 0; i < count; i++) args[i] = this.thread.decoder.next();
    return args;
  }

  #mayRun(envelope: InvocationEnvelope, replyTo: CallOutlet): boolean {
    const deadline = envelope.deadline;
    if (deadline !== 0 && this.thread.isPast(deadline)) return false;
    const isCancellable = (envelope.flags & FLAG_CANCELLABLE) !== 0;
    if (isCancellable && replyTo.isCancelled(envelope.call)) return false;
    return this.fence === undefined || this.fence.admits(envelope);
  }

  #hasToken(token: TokenWords | undefined): boolean {
    return this.fence === undefined || this.fence.admitsToken(token);
  }

  /** Why a call does not run: state first, then fencing, then the rest. */
  #refusal(method: number, deadline: number, token: TokenWords | undefined): RpcError {
    if (!this.isServing) return this.#error(this.life.refusalCode, this.life.refusalText);
    if (!this.#hasToken(token)) {
      const { code, text } = this.fence!.refusal(token);
      return this.#error(code, text);
    }
    if (this.#handlers[method] === undefined) {
      return this.#error('UNKNOWN_METHOD', `there is no method number ${method}`);
    }
    const lateMs = deadline === 0 ? -1 : -this.thread.timeLeftMs(deadline);
    if (lateMs < 0) return this.#cancelled();
    return this.#error('TIMEOUT', `its deadline passed ${lateMs} ms before the handler could run`);
  }

  #cancelled(): RpcError {
    return this.#error('CANCELLED', 'the caller cancelled it before the handler could run');
  }

  #naming(error: RpcError): RpcError {
    const { endpointId: endpoint } = this;
    return Object.assign(error, { endpoint });
  }

  #error(code: ErrorCode, text: string): RpcError {
    return new RpcError(code, `${this.endpointId}: ${text}`, {
      effect: 'none',
      endpoint: this.endpointId,
    });
  }

  #onResult(call: number, method: number, replyTo: CallOutlet | undefined, result: unknown): void {
    if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
      try {
        if (isThenable(result)) return this.#onPromise(call, method, replyTo, result);
      } catch (thrown) {
        // Looking at `then` ran the user's code once more.
        callTurn.end()?.finish();
        return this.answerFailure(call, method, replyTo, thrown);
      }
    }
    callTurn.end()?.finish();
    if (call !== 0) this.answerValue(call, method, replyTo, result);
  }

  /** The handler goes on later; the next message is let in meanwhile (Flink's rule). */
  #onPromise(
    call: number,
    method: number,
    replyTo: CallOutlet | undefined,
    result: PromiseLike<unknown>,
  ): void {
    const { facts } = callTurn;
    const asked = callTurn.end();
    const calls = (this.#open ??= new OpenCalls(this.thread, this.endpointId));
    const open = new OpenCall(calls, {
      call,
      method: this.nameOf(method),
      replyTo,
      asked,
    });
    if (call !== 0 || asked !== undefined) calls.add(open, facts);
    this.#serial?.hold();
    this.thread.mailbox.yieldSoon();
    const settled = (): boolean => {
      if (open.isSettled) return false;
      open.isSettled = true;
      asked?.finish();
      this.#serial?.release();
      return calls.take(open) || call === 0;
    };
    const onThrown = (thrown: unknown): void => {
      if (settled()) this.answerFailure(call, method, replyTo, thrown);
    };
    try {
      // Promise.resolve tames foreign thenables, but not a native promise with a `then` of its own.
      Promise.resolve(result).then((value) => {
        if (settled() && call !== 0) this.answerValue(call, method, replyTo, value);
      }, onThrown);
    } catch (thrown) {
      onThrown(thrown);
    }
  }
}
