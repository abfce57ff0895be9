import type { ActorThread } from '../actor/actor-thread.js';
import type { Cancellable } from '../actor/cancels.js';
import { copyValues } from '../actor/payloads.js';
import { unmarkAll } from '../codec/moved.js';
import { tooManyPendingAsks } from '../actor/pending-calls.js';
import { FLAG_CANCELLABLE, type TokenWords } from '../codec/stamps.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { LocalTask } from '../mailbox/local-queue.js';
import {
  type BoundMethod,
  cancelOnAbort,
  checkArgumentCount,
  type GatewayClient,
  takeOptions,
} from './gateway-client.js';
import { type LocalInvocation, RpcCell } from './rpc-cell.js';

/** A call waiting for its turn on this thread. */
class LocalCall implements LocalTask, LocalInvocation, Cancellable {
  readonly method: number;
  readonly token: TokenWords | undefined;
  readonly call: number;
  readonly args: unknown[];
  readonly deadline: number;
  readonly flags: number;
  hasBegun = false;
  #isCancelled = false;
  readonly #thread: ActorThread;
  readonly #bound: BoundMethod;

  constructor(thread: ActorThread, bound: BoundMethod, args: unknown[], ask: LocalAsk) {
    this.#thread = thread;
    this.#bound = bound;
    this.method = bound.index;
    this.token = bound.token;
    this.call = ask.call;
    this.deadline = ask.deadline;
    this.flags = ask.flags;
    this.args = args;
    if (ask.flags !== 0) thread.cancels.add(undefined, ask.call, this);
  }

  onCancel(): void {
    this.#isCancelled = true;
  }

  begin(): boolean {
    this.hasBegun = !this.#isCancelled;
    return this.hasBegun;
  }

  onCallerLost(): void {}

  run(): void {
    const { recipient, incarnation } = this.#bound.target;
    const cell = this.#thread.cells.find(recipient, incarnation);
    if (cell instanceof RpcCell) return cell.onLocalInvocation(this);
    const error = this.#bound.error('RECIPIENT_UNREACHABLE', 'the endpoint is gone', 'none');
    if (this.call !== 0) this.#thread.pending.reject(this.call, error);
    else this.#thread.deadLetters.add({ reason: 'unreachable', path: this.#bound.target.address });
  }
}

interface LocalAsk {
  readonly call: number;
  readonly deadline: number;
  readonly flags: number;
}

const TELL: LocalAsk = { call: 0, deadline: 0, flags: 0 };

/**
 * Calls within the thread: no encoding, arguments by reference (as in Flink), but through the
 * mailbox all the same: never re-entrant, same order, same errors.
 */
export class LocalClient implements GatewayClient {
  readonly isByReference = true;
  readonly #thread: ActorThread;

  constructor(thread: ActorThread) {
    this.#thread = thread;
  }

  get peer(): object {
    return this;
  }

  /** Its queue is the mailbox itself. */
  isWaiting(): boolean {
    return false;
  }

  askOne(method: BoundMethod, argument: unknown): Promise<unknown> {
    return this.ask(method, [argument]);
  }

  ask(method: BoundMethod, args: unknown[]): Promise<unknown> {
    const options = takeOptions(args);
    const signal = options?.signal;
    if (signal?.aborted) {
      const error = method.error('CANCELLED', 'the signal was aborted', 'none', signal.reason);
      return Promise.reject(error);
    }
    const timeoutMs = options?.timeoutMs ?? method.timeoutMs;
    const thread = this.#thread;
    const deadline = timeoutMs === 0 ? 0 : thread.deadlineAfter(timeoutMs);
    const call = thread.pending.open(method, deadline, timeoutMs);
    if (call === 0) return Promise.reject(tooManyPendingAsks(thread.settings.maxPendingAsks));
    const error = this.#post(method, args, {
      call,
      deadline,
      flags: signal ? FLAG_CANCELLABLE : 0,
    });
    if (error) {
      thread.pending.close(call);
      return Promise.reject(error);
    }
    const promise = thread.pending.promise(call);
    const site = thread.captureSite();
    if (site) thread.pending.rememberSite(call, site);
    if (signal) {
      thread.pending.onEnd(call, () => thread.cancels.remove(undefined, call));
      cancelOnAbort(thread, call, signal, () => this.#cancel(method, call, signal));
    }
    return promise;
  }

  tellOne(method: BoundMethod, argument: unknown): void {
    this.tell(method, [argument]);
  }

  tell(method: BoundMethod, args: unknown[]): void {
    const error = this.#post(method, args, TELL);
    if (error) throw error;
  }

  ready(): Promise<void> {
    return this.#thread.mailbox.whenLocalRoom();
  }

  #cancel(method: BoundMethod, call: number, signal: AbortSignal): void {
    const { cancels, pending } = this.#thread;
    const found = cancels.cancel(undefined, call);
    const effect = found instanceof LocalCall && !found.hasBegun ? 'none' : 'unknown';
    pending.reject(call, method.error('CANCELLED', 'the signal aborted', effect, signal.reason));
  }

  #post(method: BoundMethod, args: unknown[], ask: LocalAsk): RpcError | undefined {
    const { settings, mailbox, encoder, decoder } = this.#thread;
    if (mailbox.isClosed) return method.error('SERVICE_CLOSED', 'its service is closed', 'none');
    if (mailbox.localSize >= settings.backlogLimit) {
      const text = `${mailbox.localSize} messages wait on this thread (option backlogLimit)`;
      return method.error('MAILBOX_FULL', `${text}; await ready(gateway)`, 'none');
    }
    try {
      checkArgumentCount(args);
      const values = settings.isolateLocalCalls
        ? copyValues(encoder, decoder, args, 'arguments')
        : args;
      unmarkAll(args);
      mailbox.post(new LocalCall(this.#thread, method, values, ask));
      return undefined;
    } catch (error) {
      return method.adopt(error);
    }
  }
}
