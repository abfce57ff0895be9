import type { Clock, TimerHandle } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { decodeFailure } from '../codec/failure-codec.js';
import {
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
  RECORD_REPLY,
  STATUS_VALUE,
} from '../codec/stamps.js';
import { ValueDecoder, ValueEncoder } from '../codec/value-codec.js';
import type { Settings } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import type { InboundLane } from '../mailbox/inbound-lane.js';
import { type LaneOffer, Mailbox, type MailboxObserver } from '../mailbox/mailbox.js';
import type { RecordHandler, RecordSource } from '../memory/lane-reader.js';
import type { Region } from '../memory/region-descriptor.js';
import { SharedTime } from '../memory/shared-time.js';
import { CellTable } from './cell.js';
import { DeadLetters } from './dead-letters.js';
import { TICK_MS } from './deadline-wheel.js';
import { type BesideSource, discardPayload, payloadBytes, startPayload } from './payloads.js';
import { PendingCalls } from './pending-calls.js';
import { Replies } from './replies.js';

/** Further ahead than this (4 h) is no caller, but a word that wrapped since it was written. */
const BUSY_MAX_MS = 1 << 24;

/** What an {@link ActorThread} is given. */
export interface ActorThreadParts {
  readonly thread: number;
  readonly region: Region;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Start of the service's time line, on the clock that all threads share. */
  readonly epochMs: number;
  readonly offerLane: (offer: LaneOffer) => void;
}

/**
 * One thread of an actor system: its mailbox, its cells, its pending asks. Everything in it runs
 * on that one thread.
 */
export class ActorThread implements RecordHandler<InboundLane>, MailboxObserver {
  readonly thread: number;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cells: CellTable;
  readonly pending: PendingCalls;
  readonly mailbox: Mailbox;
  readonly encoder = new ValueEncoder();
  readonly decoder = new ValueDecoder();
  readonly replies = new Replies(this.encoder);
  readonly deadLetters: DeadLetters;
  readonly #epochMs: number;
  readonly #sharedTime: SharedTime;
  readonly #invocation = new InvocationEnvelope();
  readonly #reply = new ReplyEnvelope();
  #tick: TimerHandle | undefined;
  #idleTicks = 0;
  #asksSinceReading = 0;
  /** Stacks that may still be taken in this tick. */
  #siteBudget = TICK_MS;

  constructor(parts: ActorThreadParts) {
    this.thread = parts.thread;
    this.settings = parts.settings;
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.#epochMs = parts.epochMs;
    this.#sharedTime = new SharedTime(parts.region);
    this.cells = new CellTable(parts.thread);
    this.pending = new PendingCalls(parts.settings.maxPendingAsks);
    this.deadLetters = new DeadLetters(parts.logger);
    this.mailbox = new Mailbox({
      thread: parts.thread,
      region: parts.region,
      clock: parts.clock,
      laneCapacityBytes: parts.settings.mailboxCapacityBytes,
      backlogLimit: parts.settings.backlogLimit,
      handler: this,
      offerLane: parts.offerLane,
    });
  }

  expectsReplies(): boolean {
    return this.pending.count > 0;
  }

  onLaneFailure(producer: number, error: unknown): void {
    this.logger.error({ producer, error }, 'a lane broke its layout and is read no more');
  }

