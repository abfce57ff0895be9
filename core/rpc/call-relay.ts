import type { ActorThread } from '../actor/actor-thread.js';
import { type Cancellable, sendCancel } from '../actor/cancels.js';
import { type BesideSource, payloadView } from '../actor/payloads.js';
import type { CallContext, Relay } from '../actor/pending-calls.js';
import { TICK_MS } from '../actor/deadline-wheel.js';
import type { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { FLAG_CANCELLABLE, STATUS_FAILURE } from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';

/** Whose call is passed on, and to whom. */
export interface CallRelayParts {
  readonly replyTo: CallOutlet;
  readonly envelope: InvocationEnvelope;
  /** The outlet that the answer comes through. */
  readonly peer: CallOutlet;
}

/** An ask that the home thread makes on behalf of another thread or process. */
export class CallRelay implements Relay, CallContext, Cancellable {
  readonly peer: CallOutlet;
  readonly asker: CallOutlet;
  readonly #thread: ActorThread;
  /** The asker's own call number; 0 for a tell. */
  readonly #call: number;
  readonly #isCancellable: boolean;
  /** Our number for the way on. */
  #onward = 0;

  constructor(thread: ActorThread, parts: CallRelayParts) {
    this.#thread = thread;
    this.asker = parts.replyTo;
    this.#call = parts.envelope.call;
    this.#isCancellable = (parts.envelope.flags & FLAG_CANCELLABLE) !== 0;
    this.peer = parts.peer;
  }

  /**
   * Takes a call number for the way on: 0 for a tell, none when too many calls wait. It outlives
   * the asker's deadline by a moment, so that the asker is the one who reports it.
   */
  open(deadline: number, timeoutMs: number): number | undefined {
    if (this.#call === 0) return 0;
    const spareMs = 4 * TICK_MS;
    const due = timeoutMs === 0 ? 0 : (deadline + spareMs) | 0;
    const call = this.#thread.pending.open(this, due, timeoutMs === 0 ? 0 : timeoutMs + spareMs);
    if (call === 0) return undefined;
    this.#thread.pending.relay(call, this);
    this.#onward = call;
    if (this.#isCancellable) this.#listen(call);
    return call;
  }

  /** Passed on like the call itself; the answer to it comes back as any other. */
  onCancel(): void {
    if (!this.#thread.pending.markCancelled(this.#onward)) return;
    sendCancel(this.peer, this.#onward);
  }

  /** Nobody is there to be answered, but the handler may still be spared the work. */
  onCallerLost(): void {
    this.onCancel();
  }

  /** As {@link onCallerLost}, for the many that no caller can cancel: nothing is kept for them. */
  onAskerLost(): void {
    if (!this.#isCancellable) sendCancel(this.peer, this.#onward);
  }

  onReply(reply: ReplyEnvelope, source: BesideSource): void {
    const payload = payloadView(reply, source);
    const isFailure = reply.status === STATUS_FAILURE;
    this.#thread.replies.raw(this.asker, this.#call, payload, isFailure);
  }

  onFailure(error: RpcError): void {
    this.#thread.replies.failure(this.asker, this.#call, error, {});
  }

  timeoutError(timeoutMs: number): RpcError {
    return new RpcError('TIMEOUT', `no answer within ${timeoutMs} ms`, { limit: timeoutMs });
  }

  #listen(call: number): void {
    const { cancels, pending } = this.#thread;
    cancels.add(this.asker, this.#call, this);
    pending.onEnd(call, () => cancels.remove(this.asker, this.#call));
  }
}
