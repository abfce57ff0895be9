import { LIMITS } from '../config/limits.js';
import { FULL, type LaneWriter } from '../memory/lane-writer.js';
import type { CancelBits } from '../memory/cancel-bits.js';
import type { ParkWord } from '../memory/park-word.js';
import type { Carrier } from '../codec/attached.js';
import { RECORD_FORGET } from '../codec/stamps.js';
import { BesideWindow } from './beside-window.js';
import type { CallOutlet } from './call-outlet.js';
import { Backlog, type TakeRecord } from './backlog.js';
import type { LanePort } from './lane-port.js';
import { SharedMemories } from './shared-memories.js';

/** A record that holds a ticket alone. */
const TICKET_BYTES = 4;

/** What a sender needs from its mailbox. */
export interface SenderHost {
  /** Has `flush` called at the end of this turn. */
  scheduleFlush(sender: LaneSender): void;
  /** A sleeper was rung: do not poll long. */
  onRing(): void;
}

/** The parts of one outgoing lane. */
export interface LaneSenderParts {
  readonly host: SenderHost;
  /** The consumer's thread. */
  readonly thread: number;
  /** The consumer's life that the lane is for. */
  readonly life: number;
  readonly writer: LaneWriter;
  readonly port: LanePort;
  /** Park word of the consumer. */
  readonly park: ParkWord;
  /** Those of the consumer's own asks. */
  readonly cancelBits: CancelBits;
  readonly backlogLimit: number;
}

/**
 * The sending side towards one thread: lane, bounded backlog, bell. Records go to the lane while
 * there is room and nothing waits; otherwise to the backlog, so that order never changes.
 */
export class LaneSender implements CallOutlet, Carrier {
  words: Int32Array;
  bytes: Buffer;
  readonly thread: number;
  readonly life: number;
  /** Encoded values of this size and more travel beside the lane. */
  readonly besideBytes = LIMITS.besideBytes;
  readonly isRemote = false;
  readonly recordLimitBytes = Number.POSITIVE_INFINITY;
  /** True while the mailbox has this sender on its list of things to flush. */
  flushScheduled = false;
  /** False once the consumer's thread is gone or the service closed. */
  isOpen = true;
  readonly #host: SenderHost;
  readonly #writer: LaneWriter;
  readonly #port: LanePort;
  readonly #park: ParkWord;
  readonly #cancelBits: CancelBits;
  readonly #backlog: Backlog;
  /** The memories that the consumer's thread has been handed. */
  readonly #shared = new SharedMemories();
  readonly #window: BesideWindow;
  /** Sent beside the lane for the record that is written now. */
  #bytesBeside = 0;
  readonly carrier = this;
  #claimedInBacklog = false;
  /** This much unpublished is published before the turn ends. */
  #earlyBytes: number = LIMITS.unpublishedBytesFirst;
  #roomWaiters: (() => void)[] = [];

  constructor(parts: LaneSenderParts) {
    this.thread = parts.thread;
    this.life = parts.life;
    this.#host = parts.host;
    this.#writer = parts.writer;
    this.#port = parts.port;
    this.#park = parts.park;
    this.#cancelBits = parts.cancelBits;
    this.#backlog = new Backlog(parts.backlogLimit);
    this.#window = new BesideWindow(parts.writer);
    this.words = parts.writer.words;
    this.bytes = parts.writer.bytes;
  }

