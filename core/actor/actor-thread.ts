import type { Clock, TimerHandle } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { decodeFailure } from '../codec/failure-codec.js';
import {
  cancelledCall,
  RECORD_CANCEL,
  RECORD_FENCED_INVOCATION,
  RECORD_FORGET,
  RECORD_INVOCATION,
  RECORD_REPLY,
  STATUS_VALUE,
} from '../codec/stamps.js';
import { ValueDecoder, ValueEncoder } from '../codec/value-codec.js';
import type { Settings } from '../config/options.js';
import type { Effect } from '../errors/error-codes.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import type { InboundLane } from '../mailbox/inbound-lane.js';
import type { LaneSender } from '../mailbox/lane-sender.js';
import type { LaneOffer } from '../mailbox/lane-senders.js';
import type { InboundHandler } from '../mailbox/inbound-lanes.js';
import { Mailbox } from '../mailbox/mailbox.js';
import type { MailboxObserver } from '../mailbox/mailbox-observer.js';
import { CancelBits } from '../memory/cancel-bits.js';
import type { RecordSource } from '../memory/lane-reader.js';
import { Counters } from '../metrics/counters.js';
import { createMetricsMemory, type MetricsMemory } from '../metrics/metrics-descriptor.js';
import { UserCode } from '../metrics/user-code.js';
import { ProgressWriter } from '../memory/progress-words.js';
import type { Region } from '../memory/region-descriptor.js';
import { LATE_MAX_MS, SharedTime } from '../memory/shared-time.js';
import { Cancels } from './cancels.js';
import { CellTable } from './cell.js';
import { DeadLetters } from './dead-letters.js';
import { TICK_MS } from './deadline-wheel.js';
import { type BesideSource, discardPayload, payloadBytes, startPayload } from './payloads.js';
import { PendingCalls, type Relay } from './pending-calls.js';
import { Replies } from './replies.js';

/** Ticks without a waiting ask before the tick stops: starting it costs a cold call 40 us. */
const IDLE_TICKS = 64;

/** Turns of the event loop that a tick gives its lanes: enough for a whole one of answers. */
const READING_TURNS = 128;

type ErrorOf = (effect: Effect) => RpcError;

/** A life of a thread that has ended, and the way to it. */
interface LostLife {
  readonly thread: number;
  readonly life: number;
  readonly sender: LaneSender | undefined;
  readonly errorOf: ErrorOf;
}

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
  /** The counters of the service; absent: counters of its own. */
  readonly metrics?: MetricsMemory;
}

/** Who looks, while this thread waits on the spot, at what it will only process afterwards. */
export interface SpotWatch {
  begin(): void;
  /** Takes lanes that other threads offer: no event of theirs comes meanwhile. */
  poll(): void;
  look(lane: InboundLane, type: number, offset: number): void;
  /** Why it makes no sense to go on waiting for an answer of `thread`. */
  alarmFor(thread: number): RpcError | undefined;
}

/**
 * One thread of an actor system: its mailbox, its cells, its pending asks. Everything in it runs
 * on that one thread.
 */
export class ActorThread implements InboundHandler, MailboxObserver {
  readonly thread: number;
  readonly settings: Settings;
  readonly clock: Clock;
  /** The counters of all threads of the service. */
  readonly metrics: MetricsMemory;
  /** What this thread counts. */
  readonly counters: Counters;
  readonly userCode: UserCode;
  /** The user's logger; it never throws. */
  readonly logger: Logger;
  readonly cells: CellTable;
  readonly pending: PendingCalls;
  readonly cancels = new Cancels();
  readonly mailbox: Mailbox;
  /** Seen by the watchdogs of others; undefined without the option `watchdogMs`. */
  readonly progress: ProgressWriter | undefined;
  readonly encoder = new ValueEncoder();
  readonly decoder = new ValueDecoder();
  readonly replies = new Replies(this.encoder);
  readonly deadLetters: DeadLetters;
  spot: SpotWatch | undefined;
  readonly #epochMs: number;
  readonly #sharedTime: SharedTime;
  readonly #invocation = new InvocationEnvelope();
  readonly #reply = new ReplyEnvelope();
  #tick: TimerHandle | undefined;
  /** When the tick came whose asks expire once what was here then has been read. */
  #tickedMs = 0;
  #readingTurns = 0;
  #hasAsked = false;
  #idleTicks = 0;
  /** The last reading of the clock, in milliseconds of the service's time line. */
  #clockMs = 0;
  /** The turn of the mailbox that read it. */
  #turnOfReading = 0;
  #asksSinceReading = 0;
  /** Stacks that may still be taken in this tick. */
  #siteBudget = TICK_MS;

