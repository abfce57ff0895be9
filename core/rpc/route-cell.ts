import type { ActorThread } from '../actor/actor-thread.js';
import type { Cell, CellAddress } from '../actor/cell.js';
import { forwardInvocation } from '../actor/forward.js';
import { type BesideSource, discardPayload } from '../actor/payloads.js';
import type { InvocationEnvelope } from '../codec/envelope.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { CallRelay } from './call-relay.js';
import type { RemotePeer } from './remote-peer.js';

/**
 * Stands for an endpoint of another process: what it gets, it passes on over the connection. It is
 * one for all gateways of this process, until the last of them is gone.
 */
export class RouteCell implements Cell {
  readonly path = '/system/route';
  readonly isExported = false;
  readonly #thread: ActorThread;
  readonly #peer: RemotePeer;
  readonly #target: CellAddress;
  readonly #onUnused: () => void;
  readonly #at: CellAddress;
  #gateways = 0;

  constructor(thread: ActorThread, peer: RemotePeer, target: CellAddress, onUnused: () => void) {
    this.#thread = thread;
    this.#peer = peer;
    this.#target = target;
    this.#onUnused = onUnused;
    this.#at = thread.cells.add(this);
  }

  /** For one more gateway. */
  take(): CellAddress {
    this.#gateways++;
    return this.#at;
  }

  /** One of its gateways is gone. */
  giveBack(): void {
    if (--this.#gateways > 0) return;
    this.#onUnused();
    this.close();
  }

  close(): void {
    this.#thread.cells.remove(this.#at);
  }

  onInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const { outlet } = this.#peer;
    const asked = envelope.call;
    const deadline = envelope.deadline;
    const leftMs = deadline === 0 ? 0 : this.#thread.timeLeftMs(deadline);
    // It may have waited in the caller's backlog, and its caller knows already that it never runs.
    if (deadline !== 0 && leftMs <= 0) return this.#refuseLate(envelope, replyTo, source);
    const relay = new CallRelay(this.#thread, { replyTo, envelope, peer: outlet });
    const call = relay.open(deadline, leftMs);
    const { recipient, incarnation } = this.#target;
    const error =
      call === undefined
        ? new RpcError('MAILBOX_FULL', 'too many calls of this process wait for answers')
        : forwardInvocation(envelope, source, outlet, {
            call,
            recipient,
            incarnation,
            // Between processes a deadline is what is left of it.
            deadline: leftMs,
            flags: 0,
          });
    if (!error) return;
    if (call) this.#thread.pending.close(call);
    if (asked !== 0) this.#thread.replies.failure(replyTo, asked, error, {});
    else this.#thread.deadLetters.add({ reason: 'unreachable', path: this.path, error });
  }

  /** Resolves when the connection has room again, or is gone. */
  whenRoom(): Promise<void> {
    return this.#peer.outlet.whenRoom();
  }

  #refuseLate(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    discardPayload(envelope, source);
    this.#thread.counters.add('expiredCalls');
    const text = 'its deadline passed before it could leave this process';
    const error = new RpcError('TIMEOUT', text, { effect: 'none' });
    this.#thread.replies.failure(replyTo, envelope.call, error, {});
  }
}
