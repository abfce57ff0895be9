import { threadOf } from '../actor/cell.js';
import { forwardInvocation } from '../actor/forward.js';
import { type BesideSource, nothingBeside, ownMemory } from '../actor/payloads.js';
import { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { type CheckedRecord, checkRecord } from '../codec/frame-check.js';
import { refuseForeign } from '../codec/foreign-objects.js';
import { callNumberOf } from '../codec/order-key.js';
import {
  cancelledCall,
  FLAG_FOREIGN,
  RECORD_CANCEL,
  RECORD_REPLY,
  STATUS_FAILURE,
} from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { RecordSource } from '../memory/lane-reader.js';
import type { Connection, ConnectionListener } from '../transport/connection.js';
import { peerLost } from '../transport/network-errors.js';
import { ConnectionOutlet } from './connection-outlet.js';
import { CallRelay } from './call-relay.js';
import { OutletClient } from './outlet-client.js';
import type { RpcThread } from './rpc-thread.js';
import { AGENT_SLOT } from './system-contracts.js';

/**
 * The other process at the end of one connection: takes its calls to endpoints here, and carries
 * ours to endpoints there.
 */
export class RemotePeer implements ConnectionListener {
  /** The second connection to the same process, once a control method was connected. */
  control: Promise<RemotePeer> | undefined;
  /** Under way: whether this connection is dead, though nobody said so. */
  examination: Promise<void> | undefined;
  readonly #rpcThread: RpcThread;
  readonly #invocation = new InvocationEnvelope();
  readonly #reply = new ReplyEnvelope();
  readonly #closeListeners = new Set<() => void>();
  #connection: Connection | undefined;
  #outlet: ConnectionOutlet | undefined;
  #client: OutletClient | undefined;
  #isPaused = false;
  /** Where the batch of calls at hand ends, in {@link receivedBytes}. */
  #pacedBytes = 0;

  /** A peer that we dial is attached once its handshake is over. */
  constructor(rpcThread: RpcThread, connection: Connection | undefined) {
    this.#rpcThread = rpcThread;
    if (connection) this.attach(connection);
  }

  attach(connection: Connection): void {
    if (this.#connection) return;
    this.#connection = connection;
    this.#outlet = new ConnectionOutlet(connection);
    this.#client = new OutletClient(this.#rpcThread.thread, this.#outlet);
  }

  /** Number of the run of the process there. */
  get incarnation(): number {
    return this.#connection!.peer.incarnation;
  }

  get outlet(): ConnectionOutlet {
    return this.#outlet!;
  }

  get client(): OutletClient {
    return this.#client!;
  }

  get isOpen(): boolean {
    return this.#outlet?.isOpen === true;
  }

  /** A mark for {@link isSilentSince}. */
  get receivedBytes(): number {
    return this.#connection!.receivedBytes;
  }

  /** True when nothing has come since that mark, and not because we do not read. */
  isSilentSince(receivedBytes: number): boolean {
    return this.isOpen && !this.#isPaused && this.receivedBytes === receivedBytes;
  }

  /** Ends a connection that is found dead: `PEER_LOST` for all that is under way. */
  lose(reason: string): void {
    const connection = this.#connection!;
    connection.destroy(peerLost(connection.remote, reason));
  }

  /** Runs `listener` when the connection is gone, at once when it is. */
  onClosed(listener: () => void): void {
    if (this.#outlet?.isOpen) this.#closeListeners.add(listener);
    else listener();
  }

  /** Resolves when the socket is gone, of a peer that is attached. */
  get gone(): Promise<void> {
    return this.#connection!.closed;
  }

  /** See {@link Connection.close}. */
  async close(): Promise<void> {
    await this.#connection?.close();
  }

  onRecord(connection: Connection, type: number, offset: number, length: number): void {
    this.attach(connection);
    const checked = checkRecord(connection.inbound, type, offset, length);
    if (typeof checked === 'string') {
      throw new RpcError('PROTOCOL_ERROR', `${connection.remote} sent a bad record: ${checked}`);
    }
    if (checked.type === RECORD_REPLY) this.#onReply(checked);
    else if (checked.type === RECORD_CANCEL) this.#onCancel(checked);
    else this.#onInvocation(checked);
  }

  onWritable(): void {
    this.outlet.wakeWaiters();
  }

  /** A call that never left did not run; nobody but the dead letters hears of a tell. */
  onUnsent(type: number, words: Int32Array, offset: number): void {
    const call = callNumberOf(words, offset, type);
    const { thread } = this.#rpcThread;
    if (call === undefined) return;
    const text = `the connection to ${this.#connection!.remote} was lost before this call left`;
    const error = new RpcError('PEER_LOST', text, { effect: 'none' });
    if (call === 0) thread.deadLetters.add({ reason: 'unreachable', path: '', error });
    else if (thread.pending.peerOf(call) === this.#outlet) thread.pending.reject(call, error);
  }

  onClose(connection: Connection, error: RpcError | undefined): void {
    this.attach(connection);
    if (error?.code === 'PROTOCOL_ERROR') this.#rpcThread.thread.counters.add('protocolErrors');
    const why = error ? `: ${error.message}` : '';
    const text = `the connection to ${connection.remote} is closed${why}`;
    const outlet = this.outlet;
    const lost = (): RpcError => new RpcError('PEER_LOST', text, { cause: error });
    const { pending, cancels } = this.#rpcThread.thread;
    pending.failPeer(outlet, lost);
    cancels.lose(outlet, lost());
    pending.dropAsker(outlet);
    outlet.wakeWaiters();
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  #onReply({ source, offset }: CheckedRecord): void {
    const { thread } = this.#rpcThread;
    this.#reply.wrap(source, offset);
    // A peer may answer only what it was asked: call numbers of others are not its business.
    const { call, status } = this.#reply;
    if (thread.pending.peerOf(call) !== this.#outlet) {
      return thread.pending.onLateAnswer(call, this.outlet);
    }
    const isFailure = status === STATUS_FAILURE;
    const refusal = isFailure ? undefined : refuseForeign(source, this.#reply, 'result');
    if (refusal) thread.pending.reject(call, refusal);
    else thread.onReply(this.#reply, this.#source(source));
  }

  /** The answers to the calls before leave while slow ones go on: they came in one piece. */
  #deliver(envelope: InvocationEnvelope, source: RecordSource): void {
    const { thread } = this.#rpcThread;
    const { batchPace } = thread.mailbox;
    const { receivedBytes } = this;
    if (receivedBytes !== this.#pacedBytes) batchPace.rest();
    this.#pacedBytes = receivedBytes;
    thread.deliver(envelope, this.outlet, this.#source(source));
    if (batchPace.countOne()) this.#connection!.flush();
  }

  /** A peer may cancel only what it asked: calls are found by who made them. */
  #onCancel({ source, offset }: CheckedRecord): void {
    this.#rpcThread.thread.cancels.cancel(this.outlet, cancelledCall(source.words, offset));
  }

  #onInvocation({ source, type, offset }: CheckedRecord): void {
    const { thread } = this.#rpcThread;
    const envelope = this.#invocation;
    envelope.wrap(source, type, offset);
    const timeoutMs = envelope.deadline;
    if (timeoutMs !== 0) envelope.setDeadline(thread.deadlineAfter(timeoutMs));
    const to = threadOf(envelope.recipient);
    const refusal = refuseForeign(source, envelope, 'arguments');
    if (refusal) this.#refuse(envelope, refusal);
    else if (to !== 0) this.#forward(envelope, to, timeoutMs);
    else if (this.#isOpenToPeers(envelope)) this.#deliver(envelope, source);
    else this.#refuse(envelope, new RpcError('RECIPIENT_UNREACHABLE', 'nobody lives there'));
    // Answers are never refused room, so their number is bounded by not reading more questions.
    if (!this.outlet.hasRoom()) this.#pauseUntil(this.outlet.whenRoom());
  }

  /** A record that was stamped anew lies elsewhere: it is copied as any other. */
  #source(source: RecordSource): BesideSource {
    const { inbound } = this.#connection!;
    return source === inbound && inbound.isGivenAway ? ownMemory : nothingBeside;
  }

  /** Back-pressure: the peer is not read until there is room for what it sends. */
  #pauseUntil(room: Promise<void>): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection!.pause();
    void room.then(() => {
      this.#isPaused = false;
      this.#connection!.resume();
    });
  }

  /** Only exported endpoints: the engine's own are not for other processes. */
  #isOpenToPeers(envelope: InvocationEnvelope): boolean {
    const cell = this.#rpcThread.thread.cells.find(envelope.recipient, envelope.incarnation);
    return cell === undefined || cell.isExported;
  }

  /** Hands the call to the thread of its endpoint, undecoded; the answer comes back here. */
  #forward(envelope: InvocationEnvelope, to: number, timeoutMs: number): void {
    const { thread } = this.#rpcThread;
    const { recipient, incarnation, deadline } = envelope;
    const isAgent = (recipient & 0xff_ffff) === AGENT_SLOT;
    if (isAgent || to > thread.settings.threads) {
      const error = new RpcError('RECIPIENT_UNREACHABLE', 'nobody lives there');
      return this.#refuse(envelope, error);
    }
    const outlet = thread.outletTo(to);
    const relay = new CallRelay(thread, {
      replyTo: this.outlet,
      envelope,
      peer: outlet,
    });
    const call = relay.open(deadline, timeoutMs);
    const error =
      call === undefined
        ? new RpcError('MAILBOX_FULL', 'too many calls wait for answers here')
        : forwardInvocation(envelope, nothingBeside, outlet, {
            call,
            recipient,
            incarnation,
            deadline,
            flags: FLAG_FOREIGN,
          });
    if (!error && outlet.hasRoom()) return;
    if (!error) return this.#pauseUntil(outlet.whenRoom());
    if (call) thread.pending.close(call);
    this.#refuse(envelope, error);
  }

  #refuse(envelope: InvocationEnvelope, error: RpcError): void {
    const { thread } = this.#rpcThread;
    if (envelope.call !== 0) thread.replies.failure(this.outlet, envelope.call, error, {});
    else thread.deadLetters.add({ reason: 'unreachable', path: '', error });
  }
}
