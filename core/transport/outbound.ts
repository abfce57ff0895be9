import { RpcError } from '../errors/rpc-error.js';
import { FULL } from '../memory/lane-writer.js';
import type { RecordOutlet } from '../memory/record-outlet.js';
import type { ByteStream } from './byte-stream.js';
import {
  FRAME_HEADER_LENGTH,
  FRAME_KINDS,
  FRAME_LANES,
  bodyLimitOf,
  frameLengthOf,
  frameTag,
  writeFrameHeader,
} from './frame-descriptor.js';
import { SEND_BUFFER_BYTES, type SendBuffer, sendBuffers } from './send-buffer.js';

/**
 * Pieces of at most 64 KiB that the stream may hold at a time. Few, so that each one that leaves
 * shows that the peer still reads; more than one, so that a burst goes out while it is written.
 */
const WRITES_IN_FLIGHT = 4;

/** Bounds of an {@link Outbound}, in bytes. */
export interface OutboundLimits {
  /** Longest frame that both sides accept. */
  readonly frameLimit: number;
  /** `claim` answers FULL when more than this would be waiting to be sent. */
  readonly highWaterBytes: number;
}

/** Takes what an {@link Outbound} has to say. */
export interface OutboundHandler {
  /** There is room again after a FULL. */
  onWritable(): void;
  /** Bytes are under way and the last of them just moved. */
  onMoved(): void;
  /** Nothing is under way. */
  onIdle(): void;
}

/**
 * The sending half of a connection. Records are written straight into send buffers, and what a
 * tick of the event loop has committed goes out in one write at its end. While a write is under
 * way nothing follows it but full buffers: so each buffer in flight is worth its memory, and a
 * slow peer gets fewer and larger writes.
 */
export class Outbound implements RecordOutlet {
  words!: Int32Array;
  bytes!: Buffer;
  readonly #stream: ByteStream;
  readonly #handler: OutboundHandler;
  readonly #bodyLimit: number;
  readonly #frameLimit: number;
  readonly #highWaterBytes: number;
  readonly #flushTask = (): void => this.#flush();
  /** The buffer being filled; none while nothing waits, so that idle connections cost nothing. */
  #current: SendBuffer | undefined;
  /** Capacity and fill of `current`, here because every claim and commit needs them. */
  #capacity = 0;
  #used = 0;
  /** Buffers closed for writing of which the stream does not have everything yet. */
  readonly #queue: SendBuffer[] = [];
  #writesInFlight = 0;
  #unsentBytes = 0;
  #flushScheduled = false;
  #wantsWritable = false;
  #open = true;
  #stopped = false;
  #onDrained: (() => void) | undefined;

  constructor(stream: ByteStream, limits: OutboundLimits, handler: OutboundHandler) {
    this.#stream = stream;
    this.#handler = handler;
    this.#frameLimit = limits.frameLimit;
    this.#bodyLimit = bodyLimitOf(limits.frameLimit);
    this.#highWaterBytes = limits.highWaterBytes;
  }

  /** Bytes committed and not yet in the hands of the system. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** True when the stream got whole frames only, so that another frame may follow. */
  get isAtFrameBoundary(): boolean {
    return this.#queue.length === 0;
  }

