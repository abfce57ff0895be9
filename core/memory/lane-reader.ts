import { RpcError } from '../errors/rpc-error.js';
import {
  LANE_HEAD_INDEX,
  LANE_TAIL_INDEX,
  LANE_WAITING_INDEX,
  type LaneMemory,
} from './lane-descriptor.js';
import { PADDING_RECORD, RECORD_ALIGNMENT, RECORD_HEADER_LENGTH } from './record-descriptor.js';

/** Memory that records are read from: a lane, or a verified private copy of a frame. */
export interface RecordSource {
  readonly words: Int32Array;
  readonly bytes: Buffer;
}

/** Takes records one by one; the bytes are valid until `onRecord` returns. */
export interface RecordHandler<Source extends RecordSource = RecordSource> {
  onRecord(source: Source, type: number, offset: number, length: number): void;
}

/** Takes records one by one, or leaves one and all behind it. */
export interface RecordTaker {
  /** False: the record stays where it is. */
  takeRecord(type: number, offset: number, length: number): boolean;
}

/** The consumer's end of a lane. Only the consumer's thread may use it. */
export class LaneReader implements RecordSource {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly capacity: number;
  /** The thread that writes this lane. */
  readonly producer: number;
  readonly #control: Int32Array;
  readonly #mask: number;
  #head: number;
  #marked: number;
  #draining = false;
  /** Records that the drain at hand may take. */
  #limit = 0;

  constructor(memory: LaneMemory) {
    this.words = memory.words;
    this.bytes = memory.bytes;
    this.capacity = memory.capacity;
    this.producer = memory.producer;
    this.#control = memory.control;
    this.#mask = memory.capacity - 1;
    this.#head = Atomics.load(memory.control, LANE_HEAD_INDEX);
    this.#marked = this.#head;
  }

  /** True when something is published that was not read. */
  hasRecords(): boolean {
    return Atomics.load(this.#control, LANE_TAIL_INDEX) !== this.#head;
  }

  /** Remembers what is published by now, for {@link isBehind}. */
  mark(): void {
    this.#marked = Atomics.load(this.#control, LANE_TAIL_INDEX);
  }

  /** True while some of what was published at the last {@link mark} is not read. */
  get isBehind(): boolean {
    return ((this.#marked - this.#head) | 0) > 0;
  }

  /** True inside of a handler of this lane. */
  get isDraining(): boolean {
    return this.#draining;
  }

  /** After a drain: true when the producer sleeps for want of room and this caller must ring it. */
  mustRingProducer(): boolean {
    if (Atomics.load(this.#control, LANE_WAITING_INDEX) === 0) return false;
    return Atomics.exchange(this.#control, LANE_WAITING_INDEX, 0) === 1;
  }

  /**
   * Hands at most `limit` published records to `handler`, then gives their bytes back at once.
   * Answers how many. A handler that throws has consumed its record. Inside a handler of this
   * very lane it reads nothing, so that no record is seen out of order.
   */
  drain(handler: RecordHandler<this>, limit: number): number {
    // Loading tail makes every record before it visible: the producer stored it after them.
    const tail = Atomics.load(this.#control, LANE_TAIL_INDEX);
    if (tail === this.#head || this.#draining) return 0;
    this.#checkTail(tail);
    this.#draining = true;
    this.#limit = limit;
    let count = 0;
    try {
      // A handler that waits on the spot may have taken the lane beyond this tail.
      while (((tail - this.#head) | 0) > 0 && count < this.#limit) {
        if (this.#readOne(handler, tail)) count++;
      }
    } finally {
      this.#draining = false;
      // Gives the bytes back: the producer may write below head once it sees this store.
      Atomics.store(this.#control, LANE_HEAD_INDEX, this.#head);
    }
    return count;
  }

  /** Inside of a handler of {@link drain}: its record is the last one of this drain. */
  stop(): void {
    this.#limit = 0;
  }

  /**
   * Hands published records to `taker` until it leaves one, and gives the bytes of those that it
   * took back at once. Answers whether it took any. Also inside of a handler of this lane: the
   * bytes of that handler's own record are given back as well.
   */
  take(taker: RecordTaker): boolean {
    const tail = Atomics.load(this.#control, LANE_TAIL_INDEX);
    if (tail === this.#head) return false;
    this.#checkTail(tail);
    const from = this.#head;
    try {
      while (this.#head !== tail) {
        const offset = this.#head & this.#mask;
        const length = this.#lengthAt(offset, tail);
        const type = this.words[(offset >> 2) + 1]!;
        const at = offset + RECORD_HEADER_LENGTH;
        const isPadding = type === PADDING_RECORD;
        if (!isPadding && !taker.takeRecord(type, at, length - RECORD_HEADER_LENGTH)) break;
        this.#head = (this.#head + length) | 0;
      }
    } finally {
      // As in `drain`: the producer may write below head once it sees this store.
      Atomics.store(this.#control, LANE_HEAD_INDEX, this.#head);
    }
    return this.#head !== from;
  }

  #readOne(handler: RecordHandler<this>, tail: number): boolean {
    const offset = this.#head & this.#mask;
    const length = this.#lengthAt(offset, tail);
    const type = this.words[(offset >> 2) + 1]!;
    this.#head = (this.#head + length) | 0;
    if (type === PADDING_RECORD) return false;
    handler.onRecord(this, type, offset + RECORD_HEADER_LENGTH, length - RECORD_HEADER_LENGTH);
    return true;
  }

  /** Length of the record at `offset`, header included; throws when it cannot be one. */
  #lengthAt(offset: number, tail: number): number {
    const length = this.words[offset >> 2]!;
    const type = this.words[(offset >> 2) + 1]!;
    const end = offset + length;
    if (
      length < RECORD_HEADER_LENGTH ||
      length > ((tail - this.#head) | 0) ||
      (length & (RECORD_ALIGNMENT - 1)) !== 0 ||
      end > this.capacity ||
      (type === PADDING_RECORD && end !== this.capacity)
    ) {
      this.#fail(offset, length);
    }
    return length;
  }

  /** Once a drain: a tail from outside the lane would be read round and round for ever. */
  #checkTail(tail: number): void {
    const published = (tail - this.#head) | 0;
    if (published >= RECORD_HEADER_LENGTH && published <= this.capacity) return;
    throw new RpcError(
      'PROTOCOL_ERROR',
      `lane from thread ${this.producer}: ${published} bytes published in ${this.capacity}`,
    );
  }

  /** A producer broke the layout: nothing after this point of the lane can be trusted. */
  #fail(offset: number, length: number): never {
    const rule = `a multiple of ${RECORD_ALIGNMENT} inside the lane`;
    throw new RpcError(
      'PROTOCOL_ERROR',
      `lane of thread ${this.producer}: record length ${length} at offset ${offset} is not ${rule}`,
    );
  }
}
