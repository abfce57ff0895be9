import { RpcError } from '../errors/rpc-error.js';
import { unpackValue } from './value-pack.js';
import {
  TAG_BIGINT64,
  TAG_BUFFER,
  TAG_BYTES,
  TAG_FALSE,
  TAG_FLOAT64,
  TAG_INT32,
  TAG_LATIN1,
  TAG_MSGPACK,
  TAG_MSGPACK_EXACT,
  TAG_NULL,
  TAG_TRUE,
  TAG_UNDEFINED,
  TAG_UTF16,
  TAG_UTF8,
  VALUE_HEADER_BYTES,
  padToWord,
  readBigint64,
  readFloat64,
} from './value-tags.js';
import { readLatin1, readUtf16, readUtf8 } from './value-text.js';

/** Up to this many bytes a loop beats making a view to copy from. */
const LOOP_COPY_BYTES = 16;

/**
 * Reads encoded values one after the other; one per thread, reused. Every answer is a copy, so the
 * memory may be overwritten afterwards. It never reads outside the stretch it was started with.
 */
export class ValueDecoder {
  #words: Int32Array = new Int32Array(0);
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** Begins at byte `offset`, a multiple of 4, of two views of the same memory. */
  start(words: Int32Array, bytes: Buffer, offset: number, length: number): void {
    this.#words = words;
    this.#bytes = bytes;
    this.#at = offset;
    this.#end = Math.min(offset + length, words.length << 2);
  }

  /** Byte offset of the next value. */
  get position(): number {
    return this.#at;
  }

  /** True when every byte has been read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The next value; throws `PROTOCOL_ERROR` when the bytes end early or make no sense. */
  next(): unknown {
    const at = this.#at;
    if (at + 4 > this.#end) throw endsEarly();
    const words = this.#words;
    const index = at >> 2;
    switch (words[index]) {
      case TAG_INT32:
        this.#advance(8);
        return words[index + 1];
      case TAG_FLOAT64:
        this.#advance(12);
        return readFloat64(words, index + 1);
      case TAG_UNDEFINED:
        this.#at = at + 4;
        return undefined;
      case TAG_NULL:
        this.#at = at + 4;
        return null;
      case TAG_FALSE:
        this.#at = at + 4;
        return false;
      case TAG_TRUE:
        this.#at = at + 4;
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
    const next = this.#at + length;
    if (next > this.#end) throw endsEarly();
    this.#at = next;
  }

  #nextWithLength(tag: number, at: number): unknown {
    if (tag < TAG_LATIN1 || tag > TAG_MSGPACK_EXACT) {
      throw new RpcError('PROTOCOL_ERROR', `an encoded value has the unknown tag ${tag}`);
    }
    if (at + VALUE_HEADER_BYTES > this.#end) throw endsEarly();
    const words = this.#words;
    const bytes = this.#bytes;
    const length = words[(at >> 2) + 1]!;
    const start = at + VALUE_HEADER_BYTES;
    if (length < 0 || length > this.#end - start) throw endsEarly();
    this.#advance(VALUE_HEADER_BYTES + padToWord(length));
    switch (tag) {
      case TAG_LATIN1:
        return readLatin1(words, bytes, start, length);
      case TAG_UTF8:
        return readUtf8(bytes, start, start + length);
      case TAG_UTF16:
        return readUtf16(bytes, start, start + length);
      case TAG_BYTES:
        return copyInto(new Uint8Array(length), bytes, start);
      case TAG_BUFFER:
        return copyInto(Buffer.allocUnsafeSlow(length), bytes, start);
      case TAG_MSGPACK:
      case TAG_MSGPACK_EXACT:
        return unpackValue(bytes, start, length, tag);
      default:
        throw new RpcError('PROTOCOL_ERROR', `an encoded value has the unknown tag ${tag}`);
    }
  }
}

function endsEarly(): RpcError {
  return new RpcError('PROTOCOL_ERROR', 'an encoded value goes past the end of its bytes');
}

function copyInto<T extends Uint8Array>(target: T, bytes: Buffer, start: number): T {
  const length = target.length;
  if (length > LOOP_COPY_BYTES) bytes.copy(target, 0, start, start + length);
  else for (let i = 0; i < length; i++) target[i] = bytes[start + i]!;
  return target;
}