  /** See {@link RecordOutlet}; FULL also when stopped, FRAME_TOO_LARGE when it never fits. */
  claim(length: number): number {
    if (length > this.#bodyLimit) throw this.#tooLarge(length);
    const required = frameLengthOf(length);
    const offset = this.#used;
    if (
      offset + required <= this.#capacity &&
      this.#unsentBytes + required <= this.#highWaterBytes
    ) {
      return offset + FRAME_HEADER_LENGTH;
    }
    return this.#claimElsewhere(required, this.#highWaterBytes);
  }

  /** As {@link claim}, but above the bound too: for what must not be refused, see `Connection`. */
  claimBeyond(length: number): number {
    if (length > this.#bodyLimit) throw this.#tooLarge(length);
    return this.#claimElsewhere(frameLengthOf(length), Number.POSITIVE_INFINITY);
  }

  /** True while less than half of the bound waits to be sent. */
  get hasRoom(): boolean {
    return this.#unsentBytes * 2 <= this.#highWaterBytes;
  }

  /** Has `onWritable` called once there is room again. */
  wantWritable(): void {
    this.#wantsWritable = true;
  }

  /** See {@link RecordOutlet}. All of the claimed bytes up to `length` must have been written. */
  commit(length: number, type: number): void {
    const required = frameLengthOf(length);
    const offset = this.#used;
    const end = offset + required;
    const tag = frameTag(FRAME_KINDS.record + type, FRAME_LANES.data);
    writeFrameHeader(this.words, offset >> 2, required, tag);
    // The padding too is ours: no bytes of an earlier use of this buffer leave the process.
    for (let i = offset + FRAME_HEADER_LENGTH + length; i < end; i++) this.bytes[i] = 0;
    this.#used = end;
    this.#unsentBytes += required;
    if (!this.#flushScheduled) this.#scheduleFlush();
  }

  /** Takes no more records, drops what is not with the stream yet, gives nothing back. */
  stop(): void {
    this.#open = false;
    this.#stopped = true;
    this.#capacity = this.#used = 0;
    this.#current = undefined;
    this.#queue.length = 0;
    this.#onDrained = undefined;
  }

  /** Takes no more records; calls `onDrained` when the stream took everything committed. */
  drain(onDrained: () => void): void {
    this.#open = false;
    this.#onDrained = onDrained;
    this.#closeCurrent();
    this.#capacity = 0;
    this.#writeOut();
    this.#settle();
  }

  #claimElsewhere(required: number, highWaterBytes: number): number {
    if (!this.#open) return FULL;
    // With nothing unsent every legal record is taken, however small the bound: else one above
    // the bound could wait for ever.
    if (this.#unsentBytes > 0 && this.#unsentBytes + required > highWaterBytes) {
      this.#wantsWritable = true;
      return FULL;
    }
    if (this.#used + required > this.#capacity) {
      this.#closeCurrent();
      this.#writeOut();
      this.#use(sendBuffers.take(required));
    }
    return this.#used + FRAME_HEADER_LENGTH;
  }

  #use(buffer: SendBuffer): void {
    this.#current = buffer;
    this.words = buffer.words;
    this.bytes = buffer.bytes;
    this.#capacity = buffer.capacity;
    this.#used = 0;
  }

  /** Moves the current buffer into the queue; one that nothing was committed to goes back. */
  #closeCurrent(): void {
    const buffer = this.#current;
    if (buffer === undefined) return;
    this.#current = undefined;
    if (this.#used === 0) sendBuffers.giveBack(buffer);
    else this.#queue.push(buffer.close(this.#used));
    this.#capacity = this.#used = 0;
  }

  /**
   * The next tick, not a microtask: the answers to one chunk come out of chains of promises of
   * different lengths, and the tick comes when all of them have run. With 256 asks in flight and
   * handlers of 0 to 5 awaits: 252 frames a write, against 92 to 126 with a microtask.
   * `setImmediate` gathers no more and waits longer.
   */
  #scheduleFlush(): void {
    this.#flushScheduled = true;
    process.nextTick(this.#flushTask);
  }

  #flush(): void {
    this.#flushScheduled = false;
    // The end of the write under way comes back here.
    if (this.#writesInFlight > 0 || !this.#open) return;
    this.#closeCurrent();
    this.#writeOut();
  }

  /** Gives the stream as much of the queue as it may have. */
  #writeOut(): void {
    while (this.#writesInFlight < WRITES_IN_FLIGHT && this.#queue.length > 0) {
      const buffer = this.#queue[0]!;
      const piece = buffer.nextPiece(SEND_BUFFER_BYTES);
      if (buffer.isHandedOut) this.#queue.shift();
      if (this.#writesInFlight++ === 0) this.#handler.onMoved();
      this.#stream.write(piece, (error) => this.#onWritten(buffer, piece.length, error));
    }
  }

  #onWritten(buffer: SendBuffer, length: number, error: Error | null | undefined): void {
    this.#writesInFlight--;
    this.#unsentBytes -= length;
    // The stream reports its end itself. The buffer may still be in use: left to the collector.
    if (error || this.#stopped) return;
    if (buffer.isDone(length)) sendBuffers.giveBack(buffer);
    if (this.#writesInFlight > 0) this.#handler.onMoved();
    else this.#handler.onIdle();
    this.#writeOut();
    this.#tellWritable();
    if (this.#writesInFlight === 0) this.#flush();
    this.#settle();
  }

  #tellWritable(): void {
    if (!this.#wantsWritable || !this.#open) return;
    if (this.#unsentBytes > this.#highWaterBytes >> 1) return;
    this.#wantsWritable = false;
    this.#handler.onWritable();
  }

  #settle(): void {
    const onDrained = this.#onDrained;
    if (onDrained === undefined || this.#queue.length > 0 || this.#writesInFlight > 0) return;
    this.#onDrained = undefined;
    onDrained();
  }

  #tooLarge(length: number): RpcError {
    const actual = length + FRAME_HEADER_LENGTH;
    const limit = this.#frameLimit;
    const text = `a frame of ${actual} bytes is above maximumFramesize (${limit} bytes on this`;
    return new RpcError('FRAME_TOO_LARGE', `${text} connection)`, { actual, limit });
  }
}
