import {
  FRAME_ALIGNMENT,
  FRAME_HEADER_LENGTH,
  FRAME_KINDS,
  FRAME_LANES,
  FRAME_LENGTH_MAX,
  frameProblem,
  frameTag,
  kindOfTag,
  readFrameLength,
  readFrameTag,
  readStream,
} from './frame-descriptor.js';
import type { FrameSource } from './frame-source.js';
import { type IncomingMessage, isBeginLength, Reassembly } from './reassembly.js';

/** A connection that never spoke costs no more than this. */
const FIRST_CAPACITY_BYTES = 4 * 1024;

/** Takes frames one by one. */
export interface FrameHandler {
  /**
   * A frame whose header was found good, or a message whose last part came: its tag (kind, lane,
   * flags), and its body in `source` at `offset`, 8-byte aligned and valid until the call returns.
   * Must not throw.
   */
  onFrame(source: FrameSource, tag: number, offset: number, length: number): void;
  /** The stream is broken: last call, nothing after this point can be trusted. */
  onProblem(problem: string): void;
}

/**
 * Cuts a stream of bytes into frames and puts messages together, whatever pieces it comes in.
 * Total: any bytes give frames or one `onProblem`, never an exception.
 *
 * A chunk is memory of ours that the peer cannot reach, so whole frames in it are handed out where
 * they lie. What goes beyond the end of a chunk is copied once: half a frame into memory of the
 * decoder, parts into the memory of their message. A header is judged as soon as it is there,
 * before room for its body is made.
 */
export class FrameDecoder implements FrameSource {
  words!: Int32Array;
  bytes!: Buffer;
  readonly isGivenAway = false;
  /** Who gets the frames; may be replaced inside `onFrame`. */
  handler: FrameHandler;
  /** Longest record in bytes, as a frame; may be changed inside `onFrame`. */
  frameLimit: number;
  readonly #reassembly = new Reassembly();
  /** Memory for a frame that is not complete, and how much of it is here. */
  #own!: Buffer;
  #ownWords!: Int32Array;
  #pending = 0;
  /** The message whose part is coming, and how many bytes of that part are missing. */
  #message: IncomingMessage | undefined;
  #stream = 0;
  #partLeft = 0;
  #stopped = false;
  #steps = 0;

  constructor(handler: FrameHandler, frameLimit: number) {
    this.handler = handler;
    this.frameLimit = frameLimit;
    this.#allocate(FIRST_CAPACITY_BYTES);
    this.words = this.#ownWords;
    this.bytes = this.#own;
  }

  /** Bytes of a frame or of messages that are not complete yet. */
  get pendingBytes(): number {
    return this.#pending + this.#reassembly.receivedBytes;
  }

  /** True while a frame or a message is not complete. */
  get isMidway(): boolean {
    return this.#pending > 0 || this.#reassembly.size > 0;
  }

  /** Memory held for what is no message, in bytes. */
  get capacityBytes(): number {
    return this.#own.length;
  }

  /**
   * Counts what shows that the peer gets on: frames, or while messages are under way, their parts.
   * Tells whether what is incomplete is still the same.
   */
  get steps(): number {
    return this.#steps;
  }