  constructor(parts: ActorThreadParts) {
    this.thread = parts.thread;
    this.settings = parts.settings;
    this.clock = parts.clock;
    this.metrics = parts.metrics ?? createMetricsMemory(parts.thread + 1);
    this.counters = new Counters(this.metrics, parts.thread);
    this.userCode = new UserCode(parts.logger, this.counters);
    this.logger = this.userCode.logger;
    this.#epochMs = parts.epochMs;
    this.#sharedTime = new SharedTime(parts.region);
    const isWatched = parts.settings.watchdogMs > 0;
    this.progress = isWatched ? new ProgressWriter(parts.region, parts.thread) : undefined;
    this.cells = new CellTable(parts.thread);
    this.pending = new PendingCalls(
      parts.settings.maxPendingAsks,
      () => this.counters.add('lateAnswers'),
      new CancelBits(parts.region, parts.thread),
    );
    this.deadLetters = new DeadLetters(this.userCode, this.counters);
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
    return this.pending.timedCount > 0;
  }

  takeHasAsked(): boolean {
    const hasAsked = this.#hasAsked;
    this.#hasAsked = false;
    return hasAsked;
  }

  /** The first ask after a silence starts the clock of deadlines once it is on its way. */
  onFlushed(): void {
    if (this.#tick === undefined && this.pending.timedCount > 0) this.#startTick();
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
      case RECORD_CANCEL:
        this.cancels.cancel(lane.replyTo, cancelledCall(lane.words, offset));
        return;
      case RECORD_FORGET:
        return lane.forgetShared(lane.words[offset >> 2]!);
      default:
        this.logger.warn({ type, producer: lane.producer }, 'a record of unknown type was skipped');
    }
  }

