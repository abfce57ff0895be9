import { align } from '../base/sequence.js';
import type { RecordSource } from '../memory/lane-reader.js';
import {
  FRAME_ALIGNMENT,
  FRAME_HEADER_LENGTH,
  frameProblem,
  readFrameLength,
  readFrameTag,
} from './frame-descriptor.js';

/** Memory that a decoder always may have; what it shrinks back to after a large frame. */
const BASE_CAPACITY_BYTES = 64 * 1024;
/** A connection that never spoke costs no more than this. */
const FIRST_CAPACITY_BYTES = 4 * 1024;

/** Takes frames one by one. */
export interface FrameHandler {
  /**
   * A frame whose header was found good: its tag (kind, lane, flags), and its body in `source`
   * at `offset`, 8-byte aligned and valid until the call returns. Must not throw.
   */
  onFrame(source: RecordSource, tag: number, offset: number, length: number): void;
  /** The stream is broken: last call, nothing after this point can be trusted. */
  onProblem(problem: string): void;
}

/**
 * Cuts a stream of bytes into frames, whatever pieces it comes in. Total: any bytes give frames
 * or one `onProblem`, never an exception.
 *
 * Every byte is copied once, from the chunk into memory that nobody else sees (a peer cannot
 * change a frame after it was verified, and bodies are aligned for reading in place). A header
 * is judged as soon as it is there, before room for its body is made; that room then grows with
 * the bytes received, not with the length promised.
 */
export class FrameDecoder implements RecordSource {
  words!: Int32Array;
  bytes!: Buffer;
  /** Who gets the frames; may be replaced inside `onFrame`. */
  handler: FrameHandler;
  /** Longest frame in bytes that is accepted; may be changed inside `onFrame`. */
  frameLimit: number;
  #capacity = 0;
  /** The bytes not yet handed out are `[start, end)`; `start` is aligned, as all frames are. */
  #start = 0;
  #end = 0;
  #stopped = false;
  #frames = 0;

  constructor(handler: FrameHandler, frameLimit: number) {
    this.handler = handler;
    this.frameLimit = frameLimit;
    this.#allocate(FIRST_CAPACITY_BYTES);
  }

  /** Bytes of a frame that is not complete yet. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Memory held, in bytes. */
  get capacityBytes(): number {
    return this.#capacity;
  }

  /** Frames handed out so far: tells whether an incomplete frame is still the same one. */
  get frames(): number {
    return this.#frames;
  }

  /** True after a problem or `stop()`. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next bytes of the stream and hands out every frame that they complete. */
  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length && !this.#stopped) {
      const count = Math.min(this.#makeRoom(chunk.length - from), chunk.length - from);
      chunk.copy(this.bytes, this.#end, from, from + count);
      this.#end += count;
      from += count;
      this.#handOut();
    }
  }

  /** No more frames: what is left of the chunk and all later ones are dropped. */
  stop(): void {
    this.#stopped = true;
  }

  #handOut(): void {
    const end = this.#end;
    while (end - this.#start >= FRAME_HEADER_LENGTH) {
      const start = this.#start;
      const problem = frameProblem(this.words, start >> 2, this.frameLimit);
      if (problem !== undefined) return this.#fail(problem);
      const length = readFrameLength(this.words, start >> 2);
      if (end - start < length) return;
      // Consumed before it is handed out: a handler that stops the decoder leaves it whole.
      this.#start = start + length;
      this.#frames++;
      const tag = readFrameTag(this.words, start >> 2);
      const bodyLength = length - FRAME_HEADER_LENGTH;
      this.handler.onFrame(this, tag, start + FRAME_HEADER_LENGTH, bodyLength);
      if (this.#stopped) return;
    }
  }

  #fail(problem: string): void {
    this.#stopped = true;
    this.handler.onProblem(problem);
  }

  /** Room behind `end` for some or all of `wanted` bytes, at least one. */
  #makeRoom(wanted: number): number {
    if (this.#start === this.#end) {
      this.#start = this.#end = 0;
      if (this.#capacity > BASE_CAPACITY_BYTES) this.#allocate(BASE_CAPACITY_BYTES);
    }
    if (this.#capacity - this.#end >= wanted) return wanted;
    const pending = this.#end - this.#start;
    const needed = pending + wanted;
    const grown = needed <= this.#capacity ? this.#capacity : Math.max(this.#capacity * 2, needed);
    // Never more than the frame at hand can fill: this bounds growth, and shrinks after it.
    this.#moveToFront(pending, Math.min(grown, this.#usefulCapacity(pending)));
    return this.#capacity - this.#end;
  }

  /** What is pending is less than one frame; if its header is here, that was found good. */
  #usefulCapacity(pending: number): number {
    if (pending < FRAME_HEADER_LENGTH) return BASE_CAPACITY_BYTES;
    return Math.max(readFrameLength(this.words, this.#start >> 2), BASE_CAPACITY_BYTES);
  }

  /** The incomplete frame moves to the front of this memory, or of other memory. */
  #moveToFront(pending: number, capacity: number): void {
    const from = this.bytes;
    if (capacity !== this.#capacity) this.#allocate(align(capacity, FRAME_ALIGNMENT));
    from.copy(this.bytes, 0, this.#start, this.#end);
    this.#start = 0;
    this.#end = pending;
  }

  /** Of its own, not of Node's buffer pool: the pool is shared with everything else. */
  #allocate(capacity: number): void {
    const memory = new ArrayBuffer(capacity);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.#capacity = capacity;
  }
}
