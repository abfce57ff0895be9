import { RpcError } from '../errors/rpc-error.js';
import { FULL } from '../memory/lane-writer.js';
import type { RecordOutlet } from '../memory/record-outlet.js';
import type { ByteStream } from './byte-stream.js';
import { orderKeyOf } from '../codec/order-key.js';
import { RECORD_CANCEL } from '../codec/stamps.js';
import {
  FRAME_HEADER_LENGTH,
  FRAME_KINDS,
  FRAME_LANES,
  FRAME_LENGTH_MAX,
  bodyLimitOf,
  frameLengthOf,
  frameTag,
  kindOfTag,
  readFrameLength,
  readFrameTag,
  writeFrameHeader,
} from './frame-descriptor.js';
import {
  keepBehind,
  messageBytes,
  OutgoingMessage,
  OutgoingMessages,
} from './outgoing-messages.js';
import { type SendBuffer, sendBuffers } from './send-buffer.js';

/**
 * Bytes that the stream may hold at a time. Few, so that what leaves shows that the peer still
 * reads and the next call is not far behind; enough to go out while more is written.
 */
const IN_FLIGHT_BYTES = 512 * 1024;
/** Parts of a message in one write; one when other records wait. */
const PARTS_A_WRITE = 4;

/** Bounds of an {@link Outbound}, in bytes. */
export interface OutboundLimits {
  /** Longest frame that both sides accept. */
  readonly frameLimit: number;
  /** `claim` answers FULL when more than this would be waiting to be sent. */
  readonly highWaterBytes: number;
}

