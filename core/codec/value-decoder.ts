import { RpcError } from '../errors/rpc-error.js';
import { type TicketSource, fetchAttached } from './attached.js';
import { allocateBuffer, copyInto } from './value-bytes.js';
import { unpackValue } from './value-pack.js';
import type { ReferenceReader } from './value-references.js';
import {
  TAG_ATTACHED,
  TAG_BIGINT64,
  TAG_BUFFER,
  TAG_BYTES,
  TAG_FALSE,
  TAG_FLOAT64,
  TAG_INT32,
  TAG_LATIN1,
  TAG_MSGPACK,
  TAG_NULL,
  TAG_TREE,
  TAG_TRUE,
  TAG_UNDEFINED,
  TAG_UTF16,
  TAG_UTF8,
  VALUE_HEADER_BYTES,
  padToWord,
  readBigint64,
  readFloat64,
} from './value-tags.js';
import { type PlainReader, TreeReader } from './value-tree-reader.js';
import { readLatin1, readUtf16, readUtf8 } from './value-text.js';

/** From this length on a Buffer may be a view of memory that came with it alone. */
const VIEW_BYTES_MIN = 16 * 1024;

/**
 * Reads encoded values one after the other; one per thread, reused. Every answer is a copy, so the
 * memory may be overwritten afterwards, unless {@link keepMemory} says that nobody will. It never
 * reads outside the stretch it was started with.
 */
export class ValueDecoder implements PlainReader {
  words: Int32Array = new Int32Array(0);
  position = 0;
  end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** Whoever knows actors puts references here; without them their addresses arrive as text. */
  readReference: ReferenceReader = (address) => address;
  #keepsMemory = false;
  #lends = false;
  readonly #trees = new TreeReader();
  /** Memory beside the record, by the number that its values name. */
  #attached: unknown[] = [];

  /** Begins at byte `offset`, a multiple of 4, of two views of the same memory. */
  start(words: Int32Array, bytes: Buffer, offset: number, length: number): void {
    this.words = words;
    this.#bytes = bytes;
    this.position = offset;
    this.end = Math.min(offset + length, words.length << 2);
    this.#keepsMemory = false;
    this.#lends = false;
    if (this.#attached.length > 0) this.#attached = [];
  }

  /**
   * Nobody else uses the memory: a Buffer that takes most of it is a view, not a copy. Only one
   * can, so that handing its memory on takes nothing from another value.
   */
  keepMemory(): void {
    this.#keepsMemory = true;
  }

  /** Bytes that follow are views of the memory itself: for who reads them before it is reused. */
  lendBytes(): void {
    this.#lends = true;
  }

  /** Fetches what the header in front of the values names. */
  fetchAttached(source: TicketSource): void {
    this.position = fetchAttached(this.words, this.position, source, this.#attached);
  }

  /** True when every byte has been read. */
  get isAtEnd(): boolean {
    return this.position >= this.end;
  }

  /** The next value; throws `PROTOCOL_ERROR` when the bytes end early or make no sense. */
  next(): unknown {
    const at = this.position;
    if (at + 4 > this.end) throw endsEarly();
    const tag = this.words[at >> 2]!;
    return tag >= TAG_MSGPACK ? this.#nextComposite(tag, at) : this.nextPlain();
  }

  /** The next value, which must hold no others. */
  nextPlain(): unknown {
    const at = this.position;
    if (at + 4 > this.end) throw endsEarly();
    const words = this.words;
    const index = at >> 2;
    switch (words[index]) {
      case TAG_INT32:
        this.#advance(8);
        return words[index + 1];
      case TAG_FLOAT64:
        this.#advance(12);
        return readFloat64(words, index + 1);
      case TAG_UNDEFINED:
        this.position = at + 4;
        return undefined;
      case TAG_NULL:
        this.position = at + 4;
        return null;
      case TAG_FALSE:
        this.position = at + 4;
        return false;
      case TAG_TRUE:
        this.position = at + 4;
        return true;
      case TAG_BIGINT64:
        this.#advance(12);
        return readBigint64(words, index + 1);
      default:
        return this.#nextWithLength(words[index]!, at);
    }
  }

  /** All values up to the end, at most `count`; throws as {@link next} does. */
  take(count: number): unknown[] {
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.next());
    return values;
  }

  #advance(length: number): void {
    const next = this.position + length;
    if (next > this.end) throw endsEarly();
    this.position = next;
  }

  /** Length in bytes of the content behind tag and length; the position is left before it. */
  #enterContent(at: number): number {
    const start = at + VALUE_HEADER_BYTES;
    if (start > this.end) throw endsEarly();
    const length = this.words[(at >> 2) + 1]!;
    const left = this.end - start;
    if (length < 0 || length > left || padToWord(length) > left) throw endsEarly();
    this.position = start;
    return length;
  }

  #nextWithLength(tag: number, at: number): unknown {
    if (tag === TAG_ATTACHED) return this.#nextAttached(at);
    if (tag < TAG_LATIN1 || tag > TAG_BUFFER) throw unknownTag(tag);
    const length = this.#enterContent(at);
    const start = this.position;
    this.position = start + padToWord(length);
    const bytes = this.#bytes;
    switch (tag) {
      case TAG_LATIN1:
        return readLatin1(this.words, bytes, start, length);
      case TAG_UTF8:
        return readUtf8(bytes, start, start + length);
      case TAG_UTF16:
        return readUtf16(bytes, start, start + length);
      case TAG_BYTES:
        if (this.#lends) return bytes.subarray(start, start + length);
        return copyInto(new Uint8Array(length), bytes, start);
      default:
        if (this.#lends) return bytes.subarray(start, start + length);
        if (this.#keepsMemory && length >= VIEW_BYTES_MIN && length * 2 > bytes.length) {
          return bytes.subarray(start, start + length);
        }
        return copyInto(allocateBuffer(length), bytes, start);
    }
  }

  #nextAttached(at: number): unknown {
    this.#advance(8);
    const view = this.#attached[this.words[(at >> 2) + 1]!];
    if (view !== undefined) return view;
    throw new RpcError('PROTOCOL_ERROR', 'an encoded value is not beside its record');
  }

  #nextComposite(tag: number, at: number): unknown {
    if (tag > TAG_TREE) return this.#nextWithLength(tag, at);
    const length = this.#enterContent(at);
    if (tag === TAG_TREE) return this.#trees.read(this, length);
    const start = this.position;
    this.position = start + padToWord(length);
    const { readReference } = this;
    const context = { attached: this.#attached, readReference };
    return unpackValue({ bytes: this.#bytes, start, length }, tag, context);
  }
}

function endsEarly(): RpcError {
  return new RpcError('PROTOCOL_ERROR', 'an encoded value goes past the end of its bytes');
}

function unknownTag(tag: number): RpcError {
  return new RpcError('PROTOCOL_ERROR', `an encoded value has the unknown tag ${tag}`);
}
