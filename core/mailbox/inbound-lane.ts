import { LIMITS } from '../config/limits.js';
import type {
  LaneReader,
  RecordHandler,
  RecordSource,
  RecordTaker,
} from '../memory/lane-reader.js';
import { FULL } from '../memory/lane-writer.js';
import { Backlog, copyRecord } from './backlog.js';
import type { LanePort } from './lane-port.js';
import type { LaneSender } from './lane-sender.js';
import type { Pace } from './pace.js';

/** Looks at what comes while this thread waits on the spot. */
export interface WaitingHandler {
  /** True: taken. False: the record is kept, in order, for the usual drain. */
  onRecordWhileWaiting(lane: InboundLane, type: number, offset: number): boolean;
}

/** The receiving side of a lane: what another thread sends to this one. */
export class InboundLane implements RecordSource, RecordHandler, RecordTaker {
  /** Where the record that is handed over lies: in the lane, or among those kept. */
  words: Int32Array;
  bytes: Buffer;
  /** The ring is written again once a record is read. */
  readonly isGivenAway = false;
  /** The thread that writes it. */
  readonly producer: number;
  /** The way back to the life of that thread which made it, and to no later one. */
  readonly replyTo: LaneSender;
  readonly #reader: LaneReader;
  readonly #port: LanePort;
  readonly #pace: Pace;
  #handler: RecordHandler<InboundLane> | undefined;
  #waiting: WaitingHandler | undefined;
  /** What came while this thread waited on the spot: older than all that is in the lane. */
  #kept: Backlog | undefined;
  #isHandingKept = false;
  /** No more can be kept: the lane fills up, and its producer waits. */
  #isFull = false;

  constructor(reader: LaneReader, port: LanePort, replyTo: LaneSender, pace: Pace) {
    this.replyTo = replyTo;
    this.#reader = reader;
    this.#port = port;
    this.#pace = pace;
    this.words = reader.words;
    this.bytes = reader.bytes;
    this.producer = reader.producer;
  }

  hasRecords(): boolean {
    return this.#reader.hasRecords() || this.#kept !== undefined;
  }

  /** True when {@link take} may find something. */
  hasNews(): boolean {
    return this.#reader.hasRecords() && !this.#isFull;
  }

  /** Remembers what has arrived by now, for {@link isBehind}. */
  mark(): void {
    this.#reader.mark();
  }

  /** True while some of what had arrived at the last {@link mark} is left. */
  get isBehind(): boolean {
    return this.#reader.isBehind || this.#kept !== undefined;
  }

  /** True inside of a handler of a record that came through this lane. */
  get isHandingOver(): boolean {
    return this.#isHandingKept || this.#reader.isDraining;
  }

  /** True while something waits that {@link take} has kept. */
  get hasKept(): boolean {
    return this.#kept !== undefined;
  }

  /**
   * Hands at most `limit` records to `handler`, fewer when they are slow; rings the producer if it
   * sleeps for want of room.
   */
  drain(handler: RecordHandler<InboundLane>, limit: number): number {
    this.#handler = handler;
    let count = 0;
    if (this.#kept !== undefined) {
      count = this.#drainKept(this.#kept, limit);
      if (this.#kept !== undefined) return count;
    }
    count += this.#drainReader(limit - count);
    if (count > 0 && this.#reader.mustRingProducer()) this.#port.ring();
    return count;
  }

  /**
   * While this thread waits on the spot, perhaps inside of a record of this very lane: takes what
   * `handler` takes and keeps the rest for {@link drain}, up to a bound; past it the lane fills.
   * True when anything was moved.
   */
  take(handler: WaitingHandler): boolean {
    if (!this.hasNews()) return false;
    const { words, bytes } = this;
    this.#waiting = handler;
    this.words = this.#reader.words;
    this.bytes = this.#reader.bytes;
    try {
      const hasTaken = this.#reader.take(this);
      if (hasTaken && this.#reader.mustRingProducer()) this.#port.ring();
      return hasTaken;
    } finally {
      this.words = words;
      this.bytes = bytes;
    }
  }

  takeRecord(type: number, offset: number, length: number): boolean {
    if (this.#waiting!.onRecordWhileWaiting(this, type, offset)) return true;
    this.#kept ??= new Backlog(LIMITS.keptRecords);
    const at = this.#kept.claim(length, true);
    this.#isFull = at === FULL;
    if (at === FULL) return false;
    copyRecord({ words: this.words, offset }, { words: this.#kept.words, offset: at }, length);
    this.#kept.commit(length, type);
    return true;
  }

  onRecord(_source: RecordSource, type: number, offset: number, length: number): void {
    this.#handler!.onRecord(this, type, offset, length);
    if (this.#pace.hasTimeMoved()) this.#reader.stop();
  }

  sharedBeside(ticket: number): SharedArrayBuffer {
    return this.#port.shared(ticket);
  }

  /** Lets go of shared memory: no later record names its ticket. */
  forgetShared(ticket: number): void {
    this.#port.forget(ticket);
  }

  /** Bytes of a value that travels beside the lane. */
  takeBeside(ticket: number): ArrayBuffer {
    return this.#port.take(ticket);
  }

  close(): void {
    this.#port.close();
  }

  #drainReader(limit: number): number {
    let count = 0;
    while (count < limit) {
      const run = Math.min(this.#pace.run, limit - count);
      const taken = this.#reader.drain(this, run);
      count += taken;
      // What a handler kept while it waited on the spot is older than what is in the lane.
      if (this.#kept !== undefined) break;
      // What was published meanwhile has its turn behind the other lanes.
      if (taken < run && !this.#pace.hasTimeMoved()) break;
      if (!this.#reader.hasRecords() || this.#pace.isTurnOver()) break;
    }
    return count;
  }

  #drainKept(kept: Backlog, limit: number): number {
    if (this.#isHandingKept) return 0;
    this.#isHandingKept = true;
    let left = limit;
    try {
      kept.handTo((source, type, offset, length) => {
        if (left-- <= 0) return false;
        this.words = source.words;
        this.bytes = source.bytes;
        this.#handler!.onRecord(this, type, offset, length);
        return true;
      });
    } finally {
      this.#isHandingKept = false;
      this.#isFull = false;
      this.words = this.#reader.words;
      this.bytes = this.#reader.bytes;
      if (kept.isEmpty) this.#kept = undefined;
    }
    return limit - Math.max(left, 0);
  }
}
