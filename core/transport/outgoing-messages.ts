import { align } from '../base/sequence.js';
import {
  BEGIN_BODY_BYTES,
  FRAME_ALIGNMENT,
  FRAME_HEADER_LENGTH,
  FRAME_KINDS,
  FRAME_LANES,
  frameLengthOf,
  frameTag,
  OPEN_MESSAGES_MAX,
  PART_BYTES,
  writeFrameHeader,
  writeStream,
} from './frame-descriptor.js';
import { writeBegin } from './reassembly.js';
import { type SendBuffer, sendBuffers } from './send-buffer.js';

const BEGIN_FRAME_BYTES = FRAME_HEADER_LENGTH + BEGIN_BODY_BYTES;
/** So often the oldest message goes on instead of the one with the least left. */
const OLDEST_EVERY = 4;

/** What goes to the stream in one write. */
export interface Pieces {
  readonly buffers: readonly Buffer[];
  /** How much of the record it is; of the last one also the header that it was claimed with. */
  readonly bytes: number;
  /** Nothing of it is left to be sent. */
  readonly isLast: boolean;
}

/** A record that is longer than a frame may be, and what must stay behind it. */
export class OutgoingMessage {
  /** The body lies behind room for a header, as that of every claim. */
  readonly buffer: SendBuffer;
  /** Records of one key keep their order; 0 for one that may go at any time. */
  readonly key: number;
  /** Of the same key, in sending order: they follow when all of this one is on its way. */
  readonly behind: (SendBuffer | OutgoingMessage)[] = [];
  /** Buffers of the queue that must be on their way before: see {@link OutgoingMessages}. */
  after = 0;
  readonly #length: number;
  readonly #type: number;
  /** Index of the headers in the words of the buffer, behind the body. */
  readonly #headersAt: number;
  #stream = 0;
  #sent = 0;

  constructor(buffer: SendBuffer, record: { length: number; type: number; key: number }) {
    this.buffer = buffer;
    this.key = record.key;
    this.#length = record.length;
    this.#type = record.type;
    this.#headersAt = this.frameLength >> 2;
  }