  onRecord(lane: InboundLane, type: number, offset: number): void {
    switch (type) {
      case RECORD_INVOCATION:
      case RECORD_FENCED_INVOCATION:
        return this.#onInvocation(lane, type, offset);
      case RECORD_REPLY:
        this.#reply.wrap(lane, offset);
        return this.onReply(this.#reply, lane);
      default:
        this.logger.warn({ type, producer: lane.producer }, 'a record of unknown type was skipped');
    }
  }

  /** Takes an answer; late ones are counted and forgotten. */
  onReply(reply: ReplyEnvelope, source: BesideSource): void {
    const call = reply.call;
    this.mailbox.yieldSoon();
    const relay = this.pending.relayOf(call);
    if (relay !== undefined) {
      this.pending.close(call);
      return relay.onReply(reply, source);
    }
    try {
      if (reply.status === STATUS_VALUE) {
        startPayload(this.decoder, reply, source);
        this.pending.resolve(call, this.decoder.next());
      } else {
        this.pending.reject(call, decodeFailure(payloadBytes(reply, source)));
      }
    } catch (error) {
      const message = 'an answer could not be read';
      this.pending.reject(call, new RpcError('PROTOCOL_ERROR', message, { cause: error }));
    }
  }

  /** Hands a call to its cell, or refuses it; answers go to `replyTo`. */
  deliver(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const cell = this.cells.find(envelope.recipient, envelope.incarnation);
    if (cell !== undefined) return cell.onInvocation(envelope, replyTo, source);
    discardPayload(envelope, source);
    this.#refuse(envelope, replyTo);
  }

  /**
   * The deadline of a call made now, on the service's time line. The clock costs 40 ns, so it is
   * read once a turn and every 16th call; deadlines below a second always read it.
   */
  deadlineAfter(timeoutMs: number): number {
    const isStale = timeoutMs < 1000 || (++this.#asksSinceReading & 15) === 0;
    const nowMs = isStale ? this.mailbox.refreshNow() : this.mailbox.coarseNowMs();
    if (this.#tick === undefined) this.#startTick();
    // 0 means "no deadline", so a deadline is never 0.
    return ((nowMs - this.#epochMs + timeoutMs) | 0) | 1;
  }

  /** Milliseconds until a deadline of the service's time line; negative when it has passed. */
  timeLeftMs(deadline: number): number {
    const nowMs = (this.mailbox.coarseNowMs() - this.#epochMs) | 0;
    // Callers are ahead of us only while we are busy; a word that nobody wrote for long is behind.
    const aheadMs = (this.#sharedTime.load() - nowMs) | 0;
    return (deadline - (aheadMs > 0 && aheadMs < BUSY_MAX_MS ? nowMs + aheadMs : nowMs)) | 0;
  }

  /** As {@link timeLeftMs}, by a clock read now: the last task of this thread may have taken long. */
  isPast(deadline: number): boolean {
    return ((deadline - (this.mailbox.refreshNow() - this.#epochMs)) | 0) <= 0;
  }

  /** Where an ask was made, when the settings and this tick's budget allow to look. */
  captureSite(): Error | undefined {
    const mode = this.settings.captureAskCallStack;
    if (mode === false) return undefined;
    if (mode === 'sampled' && this.#siteBudget-- <= 0) return undefined;
    return new Error('the call was made here');
  }

  /** The outlet to another thread of this service. */
  outletTo(thread: number): CallOutlet {
    return this.mailbox.senderTo(thread);
  }

  /** A thread ended: what waits for it fails, what it published is still taken. */
  onThreadTerminated(thread: number, errorOf: () => RpcError): void {
    const sender = this.mailbox.senderIfOpen(thread);
    this.mailbox.dropThread(thread);
    if (sender) this.pending.failPeer(sender, errorOf);
  }

  close(errorOf: () => RpcError): void {
    this.pending.failAll(errorOf);
    this.mailbox.close();
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  #onInvocation(lane: InboundLane, type: number, offset: number): void {
    const envelope = this.#invocation;
    envelope.wrap(lane as RecordSource, type, offset);
    const replyTo = this.mailbox.senderTo(lane.producer);
    try {
      this.deliver(envelope, replyTo, lane);
    } catch (error) {
      // Cells answer for their users' code; what arrives here is a value that cannot be read.
      if (envelope.call !== 0) this.replies.failure(replyTo, envelope.call, error, {});
      else this.deadLetters.add({ reason: 'unreadable', path: '', error });
    }
  }

  #refuse(envelope: InvocationEnvelope, replyTo: CallOutlet): void {
    const occupant = this.cells.occupant(envelope.recipient);
    if (envelope.call === 0) {
      return this.deadLetters.add({ reason: 'unreachable', path: occupant?.path ?? '' });
    }
    const hint = occupant ? `; another incarnation lives at ${occupant.path}` : '';
    const error = new RpcError('RECIPIENT_UNREACHABLE', `the endpoint is gone${hint}`, {
      effect: 'none',
    });
    this.replies.failure(replyTo, envelope.call, error, {});
  }

  #startTick(): void {
    this.#idleTicks = 0;
    this.#tick = this.clock.schedule(this.#onTick, TICK_MS, { ref: false });
  }

  readonly #onTick = (): void => {
    this.#tick = undefined;
    this.#siteBudget = TICK_MS;
    const nowMs = this.mailbox.refreshNow();
    if (this.pending.count > 0) {
      this.#idleTicks = 0;
      // Answers that are here already win over their deadlines: we may be the late one.
      this.mailbox.drainNow();
      const now = (nowMs - this.#epochMs) | 0;
      this.#sharedTime.store(now);
      this.pending.expire(now);
    } else if (++this.#idleTicks > 2) {
      return this.mailbox.forgetNow();
    }
    this.#tick = this.clock.schedule(this.#onTick, TICK_MS, { ref: false });
    // What runs next may do so much later.
    this.mailbox.forgetNow();
  };
}
