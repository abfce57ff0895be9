import type { ActorThread } from '../actor/actor-thread.js';
import type { Cancellable } from '../actor/cancels.js';
import { FLAG_CANCELLABLE } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { type CallFacts, cancelled, type HandlerCall } from './current-call.js';

/** An ask whose handler answered a promise; a tell, when that handler asked for its call. */
export class OpenCall implements Cancellable {
  /** 0: a tell, which nobody is answered. */
  readonly call: number;
  readonly method: string;
  /** Undefined: the caller is on this thread. */
  readonly replyTo: CallOutlet | undefined;
  /** What the handler holds of it, if it asked. */
  readonly asked: HandlerCall | undefined;
  /** The promise has called back; whatever it says after that is ignored. */
  isSettled = false;
  readonly #calls: OpenCalls;

  constructor(calls: OpenCalls, parts: Pick<OpenCall, 'call' | 'method' | 'replyTo' | 'asked'>) {
    this.#calls = calls;
    this.call = parts.call;
    this.method = parts.method;
    this.replyTo = parts.replyTo;
    this.asked = parts.asked;
  }

  onCancel(): void {
    this.#calls.cancel(this);
  }

  onCallerLost(error: RpcError): void {
    if (this.#calls.take(this)) this.asked?.abort(error);
  }
}

/** The calls of one endpoint that are under way: begun, not over, one answer for each ask. */
export class OpenCalls {
  readonly #thread: ActorThread;
  readonly #endpointId: string;
  /** Made for the first one: most handlers answer at once. */
  #open: Set<OpenCall> | undefined;

  constructor(thread: ActorThread, endpointId: string) {
    this.#thread = thread;
    this.#endpointId = endpointId;
  }

  /** Hears of its caller's end from now on if the caller may cancel, or if the handler asked. */
  add(open: OpenCall, { flags }: CallFacts): void {
    this.#open ??= new Set();
    this.#open.add(open);
    if (open.call === 0) return;
    const isCancellable = (flags & FLAG_CANCELLABLE) !== 0;
    if (!isCancellable && open.asked === undefined) return;
    this.#thread.cancels.add(open.replyTo, open.call, open);
  }

  /** The call is over, and may be answered now; false when it has been. */
  take(open: OpenCall): boolean {
    if (this.#open?.delete(open) !== true) return false;
    this.#thread.cancels.remove(open.replyTo, open.call);
    return true;
  }

  /** Aborts the handler's signal and answers at once: the caller's slot waits for that. */
  cancel(open: OpenCall): void {
    if (!this.take(open)) return;
    open.asked?.abort(cancelled());
    const error = new RpcError('CANCELLED', `${this.#endpointId}.${open.method} was cancelled`);
    // A caller on this thread has failed its promise itself.
    if (open.replyTo) this.#thread.replies.failure(open.replyTo, open.call, error, {});
  }

  /** The endpoint is gone: what its handlers promised will not come. */
  failAll(): void {
    for (const open of this.#open ?? []) {
      const text = `${this.#endpointId} terminated while ${open.method} was under way`;
      const error = new RpcError('RECIPIENT_UNREACHABLE', text, { effect: 'unknown' });
      this.take(open);
      open.asked?.abort(error);
      if (open.call === 0) continue;
      if (open.replyTo === undefined) this.#thread.pending.reject(open.call, error);
      else this.#thread.replies.failure(open.replyTo, open.call, error, {});
    }
  }
}