  /** What it counts against bounds: as one frame. */
  get frameLength(): number {
    return frameLengthOf(this.#length);
  }

  get type(): number {
    return this.#type;
  }

  get bytesLeft(): number {
    return align(this.#length, FRAME_ALIGNMENT) - this.#sent;
  }

  /** Gives it its number among those on the wire. */
  begin(stream: number): void {
    this.#stream = stream;
  }

  /** The next parts, at most `limit`; before the first one its BEGIN. */
  next(limit: number): Pieces {
    const from = this.#sent;
    const buffers: Buffer[] = [];
    for (let i = 0; i < limit && this.bytesLeft > 0; i++) {
      const bytes = Math.min(this.bytesLeft, PART_BYTES);
      const start = FRAME_HEADER_LENGTH + this.#sent;
      buffers.push(this.#header(bytes), this.buffer.bytes.subarray(start, start + bytes));
      this.#sent += bytes;
    }
    const isLast = this.bytesLeft === 0;
    const bytes = this.#sent - from + (isLast ? FRAME_HEADER_LENGTH : 0);
    return { buffers, bytes, isLast };
  }

  #header(bytes: number): Buffer {
    const part = Math.floor(this.#sent / PART_BYTES);
    const index = this.#headersAt + ((BEGIN_FRAME_BYTES + part * FRAME_HEADER_LENGTH) >> 2);
    this.#write(index, FRAME_HEADER_LENGTH + bytes, FRAME_KINDS.part);
    const isFirst = part === 0;
    const from = isFirst ? this.#headersAt : index;
    if (isFirst) {
      this.#write(from, BEGIN_FRAME_BYTES, FRAME_KINDS.begin);
      const body = from + (FRAME_HEADER_LENGTH >> 2);
      writeBegin(this.buffer.words, body, this.#length, this.#type);
    }
    return this.buffer.bytes.subarray(from << 2, (index << 2) + FRAME_HEADER_LENGTH);
  }

  #write(index: number, length: number, kind: number): void {
    writeFrameHeader(this.buffer.words, index, length, frameTag(kind, FRAME_LANES.data));
    writeStream(this.buffer.words, index, this.#stream);
  }
}

/** Memory that a message of `frameLength` bytes needs, the headers of its parts included. */
export function messageBytes(frameLength: number): number {
  const parts = Math.ceil(frameLength / PART_BYTES);
  return frameLength + BEGIN_FRAME_BYTES + parts * FRAME_HEADER_LENGTH;
}

/**
 * The long records of one connection. Others go between their parts, but what has the key of one
 * of them stays behind it: a call to the same endpoint. The message with the least left goes
 * first, which leaves equal ones in sending order, and every fourth time the oldest one.
 */
export class OutgoingMessages {
  /** As the receiver counts: all messages under way together are at most one longest frame. */
  readonly #frameLimit: number;
  /** On the wire, oldest first. */
  readonly #open: OutgoingMessage[] = [];
  readonly #waiting: OutgoingMessage[] = [];
  /** By key, the message that others are behind. */
  readonly #heads = new Map<number, OutgoingMessage>();
  #openBytes = 0;
  #streams = 0;
  #turns = 0;

  constructor(frameLimit: number) {
    this.#frameLimit = frameLimit;
  }

  get isEmpty(): boolean {
    return this.#open.length === 0 && this.#waiting.length === 0;
  }

  /** The message that a record of this key must stay behind. */
  headOf(key: number): OutgoingMessage | undefined {
    return key === 0 ? undefined : this.#heads.get(key);
  }

  /** All messages that something may be behind. */
  heads(): Iterable<OutgoingMessage> {
    return this.#heads.values();
  }

  /** Takes one; `after` is the number of buffers that must be on their way before it. */
  add(message: OutgoingMessage, after: number): void {
    const head = this.headOf(message.key);
    if (head) return void head.behind.push(message);
    message.after = after;
    this.#waiting.push(message);
    if (message.key !== 0) this.#heads.set(message.key, message);
  }

  /** The message whose turn it is, when `handedOut` buffers of the queue are on their way. */
  next(handedOut: number): OutgoingMessage | undefined {
    this.#openMore(handedOut);
    const open = this.#open;
    let chosen = open[0];
    if (open.length < 2 || ++this.#turns % OLDEST_EVERY === 0) return chosen;
    for (const message of open) if (message.bytesLeft < chosen!.bytesLeft) chosen = message;
    return chosen;
  }

  /** All of it is on its way: answers what was behind it, in order. */
  finish(message: OutgoingMessage): (SendBuffer | OutgoingMessage)[] {
    this.#open.splice(this.#open.indexOf(message), 1);
    this.#openBytes -= message.frameLength;
    this.#heads.delete(message.key);
    return message.behind;
  }

  /** All that are not wholly on their way, without what is behind them. */
  *unsent(): Iterable<OutgoingMessage> {
    yield* this.#open;
    yield* this.#waiting;
  }

  /** Forgets them all. */
  clear(): void {
    this.#open.length = this.#waiting.length = 0;
    this.#heads.clear();
  }

  #openMore(handedOut: number): void {
    while (this.#open.length < OPEN_MESSAGES_MAX) {
      const message = this.#waiting[0];
      if (message === undefined || message.after > handedOut) return;
      if (this.#openBytes + message.frameLength > this.#frameLimit) return;
      this.#waiting.shift();
      this.#openBytes += message.frameLength;
      this.#streams = (this.#streams + 1) & 0x7fff_ffff;
      message.begin(this.#streams);
      this.#open.push(message);
    }
  }
}

/** A copy of a frame that stays behind a message, in the last buffer there or in a new one. */
export function keepBehind(message: OutgoingMessage, frame: Uint8Array): void {
  let last = message.behind.at(-1);
  if (last === undefined || last instanceof OutgoingMessage || !hasRoom(last, frame.length)) {
    last = sendBuffers.take(frame.length);
    last.filled = 0;
    message.behind.push(last);
  }
  last.bytes.set(frame, last.filled);
  last.filled += frame.length;
}

function hasRoom(buffer: SendBuffer, length: number): boolean {
  return buffer.capacity - buffer.filled >= length;
}
