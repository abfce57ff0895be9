import { assert } from '../base/assert.js';
import { align } from '../base/sequence.js';
import {
  LANE_HEAD_INDEX,
  LANE_TAIL_INDEX,
  LANE_WAITING_INDEX,
  type LaneMemory,
} from './lane-descriptor.js';
import { PADDING_RECORD, RECORD_ALIGNMENT, RECORD_HEADER_LENGTH } from './record-descriptor.js';

/** What `claim` answers when there is no room: full is a value, not an exception. */
export const FULL = -1;

/**
 * The producer's end of a lane: `claim` room, write the body, `commit` it, and `publish` once a
 * batch (Agrona OneToOneRingBuffer.tryClaim and commit). Only the producer's thread may use it.
 */
export class LaneWriter {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly capacity: number;
  readonly #control: Int32Array;
  readonly #mask: number;
  /** End of what is committed; ahead of the shared tail until `publish`. */
  #tail: number;
  /** The shared tail: only this thread stores it, so a copy is always right. */
  #published: number;
  /** The shared head as last seen: it only grows, so an old copy is merely cautious. */
  #head: number;

  constructor(memory: LaneMemory) {
    this.words = memory.words;
    this.bytes = memory.bytes;
    this.capacity = memory.capacity;
    this.#control = memory.control;
    this.#mask = memory.capacity - 1;
    this.#tail = Atomics.load(memory.control, LANE_TAIL_INDEX);
    this.#published = this.#tail;
    this.#head = Atomics.load(memory.control, LANE_HEAD_INDEX);
  }

  /**
   * Offset of `length` writable bytes in `words` and `bytes`, 8-byte aligned, or {@link FULL}.
   * A claim that is not committed costs nothing: the next claim takes its place (padding in front
   * of it stays, and is published with the next record or alone). Full before a publication means
   * that the caller must publish, or nobody makes room.
   */
  claim(length: number): number {
    const required = (length + RECORD_HEADER_LENGTH + (RECORD_ALIGNMENT - 1)) & -RECORD_ALIGNMENT;
    const offset = this.#tail & this.#mask;
    const toEnd = this.capacity - offset;
    if (required <= toEnd) {
      return this.#hasRoom(required) ? offset + RECORD_HEADER_LENGTH : FULL;
    }
    return this.#claimAtStart(required, offset, toEnd);
  }

  /** Ends the claim just made with its final `length`, at most the claimed one, and its type. */
  commit(length: number, type: number): void {
    const required = (length + RECORD_HEADER_LENGTH + (RECORD_ALIGNMENT - 1)) & -RECORD_ALIGNMENT;
    const index = (this.#tail & this.#mask) >> 2;
    this.words[index] = required;
    this.words[index + 1] = type;
    this.#tail = (this.#tail + required) | 0;
  }

  /** End of what is committed, as a position that wraps at 32 bits. */
  get position(): number {
    return this.#tail;
  }

  /** Bytes that are committed but not yet visible to the consumer. */
  get unpublishedBytes(): number {
    return (this.#tail - this.#published) | 0;
  }

  /** Makes everything committed visible; true when there was something. */
  publish(): boolean {
    if (this.#tail === this.#published) return false;
    this.#published = this.#tail;
    // Publishes the plain stores of every record between the old tail and this one.
    Atomics.store(this.#control, LANE_TAIL_INDEX, this.#tail);
    return true;
  }

  /** Bytes in the lane as the producer sees it now, unpublished ones included. */
  usedBytes(): number {
    this.#head = Atomics.load(this.#control, LANE_HEAD_INDEX);
    return (this.#tail - this.#head) | 0;
  }

  /**
   * Announces that this thread will sleep until the consumer gives bytes back. The caller must
   * look at `usedBytes` once more after this, exactly as a consumer does before it parks.
   */
  announceWaiting(): void {
    Atomics.store(this.#control, LANE_WAITING_INDEX, 1);
  }

  #hasRoom(required: number): boolean {
    if (this.capacity - ((this.#tail - this.#head) | 0) >= required) return true;
    // The bytes below head are the consumer's no more: its store of head came after its last read.
    this.#head = Atomics.load(this.#control, LANE_HEAD_INDEX);
    return this.capacity - ((this.#tail - this.#head) | 0) >= required;
  }

  /** A record never wraps: pads to the end and claims from the start. */
  #claimAtStart(required: number, offset: number, toEnd: number): number {
    assert(required <= this.capacity >> 1, 'a record is at most half a lane');
    if (!this.#hasRoom(toEnd + required)) return FULL;
    this.words[offset >> 2] = toEnd;
    this.words[(offset >> 2) + 1] = PADDING_RECORD;
    this.#tail = (this.#tail + align(toEnd, RECORD_ALIGNMENT)) | 0;
    return RECORD_HEADER_LENGTH;
  }
}