/** Takes a record: its type, and where its body lies. */
export type UnsentHandler = (type: number, words: Int32Array, offset: number) => void;

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
 * slow peer gets fewer and larger writes. Long records go in parts, in turns with the others.
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
  /** Buffers closed for writing that the stream does not have yet. */
  readonly #queue: SendBuffer[] = [];
  /** Buffers ever put into the queue. */
  #queued = 0;
  readonly #messages: OutgoingMessages;
  #hasMessages = false;
  #isMessageTurn = false;
  #bytesInFlight = 0;
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
    this.#messages = new OutgoingMessages(limits.frameLimit);
  }

  /** Bytes committed and not yet in the hands of the system. */
  get unsentBytes(): number {
    return this.#unsentBytes;
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
    this.#unsentBytes += required;
    if (!this.#flushScheduled) this.#scheduleFlush();
    if (this.#capacity > FRAME_LENGTH_MAX) return this.#commitLarge(length, type);
    if (this.#hasMessages && this.#isKeptBehind(offset, end, type)) return;
    this.#used = end;
  }

  /** Gives the stream what is committed, as much of it as the stream may hold. */
  flush(): void {
    this.#closeCurrent();
    this.#writeOut();
  }

  /** Hands over every record that cannot arrive any more: the stream does not have all of it. */
  forEachUnsent(handler: UnsentHandler): void {
    for (const buffer of this.#queue) eachFrame(buffer, buffer.filled, handler);
    if (this.#current) eachFrame(this.#current, this.#used, handler);
    for (const message of this.#messages.unsent()) eachBehind([message], handler);
  }

  /** Takes no more records, drops what is not with the stream yet, gives nothing back. */
  stop(): void {
    this.#open = false;
    this.#stopped = true;
    this.#capacity = this.#used = 0;
    this.#current = undefined;
    this.#queue.length = 0;
    this.#messages.clear();
    this.#hasMessages = false;
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
      const isLarge = required > FRAME_LENGTH_MAX;
      this.#use(sendBuffers.take(isLarge ? messageBytes(required) : required));
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
    else this.#enqueue(buffer, this.#used);
    this.#capacity = this.#used = 0;
  }

  #enqueue(buffer: SendBuffer, filled: number): void {
    buffer.filled = filled;
    this.#queue.push(buffer);
    this.#queued++;
  }

  /** The current buffer holds this record alone: a message, unless it has become short. */
  #commitLarge(length: number, type: number): void {
    const buffer = this.#current!;
    const key = orderKeyOf(this.words, FRAME_HEADER_LENGTH, type);
    const required = frameLengthOf(length);
    this.#current = undefined;
    this.#capacity = this.#used = 0;
    if (required > FRAME_LENGTH_MAX) {
      this.#messages.add(new OutgoingMessage(buffer, { length, type, key }), this.#queued);
      this.#hasMessages = true;
      return;
    }
    const head = this.#messages.headOf(key);
    if (head === undefined) return this.#enqueue(buffer, required);
    keepBehind(head, buffer.bytes.subarray(0, required));
    sendBuffers.giveBack(buffer);
  }

  /** True when the frame in `[offset, end)` went behind a message to the same endpoint. */
  #isKeptBehind(offset: number, end: number, type: number): boolean {
    const frame = this.bytes.subarray(offset, end);
    if (type === RECORD_CANCEL) return this.#isKeptBehindAll(frame);
    const key = orderKeyOf(this.words, offset + FRAME_HEADER_LENGTH, type);
    const head = this.#messages.headOf(key);
    if (head === undefined) return false;
    keepBehind(head, frame);
    return true;
  }

  /**
   * A cancellation that arrives before its call is lost, and does not say where that is going: so
   * one follows each message that the call may be, or may be behind. All but one find nothing.
   */
  #isKeptBehindAll(frame: Uint8Array): boolean {
    let copies = 0;
    for (const head of this.#messages.heads()) {
      keepBehind(head, frame);
      if (copies++ > 0) this.#unsentBytes += frame.length;
    }
    return copies > 0;
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
    if (this.#open && (this.#bytesInFlight === 0 || this.#hasMessages)) this.flush();
  }

  /** Gives the stream as much as it may have: buffers and parts of messages in turns. */
  #writeOut(): void {
    while (this.#bytesInFlight < IN_FLIGHT_BYTES) {
      const hasQueue = this.#queue.length > 0;
      const isMessageTurn = this.#hasMessages && (this.#isMessageTurn || !hasQueue);
      this.#isMessageTurn = !isMessageTurn;
      if (isMessageTurn && this.#writeParts(hasQueue ? 1 : PARTS_A_WRITE)) continue;
      if (!hasQueue) return;
      const buffer = this.#queue.shift()!;
      const length = buffer.filled;
      this.#begin(length);
      this.#stream.write(buffer.bytes.subarray(0, length), (error) => {
        this.#onWritten(length, error, buffer);
      });
    }
  }

  /** Gives the stream the next parts of a message; false when none may go yet. */
  #writeParts(limit: number): boolean {
    const message = this.#messages.next(this.#queued - this.#queue.length);
    if (message === undefined) return false;
    const { buffers, bytes, isLast } = message.next(limit);
    this.#begin(bytes);
    const buffer = isLast ? message.buffer : undefined;
    this.#stream.writeAll(buffers, (error) => this.#onWritten(bytes, error, buffer));
    if (!isLast) return true;
    const followers = this.#messages.finish(message);
    this.#hasMessages = !this.#messages.isEmpty;
    this.#letGo(followers);
    return true;
  }

  /** What waited behind a message goes on, up to the next message among it. */
  #letGo(followers: (SendBuffer | OutgoingMessage)[]): void {
    for (const [i, follower] of followers.entries()) {
      if (follower instanceof OutgoingMessage) {
        follower.behind.push(...followers.slice(i + 1));
        this.#messages.add(follower, this.#queued);
        this.#hasMessages = true;
        return;
      }
      this.#enqueue(follower, follower.filled);
    }
  }

  #begin(bytes: number): void {
    if (this.#bytesInFlight === 0) this.#handler.onMoved();
    this.#bytesInFlight += bytes;
  }

  /** `buffer` when nothing of it is left to be written. */
  #onWritten(bytes: number, error: Error | null | undefined, buffer: SendBuffer | undefined): void {
    this.#bytesInFlight -= bytes;
    this.#unsentBytes -= bytes;
    // The stream reports its end itself. The buffer may still be in use: left to the collector.
    if (error || this.#stopped) return;
    if (buffer) sendBuffers.giveBack(buffer);
    if (this.#bytesInFlight > 0) this.#handler.onMoved();
    else this.#handler.onIdle();
    // Between two parts of a message everything else gets its turn.
    if (this.#hasMessages) this.#closeCurrent();
    this.#writeOut();
    this.#tellWritable();
    if (this.#bytesInFlight === 0) this.#flush();
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
    if (onDrained === undefined || this.#queue.length > 0) return;
    if (this.#hasMessages || this.#bytesInFlight > 0) return;
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

function eachBehind(
  records: readonly (SendBuffer | OutgoingMessage)[],
  handler: UnsentHandler,
): void {
  for (const record of records) {
    if (record instanceof OutgoingMessage) {
      handler(record.type, record.buffer.words, FRAME_HEADER_LENGTH);
      eachBehind(record.behind, handler);
    } else {
      eachFrame(record, record.filled, handler);
    }
  }
}

function eachFrame({ words }: SendBuffer, end: number, handler: UnsentHandler): void {
  for (let at = 0; at < end; at += readFrameLength(words, at >> 2)) {
    const type = kindOfTag(readFrameTag(words, at >> 2)) - FRAME_KINDS.record;
    handler(type, words, at + FRAME_HEADER_LENGTH);
  }
}
