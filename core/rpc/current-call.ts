import type { ActorThread } from '../actor/actor-thread.js';
import type { TimerHandle } from '../base/clock.js';
import { FLAG_CANCELLABLE, FLAG_FOREIGN } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { turnOwner } from './main-thread.js';

/** Who made a call. */
export interface CallSender {
  /** The thread of this service that it came from: a worker by number from 0, or `home`. */
  readonly thread: number | 'home';
  /** True when another service made it: the thread is then the one that reads the connection. */
  readonly isRemote: boolean;
}

/** The call that a handler serves, as {@link currentCall} answers it. */
export interface CurrentCall {
  /**
   * Aborts when nobody waits for the answer any more: the caller cancelled (`CANCELLED`), the
   * deadline passed (`TIMEOUT`), the caller's thread or process is lost, or the endpoint
   * terminated while the call was under way. The reason is an `RpcError`. Made when first read.
   */
  readonly signal: AbortSignal;
  /** Milliseconds left until the deadline, 0 or less when it has passed; Infinity: it has none. */
  readonly deadlineMs: number;
  readonly sender: CallSender;
  /**
   * True when nobody waits for the answer any more. It looks at shared memory, so a handler that
   * is blocked in synchronous code can poll it while the caller's thread cancels.
   */
  isCancelled(): boolean;
}

/** What the records of all ways have in common. */
export interface CallFacts {
  /** 0 for a tell. */
  readonly call: number;
  readonly deadline: number;
  readonly flags: number;
}

/** A call as its handler sees it; made only for handlers that ask. */
export class HandlerCall implements CurrentCall {
  readonly sender: CallSender;
  readonly #thread: ActorThread;
  readonly #call: number;
  readonly #deadline: number;
  /** Undefined when the caller's cancel bit need not be looked at. */
  readonly #cancellable: CallOutlet | undefined;
  #controller: AbortController | undefined;
  #timer: TimerHandle | undefined;
  #reason: RpcError | undefined;
  #isOver = false;

  constructor(thread: ActorThread, facts: CallFacts, caller: CallOutlet | undefined) {
    this.#thread = thread;
    this.#call = facts.call;
    this.#deadline = facts.deadline;
    this.#cancellable = (facts.flags & FLAG_CANCELLABLE) === 0 ? undefined : caller;
    const from = caller === undefined ? thread.thread : caller.thread;
    const isForeign = (facts.flags & FLAG_FOREIGN) !== 0;
    this.sender = {
      thread: from === 0 ? 'home' : from - 1,
      isRemote: isForeign || (caller?.isRemote ?? false),
    };
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.isCancelled()) this.#controller.abort(this.#reason);
      else if (!this.#isOver && this.#deadline !== 0) this.#watchDeadline();
    }
    return this.#controller.signal;
  }

  get deadlineMs(): number {
    return this.#deadline === 0
      ? Number.POSITIVE_INFINITY
      : this.#thread.timeLeftMs(this.#deadline);
  }

  isCancelled(): boolean {
    if (this.#reason !== undefined || this.#isOver) return this.#reason !== undefined;
    if (this.#cancellable?.isCancelled(this.#call)) this.abort(cancelled());
    else if (this.deadlineMs <= 0) this.abort(deadlinePassed());
    return this.#reason !== undefined;
  }

  /** Nobody waits any more, because of `reason`; nothing happens when the call is over. */
  abort(reason: RpcError): void {
    if (this.#isOver || this.#reason !== undefined) return;
    this.#reason = reason;
    this.#timer?.cancel();
    this.#controller?.abort(reason);
  }

  /** The call is answered: its signal will not abort any more. */
  finish(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #watchDeadline(): void {
    const onDue = (): void => this.abort(deadlinePassed());
    this.#timer = this.#thread.clock.schedule(onDue, this.deadlineMs, { ref: false });
  }
}

/** Why the signal of a cancelled call aborts. */
export function cancelled(): RpcError {
  return new RpcError('CANCELLED', 'the caller cancelled the call');
}

function deadlinePassed(): RpcError {
  return new RpcError('TIMEOUT', 'the deadline of the call passed while its handler ran');
}

/** Who serves calls. */
export interface CallOwner {
  readonly thread: ActorThread;
}

/**
 * The call whose handler has its turn on this thread: there is one at a time. Overwritten call by
 * call, so that a handler that never asks pays for a few stores and nothing is allocated.
 */
export class CallTurn {
  #owner: CallOwner | undefined;
  #facts: CallFacts | undefined;
  #caller: CallOutlet | undefined;
  #asked: HandlerCall | undefined;

  /** Before a handler of `owner` runs; `facts` must not change until {@link end}. */
  begin(owner: CallOwner, facts: CallFacts, caller: CallOutlet | undefined): void {
    this.#owner = owner;
    this.#facts = facts;
    this.#caller = caller;
  }

  /** After it; answers what the handler was given, if it asked. */
  end(): HandlerCall | undefined {
    const asked = this.#asked;
    this.#facts = undefined;
    if (asked !== undefined) this.#asked = undefined;
    return asked;
  }

  /** Between calls: lets go of the last one, and so of its service. */
  forget(): void {
    if (this.#facts !== undefined) return;
    this.#owner = undefined;
    this.#caller = undefined;
  }

  /** The bytes of the call are given back while its handler runs: keeps what is known of it. */
  keep(): void {
    if (this.#facts === undefined) return;
    const { call, deadline, flags } = this.#facts;
    this.#facts = { call, deadline, flags };
  }

  /** The call of the turn that is not ended. */
  get facts(): CallFacts {
    return this.#facts!;
  }

  /** Undefined in a turn without a call, also in one inside the turn of a call of somebody else. */
  get current(): HandlerCall | undefined {
    const owner = this.#owner;
    if (owner === undefined || this.#facts === undefined || owner !== turnOwner()) return undefined;
    this.#asked ??= new HandlerCall(owner.thread, this.#facts, this.#caller);
    return this.#asked;
  }
}

/** Of this thread. */
export const callTurn = new CallTurn();

/**
 * The call that the running handler serves: its signal, deadline and sender. Valid in the
 * synchronous turn of a handler, before its first `await`; keep the object to use it later.
 * Elsewhere it fails with `INVALID_STATE`.
 */
export function currentCall(): CurrentCall {
  const { current } = callTurn;
  if (current !== undefined) return current;
  throw new RpcError(
    'INVALID_STATE',
    'currentCall() works in the synchronous turn of a handler: call it before the first await, ' +
      'and not in runAsync, timers or onStart',
  );
}