  /** True after a problem or `stop()`. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next bytes of the stream and hands out every frame that they complete. */
  push(chunk: Buffer): void {
    let from = 0;
    while (from < chunk.length && !this.#stopped) {
      if (this.#partLeft > 0) from = this.#takePart(chunk, from, chunk.length);
      else if (this.#pending > 0) from = this.#complete(chunk, from);
      else if (isAligned(chunk, from)) from = this.#readInPlace(chunk, from);
      else from = this.#readCopy(chunk, from);
    }
  }

  /** No more frames: what is left of the chunk and all later ones are dropped, and messages. */
  stop(): void {
    this.#stopped = true;
    this.#reassembly.clear();
    this.#message = undefined;
    this.#partLeft = 0;
  }

  /** Hands out the frames of a chunk where they lie; keeps a copy of half a one at its end. */
  #readInPlace(chunk: Buffer, from: number): number {
    const bytes = from === 0 ? chunk : chunk.subarray(from);
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    const read = this.#handOut(0, bytes.length);
    if (!this.#stopped) this.#keep(bytes, read, bytes.length - read);
    return chunk.length;
  }

  /** The same for bytes that do not lie at a multiple of 8: in a copy. */
  #readCopy(chunk: Buffer, from: number): number {
    const count = Math.min(chunk.length - from, FRAME_LENGTH_MAX);
    this.#keep(chunk, from, count);
    this.#readOwn();
    return from + count;
  }

  /** Half a frame is here: takes what its header or its body lacks, and nothing behind it. */
  #complete(chunk: Buffer, from: number): number {
    const hasHeader = this.#pending >= FRAME_HEADER_LENGTH;
    const wanted = hasHeader ? readFrameLength(this.#ownWords, 0) : FRAME_HEADER_LENGTH;
    const count = Math.min(wanted - this.#pending, chunk.length - from);
    this.#keep(chunk, from, count);
    if (this.#pending === wanted) this.#readOwn();
    return from + count;
  }

  #readOwn(): void {
    this.bytes = this.#own;
    this.words = this.#ownWords;
    const read = this.#handOut(0, this.#pending);
    if (read === 0) return;
    this.#own.copy(this.#own, 0, read, this.#pending);
    this.#pending -= read;
  }

  /** Hands out the frames in `[start, end)`; answers where the one begins that is not complete. */
  #handOut(begin: number, end: number): number {
    let start = begin;
    while (end - start >= FRAME_HEADER_LENGTH) {
      const index = start >> 2;
      const problem = frameProblem(this.words, index, this.frameLimit);
      if (problem !== undefined) return this.#fail(problem);
      const length = readFrameLength(this.words, index);
      const tag = readFrameTag(this.words, index);
      const kind = kindOfTag(tag);
      if (kind === FRAME_KINDS.part) {
        this.#beginPart(readStream(this.words, index), length - FRAME_HEADER_LENGTH);
        if (this.#stopped) return start;
        start = this.#takePart(this.bytes, start + FRAME_HEADER_LENGTH, end);
      } else {
        if (end - start < length) return start;
        // Consumed before it is handed out: a handler that stops the decoder leaves it whole.
        start += length;
        if (this.#reassembly.size === 0) this.#steps++;
        if (kind === FRAME_KINDS.begin) this.#begin(index, length - FRAME_HEADER_LENGTH);
        else {
          const offset = (index << 2) + FRAME_HEADER_LENGTH;
          this.handler.onFrame(this, tag, offset, length - FRAME_HEADER_LENGTH);
        }
      }
      if (this.#stopped) return start;
    }
    return start;
  }

  #begin(index: number, bodyLength: number): void {
    const stream = readStream(this.words, index);
    const body = index + (FRAME_HEADER_LENGTH >> 2);
    const problem = isBeginLength(bodyLength)
      ? this.#reassembly.begin(stream, this.words, body, this.frameLimit)
      : `the begin of a message has ${bodyLength} bytes`;
    if (problem !== undefined) this.#fail(problem);
  }

  #beginPart(stream: number, length: number): void {
    const message = this.#reassembly.partOf(stream, length);
    if (typeof message === 'string') return void this.#fail(message);
    this.#message = message;
    this.#stream = stream;
    this.#partLeft = length;
  }

  /** Copies what there is of a part to where it belongs; answers the offset behind it. */
  #takePart(bytes: Buffer, from: number, end: number): number {
    const message = this.#message!;
    const to = Math.min(from + this.#partLeft, end);
    message.take(bytes, from, to);
    this.#partLeft -= to - from;
    if (this.#partLeft > 0) return to;
    this.#steps++;
    this.#message = undefined;
    if (message.isComplete) {
      this.#reassembly.finish(this.#stream);
      const tag = frameTag(FRAME_KINDS.record + message.type, FRAME_LANES.data);
      this.handler.onFrame(message, tag, 0, message.length);
    }
    return to;
  }

  #fail(problem: string): number {
    this.stop();
    this.handler.onProblem(problem);
    return 0;
  }

  /** Adds a copy of `count` bytes to the frame that is not complete. */
  #keep(from: Buffer, offset: number, count: number): void {
    if (count === 0) return;
    const pending = this.#pending;
    if (pending + count > this.#own.length) {
      const old = this.#own;
      this.#allocate(FRAME_LENGTH_MAX);
      old.copy(this.#own, 0, 0, pending);
    }
    from.copy(this.#own, pending, offset, offset + count);
    this.#pending = pending + count;
  }

  /** Of its own, not of Node's buffer pool: the pool is shared with everything else. */
  #allocate(capacity: number): void {
    const memory = new ArrayBuffer(capacity);
    this.#ownWords = new Int32Array(memory);
    this.#own = Buffer.from(memory);
  }
}

function isAligned(chunk: Buffer, from: number): boolean {
  return ((chunk.byteOffset + from) & (FRAME_ALIGNMENT - 1)) === 0;
}
