import type { RecordSource } from '../memory/lane-reader.js';
import {
  FENCED_INVOCATION,
  INVOCATION,
  type InvocationLayout,
  RECORD_FENCED_INVOCATION,
  REPLY,
} from './stamps.js';

/**
 * A typed view over one stamped invocation where it lies (Agrona flyweight). One object per
 * thread is wrapped around record after record, so reading a call allocates nothing. Only for
 * records with the template's layout: lanes carry no others, frames are checked before.
 */
export class InvocationEnvelope {
  words: Int32Array = new Int32Array(0);
  bytes: Buffer = Buffer.alloc(0);
  type = 0;
  /** Byte offset of the record's FlatBuffer. */
  offset = 0;
  #base = 0;
  #layout: InvocationLayout = INVOCATION;

  wrap(source: RecordSource, type: number, offset: number): void {
    this.words = source.words;
    this.bytes = source.bytes;
    this.type = type;
    this.offset = offset;
    this.#base = offset >> 2;
    this.#layout = type === RECORD_FENCED_INVOCATION ? FENCED_INVOCATION : INVOCATION;
  }

  /** 0 for a tell. */
  get call(): number {
    return this.words[this.#base + this.#layout.call]!;
  }

  get recipient(): number {
    return this.words[this.#base + this.#layout.recipient]!;
  }

  get incarnation(): number {
    return this.words[this.#base + this.#layout.incarnation]!;
  }

  /** Milliseconds on the service's time line, wrapping; 0 = none. */
  get deadline(): number {
    return this.words[this.#base + this.#layout.deadline]!;
  }

  /** Only for private memory: turns the time left that a frame carries into a deadline here. */
  set deadline(deadline: number) {
    this.words[this.#base + this.#layout.deadline] = deadline;
  }

  get method(): number {
    return this.words[this.#base + this.#layout.methodWord]! >>> 16;
  }

  get argumentCount(): number {
    return (this.words[this.#base + this.#layout.methodWord]! >>> 8) & 0xff;
  }

  get flags(): number {
    return this.words[this.#base + this.#layout.methodWord]! & 0xff;
  }

  get payloadLength(): number {
    return this.words[this.#base + this.#layout.payloadLength]!;
  }

  /** Byte offset of the encoded arguments. */
  get payloadOffset(): number {
    return this.offset + ((this.#layout.payloadLength + 1) << 2);
  }

  get isFenced(): boolean {
    return this.#layout.token >= 0;
  }

  /** Word 0 to 3 of the fencing token; only when {@link isFenced}. */
  tokenWord(index: number): number {
    return this.words[this.#base + this.#layout.token + index]!;
  }
}

/** A typed view over one stamped reply where it lies. */
export class ReplyEnvelope {
  words: Int32Array = new Int32Array(0);
  bytes: Buffer = Buffer.alloc(0);
  offset = 0;
  #base = 0;

  wrap(source: RecordSource, offset: number): void {
    this.words = source.words;
    this.bytes = source.bytes;
    this.offset = offset;
    this.#base = offset >> 2;
  }

  get call(): number {
    return this.words[this.#base + REPLY.call]!;
  }

  get status(): number {
    return this.words[this.#base + REPLY.statusWord]! >>> 24;
  }

  get flags(): number {
    return (this.words[this.#base + REPLY.statusWord]! >>> 16) & 0xff;
  }

  get payloadLength(): number {
    return this.words[this.#base + REPLY.payloadLength]!;
  }

  get payloadOffset(): number {
    return this.offset + ((REPLY.payloadLength + 1) << 2);
  }
}
