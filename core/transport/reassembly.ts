import { align } from '../base/sequence.js';
import { noteYoungBuffer } from '../base/young-generation.js';
import type { FrameSource } from './frame-source.js';
import {
  BEGIN_BODY_BYTES,
  FRAME_ALIGNMENT,
  frameLengthOf,
  OPEN_MESSAGES_MAX,
} from './frame-descriptor.js';

/** A record that arrives in parts: memory of its own, of exactly its length. */
export class IncomingMessage implements FrameSource {
  readonly isGivenAway = true;
  readonly type: number;
  readonly length: number;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  #received = 0;

  constructor(type: number, length: number) {
    this.type = type;
    this.length = length;
    // Pages that nobody touched cost nothing, so memory grows with the bytes received. Not zeroed:
    // nobody sees it before all of it is overwritten.
    const memory = Buffer.allocUnsafeSlow(align(length, FRAME_ALIGNMENT));
    noteYoungBuffer(length);
    this.bytes = memory;
    this.words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
  }

  /** Bytes that are still to come, the padding of the last part included. */
  get missingBytes(): number {
    return this.bytes.length - this.#received;
  }

  get receivedBytes(): number {
    return this.#received;
  }

  get isComplete(): boolean {
    return this.#received === this.bytes.length;
  }

  /** Takes `chunk[from, to)`: the one copy between the socket and the record. */
  take(chunk: Buffer, from: number, to: number): void {
    chunk.copy(this.bytes, this.#received, from, to);
    this.#received += to - from;
  }
}

/**
 * The messages of one connection whose parts are still coming. A message is judged when it begins,
 * before memory is made for it: all of them together may not be longer than one longest frame, so
 * that parts are no way around `maximumFramesize`.
 */
export class Reassembly {
  readonly #open = new Map<number, IncomingMessage>();
  #openBytes = 0;

  /** Messages under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes the body of a BEGIN at `words[index]`; why it is refused, in words, or undefined. */
  begin(stream: number, words: Int32Array, index: number, limit: number): string | undefined {
    const length = words[index]! >>> 0;
    const type = words[index + 1]! >>> 0;
    const frameLength = length <= limit ? frameLengthOf(length) : length;
    if (frameLength > limit) {
      return `frame length ${frameLength} of a message is above the limit of ${limit}`;
    }
    if (length === 0 || type > 0xffef) return `a message of type ${type} and length ${length}`;
    if (this.#open.has(stream)) return `message ${stream} began twice`;
    if (this.#open.size >= OPEN_MESSAGES_MAX) {
      return `more than ${OPEN_MESSAGES_MAX} messages are under way`;
    }
    if (this.#openBytes + frameLength > limit) {
      return `messages under way take more than the limit of ${limit} together`;
    }
    this.#openBytes += frameLength;
    this.#open.set(stream, new IncomingMessage(type, length));
    return undefined;
  }

  /** The message that a part with `bytes` bytes belongs to; in words, why there is none. */
  partOf(stream: number, bytes: number): IncomingMessage | string {
    const message = this.#open.get(stream);
    if (message === undefined) return `a part of message ${stream}, which has not begun`;
    if (bytes === 0) return `a part of message ${stream} is empty`;
    if (bytes <= message.missingBytes) return message;
    return `a part of ${bytes} bytes of message ${stream}, which lacks ${message.missingBytes}`;
  }

  /** Bytes that are here of messages that are not complete. */
  get receivedBytes(): number {
    let sum = 0;
    for (const message of this.#open.values()) sum += message.receivedBytes;
    return sum;
  }

  /** Takes a message out once all of it is here. */
  finish(stream: number): void {
    const message = this.#open.get(stream)!;
    this.#openBytes -= frameLengthOf(message.length);
    this.#open.delete(stream);
  }

  /** Drops what is not complete. */
  clear(): void {
    this.#open.clear();
    this.#openBytes = 0;
  }
}

/** What {@link BEGIN_BODY_BYTES} hold. */
export function writeBegin(words: Int32Array, index: number, length: number, type: number): void {
  words[index] = length;
  words[index + 1] = type;
}

/** True when a BEGIN has the one length that it may have. */
export function isBeginLength(bodyLength: number): boolean {
  return bodyLength === BEGIN_BODY_BYTES;
}