  /** While this thread waits on the spot: takes an answer; false for every other record. */
  takeAnswer(lane: InboundLane, type: number, offset: number): boolean {
    if (type !== RECORD_REPLY) return false;
    this.#reply.wrap(lane, offset);
    this.onReply(this.#reply, lane);
    return true;
  }

  /** What the timer would do that cannot fire while this thread waits on the spot. */
  tickOnTheSpot(): void {
    const now = this.#readClock() | 0;
    this.#sharedTime.store(now);
    // It waits, but not without end: a watchdog may let it.
    this.progress?.tick();
    this.spot?.poll();
  }

  /** Takes an answer; late ones are counted and forgotten. */
  onReply(reply: ReplyEnvelope, source: BesideSource): void {
    const call = reply.call;
    this.mailbox.yieldSoon();
    const relay = this.pending.relayOf(call);
    if (relay !== undefined) {
      this.pending.close(call);
      return passOn(relay, reply, source);
    }
    try {
      if (reply.status === STATUS_VALUE) {
        startPayload(this.decoder, reply, source);
        this.pending.resolve(call, this.decoder.next());
      } else {
        this.pending.fail(call, decodeFailure(payloadBytes(reply, source)));
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
   * The deadline of a call made now, on the service's time line. Reading the clock costs 40 ns, so
   * the first calls of a turn read it, every 16th after them, and every deadline below a second.
   * The others count from that reading, rounded up by a tick.
   */
  deadlineAfter(timeoutMs: number): number {
    const { turn } = this.mailbox;
    const isRead = turn !== 0 && turn === this.#turnOfReading;
    const isFresh = isRead && timeoutMs >= 1000 && (++this.#asksSinceReading & 15) !== 0;
    const nowMs = isFresh ? this.#clockMs + TICK_MS : this.#readClock();
    this.#turnOfReading = turn;
    this.#hasAsked = true;
    // Only lanes have a flush of their own: a call over a connection asks for a turn.
    if (this.#tick === undefined) this.mailbox.scheduleTurn();
    // 0 means "no deadline", so a deadline is never 0.
    return (nowMs + timeoutMs) | 0 | 1;
  }

  /**
   * True when a deadline has passed by the time that waiting callers publish, which goes on while
   * this thread is busy in one long handler. Reads no clock.
   */
  isPast(deadline: number): boolean {
    const lateMs = (this.#sharedTime.load() - deadline) | 0;
    return lateMs >= 0 && lateMs < LATE_MAX_MS;
  }

  /** Milliseconds until a deadline by the clock, negative when it has passed. */
  timeLeftMs(deadline: number): number {
    return (deadline - this.#readClock()) | 0;
  }

  /**
   * Where an ask was made, when the settings and this tick's budget allow to look. A sample is not
   * taken while a sleeper is being woken: looking costs 54 us then, a fifth of the whole call.
   */
  captureSite(): Error | undefined {
    const mode = this.settings.captureAskCallStack;
    if (mode === false) return undefined;
    if (mode === 'sampled' && (this.mailbox.hasRung || this.#siteBudget-- <= 0)) return undefined;
    return new Error('the call was made here');
  }

  /** The outlet to another thread of this service. */
  outletTo(thread: number): CallOutlet {
    return this.mailbox.senderToCurrent(thread);
  }

  /**
   * A life of a thread ended: what waits for it fails, what it published is still taken. Calls that
   * had not left the backlog surely did not run.
   */
  onThreadTerminated(thread: number, life: number, errorOf: ErrorOf): void {
    this.#lose({ thread, life, sender: this.#abandon(thread, life, errorOf), errorOf });
  }

  /**
   * A thread was met in a later life, in the middle of anything, of a handler too: what the earlier
   * life has published gets a turn of its own.
   */
  onThreadReplaced(thread: number, life: number): void {
    const errorOf = endedBecause(`worker thread ${thread - 1} ended and was started again`);
    const sender = this.#abandon(thread, life, errorOf);
    this.mailbox.post({ run: () => this.#lose({ thread, life, sender, errorOf }) });
  }

  /** The news of that end has come before, or is still to come and then buries the rest. */
  onLateLane({ producer: thread, replyTo }: InboundLane): void {
    const errorOf = endedBecause(`worker thread ${thread - 1} ended`);
    const sender = replyTo.isOpen ? undefined : replyTo;
    this.#lose({ thread, life: replyTo.life, sender, errorOf });
  }

  /** Closes the lane to a life that has ended; answers its sender, if there was one. */
  #abandon(thread: number, life: number, errorOf: ErrorOf): LaneSender | undefined {
    const sender = this.mailbox.senderIfOpen(thread);
    this.mailbox.abandon(thread, life, this.#onUnsent.bind(this, errorOf('none')));
    return sender && sender.life <= life ? sender : undefined;
  }

  #lose({ thread, life, sender, errorOf }: LostLife): void {
    this.mailbox.dropLanes(thread, life);
    // It may have ended between taking our park word and ringing.
    this.mailbox.wake();
    if (sender === undefined) return;
    this.pending.failPeer(sender, () => errorOf('unknown'));
    this.cancels.lose(sender, errorOf('unknown'));
    this.pending.dropAsker(sender);
  }

  close(errorOf: () => RpcError): void {
    this.pending.failAll(errorOf);
    this.mailbox.close();
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  #onInvocation(lane: InboundLane, type: number, offset: number): void {
    const envelope = this.#invocation;
    envelope.wrap(lane, type, offset);
    const { replyTo } = lane;
    try {
      this.deliver(envelope, replyTo, lane);
    } catch (error) {
      // Cells answer for their users' code; what arrives here is a value that cannot be read.
      if (envelope.call !== 0) this.replies.failure(replyTo, envelope.call, error, {});
      else this.deadLetters.add({ reason: 'unreadable', path: '', error });
    }
  }

  #onUnsent(error: RpcError, source: RecordSource, type: number, offset: number): boolean {
    if (type !== RECORD_INVOCATION && type !== RECORD_FENCED_INVOCATION) return true;
    const envelope = this.#invocation;
    envelope.wrap(source, type, offset);
    const { call } = envelope;
    if (call === 0) this.deadLetters.add({ reason: 'unreachable', path: '', error });
    else if (this.pending.peerOf(call) !== undefined) this.pending.reject(call, error);
    return true;
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

  /** Milliseconds of the service's time line. */
  #readClock(): number {
    this.#clockMs = this.clock.nowMs() - this.#epochMs;
    return this.#clockMs;
  }

  #startTick(): void {
    this.#idleTicks = 0;
    this.#tick = this.clock.schedule(this.#onTick, TICK_MS, { ref: false });
  }

  readonly #onTick = (): void => {
    this.#tick = undefined;
    this.#siteBudget = TICK_MS;
    this.#tickedMs = this.#readClock() | 0;
    this.#sharedTime.store(this.#tickedMs);
    if (this.pending.timedCount > 0) {
      this.#idleTicks = 0;
      this.mailbox.inbound.mark();
      this.#readingTurns = READING_TURNS;
      return this.#readOn();
    }
    if (++this.#idleTicks > IDLE_TICKS) return;
    this.#tick = this.clock.schedule(this.#onTick, TICK_MS, { ref: false });
  };

  /** Answers that are here win over their deadlines: sockets are read before the immediates. */
  #readOn(): void {
    const immediate = setImmediate(this.#onRead);
    this.#tick = { cancel: () => clearImmediate(immediate) };
  }

  readonly #onRead = (): void => {
    if (this.mailbox.drainNow()) this.counters.add('timeoutWakeUps');
    if (this.mailbox.isClosed) return;
    if (this.mailbox.inbound.isBehind && --this.#readingTurns > 0) return this.#readOn();
    this.pending.expire(this.#tickedMs);
    // This thread was held up meanwhile: again, with what came since.
    if (((this.#readClock() - this.#tickedMs) | 0) > TICK_MS) return this.#onTick();
    this.#tick = this.clock.schedule(this.#onTick, TICK_MS, { ref: false });
  };
}

function endedBecause(text: string): ErrorOf {
  return (effect) => new RpcError('THREAD_TERMINATED', text, { effect });
}

/** A relay that cannot pass an answer on harms nobody but its own asker. */
function passOn(relay: Relay, reply: ReplyEnvelope, source: BesideSource): void {
  try {
    relay.onReply(reply, source);
  } catch (error) {
    const text = 'an answer could not be passed on';
    relay.onFailure(new RpcError('PROTOCOL_ERROR', text, { cause: error }));
  }
}