  /** Offset of `length` writable bytes, or `FULL` when lane and backlog are, or it is closed. */
  claim(length: number): number {
    if (this.#claimedInBacklog) this.#useLane();
    if (this.#backlog.isEmpty && this.isOpen) {
      const at = this.#writer.claim(length);
      if (at !== FULL) return at;
    }
    return this.#claimInBacklog(length, true);
  }

  /**
   * As {@link claim}, but never full: replies are bounded by the pending asks of their receiver.
   */
  claimReply(length: number): number {
    if (this.#claimedInBacklog) this.#useLane();
    if (this.#backlog.isEmpty && this.isOpen) {
      const at = this.#writer.claim(length);
      if (at !== FULL) return at;
    }
    return this.#claimInBacklog(length, false);
  }

  commit(length: number, type: number): void {
    const isBeside = this.#bytesBeside > 0;
    if (isBeside) this.#enterWindow(length);
    if (this.#claimedInBacklog) {
      this.#backlog.commit(length, type);
      this.#useLane();
    } else {
      this.#writer.commit(length, type);
      // The consumer can work on a big value while the next one is copied.
      if (isBeside || this.#writer.unpublishedBytes >= this.#earlyBytes) this.#publishEarly();
    }
    if (this.flushScheduled) return;
    // Waking a sleeper takes long: what is left of this turn can happen meanwhile.
    if (this.#park.isParked()) this.#publish();
    this.#host.scheduleFlush(this);
  }

  /** Sends a big value ahead of the record that will carry its ticket. */
  sendBeside(bytes: ArrayBuffer): number {
    this.#bytesBeside += bytes.byteLength;
    return this.#port.send(bytes);
  }

  /** The ticket of shared memory: handed over once, then named. */
  share(memory: SharedArrayBuffer): number {
    return this.#shared.ticketOf(memory, this.#handOver);
  }

  hasRoomBeside(bytes: number): boolean {
    // What is shared and known already needs none.
    return bytes === 0 || this.#window.hasRoom(bytes);
  }

  isCancelled(call: number): boolean {
    return this.#cancelBits.isSet(call);
  }

  isWaiting(call: number): boolean {
    return this.#backlog.calls().has(call);
  }

  /** Publishes what is committed; true when nobody is left waiting for room. */
  flush(): boolean {
    if (!this.#backlog.isEmpty && this.isOpen) this.#drainBacklog();
    this.#publish();
    this.#earlyBytes = LIMITS.unpublishedBytesFirst;
    if (this.#roomWaiters.length > 0 && this.hasRoom()) this.#wakeWaiters();
    return this.#backlog.isEmpty && this.#roomWaiters.length === 0;
  }

  /** True while half of the lane, and of what may lie beside it, is free, and nothing waits. */
  hasRoom(): boolean {
    return this.#backlog.isEmpty && this.#hasHalf() && this.#window.hasHalf();
  }

  /**
   * Before this thread parks: true when it may. While something waits for room, the consumer is
   * told to ring; the second look closes the gap in which it made room without seeing that.
   */
  prepareToPark(): boolean {
    if (this.#backlog.isEmpty && this.#roomWaiters.length === 0) return true;
    this.#writer.announceWaiting();
    return !(this.#backlog.isEmpty ? this.hasRoom() : this.#hasHalf());
  }

  /** Resolves when {@link hasRoom}, or when the sender closes. */
  whenRoom(): Promise<void> {
    if (!this.isOpen || this.hasRoom()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters.push(resolve);
      if (!this.flushScheduled) this.#host.scheduleFlush(this);
    });
  }

  /** The consumer has died: what waits in the backlog surely never reached it. */
  abandon(takeUnsent: TakeRecord): void {
    this.isOpen = false;
    this.#backlog.handTo(takeUnsent);
    this.close();
  }

  /** Drops what was not published; the records already in the lane are the consumer's. */
  close(): void {
    this.isOpen = false;
    this.#backlog.clear();
    this.#shared.clear();
    this.#window.clear();
    this.#port.close();
    this.#wakeWaiters();
  }

  #hasHalf(): boolean {
    return this.#writer.usedBytes() * 2 <= this.#writer.capacity;
  }

  #useLane(): void {
    this.#claimedInBacklog = false;
    this.words = this.#writer.words;
    this.bytes = this.#writer.bytes;
  }

  #claimInBacklog(length: number, bounded: boolean): number {
    if (!this.isOpen) return FULL;
    // The consumer must see what is there, or it could never make room.
    this.#publish();
    const at = this.#backlog.claim(length, bounded);
    if (at === FULL) return FULL;
    this.#claimedInBacklog = true;
    this.words = this.#backlog.words;
    this.bytes = this.#backlog.bytes;
    return at;
  }

  #drainBacklog(): void {
    this.#backlog.drainInto(this.#writer);
    if (this.#backlog.isEmpty) this.#window.onBacklogEmpty();
  }

  readonly #handOver = (memory: SharedArrayBuffer): number => {
    this.#bytesBeside += memory.byteLength;
    return this.#port.send(memory);
  };

  #enterWindow(length: number): void {
    const isWaiting = this.#claimedInBacklog;
    this.#window.add(this.#bytesBeside, isWaiting ? undefined : this.#writer.position + length);
    this.#bytesBeside = 0;
  }

  /** In the order of the lane, so that no record before names them. */
  #sendForgotten(tickets: readonly number[]): void {
    for (const ticket of tickets) {
      const at = this.claimReply(TICKET_BYTES);
      if (at === FULL) return;
      this.words[at >> 2] = ticket;
      this.commit(TICKET_BYTES, RECORD_FORGET);
    }
  }

  /**
   * Before the turn ends. A consumer that has nothing to do gets its first records soon, later ones
   * come in larger pieces: with small ones throughout, a flood of tells was slower.
   */
  #publishEarly(): void {
    this.#publish();
    this.#earlyBytes = Math.min(this.#earlyBytes * 2, LIMITS.unpublishedBytesMax);
  }

  #publish(): void {
    const forgotten = this.#shared.takeForgotten();
    if (forgotten.length > 0) this.#sendForgotten(forgotten);
    // What goes beside the lane is there before the record that names it.
    this.#port.post();
    if (this.#writer.publish() && this.#park.mustRing()) {
      this.#port.ring();
      this.#host.onRing();
    }
  }

  #wakeWaiters(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }
}
