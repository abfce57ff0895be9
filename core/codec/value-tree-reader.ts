import { RpcError } from '../errors/rpc-error.js';
import { MAX_DEPTH } from './value-guard.js';
import { isDefinedAt, type Shape, ShapeCache } from './value-shape.js';
import {
  TAG_ARRAY,
  TAG_DATE,
  TAG_DICTIONARY,
  TAG_LATIN1,
  TAG_RECORD,
  TAG_UTF16,
  VALUE_HEADER_BYTES,
  padToWord,
  readFloat64,
} from './value-tags.js';

/** What a tree reader reads with: the decoder that found the tree. */
export interface PlainReader {
  readonly words: Int32Array;
  /** Byte offset of the next value; only ever moved forward. */
  position: number;
  /** No value may go past it. */
  end: number;
  /** The next value that is no tree; throws `PROTOCOL_ERROR`. */
  nextPlain(): unknown;
}

/** Shape tables longer than this are not kept. */
const KEPT_SHAPES = 64;

/** Reads what a tree writer wrote, by our own threads or by anybody; builds plain objects. */
export class TreeReader {
  readonly #cache = new ShapeCache();
  /** The table of the tree at hand; before it is read, that of the last one, which is a guess. */
  #shapes: Shape[] = [];
  #count = 0;
  /** Of the tree at hand, words that no array or dictionary has claimed for its values. */
  #wordsLeft = 0;

  /** The tree of `length` bytes at the position of `reader`, which is left behind it. */
  read(reader: PlainReader, length: number): unknown {
    try {
      return this.#tree(reader, length);
    } catch (error) {
      if (error instanceof RpcError) throw error;
      throw new RpcError('PROTOCOL_ERROR', 'an encoded record cannot be read', { cause: error });
    }
  }

  #tree(reader: PlainReader, length: number): unknown {
    const start = reader.position;
    const end = start + length;
    const outerEnd = reader.end;
    const body = length >= 8 ? reader.words[start >> 2]! : -1;
    if (body < 4 || (body & 3) !== 0 || (length & 3) !== 0 || body > length - 8) throw misshapen();
    reader.end = end;
    reader.position = start + 4 + body;
    this.#readShapes(reader);
    if (reader.position !== end) throw misshapen();
    reader.position = start + 4;
    reader.end = start + 4 + body;
    this.#wordsLeft = body >> 2;
    const value = this.#value(reader, 0);
    if (reader.position !== reader.end) throw misshapen();
    reader.position = end;
    reader.end = outerEnd;
    if (this.#shapes.length > KEPT_SHAPES) this.#shapes = [];
    return value;
  }

  #readShapes(reader: PlainReader): void {
    const words = reader.words;
    const count = this.#word(reader);
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const at = reader.position;
      const index = at >> 2;
      if (at + VALUE_HEADER_BYTES > reader.end) throw misshapen();
      const tag = words[index]!;
      const bytes = words[index + 1]!;
      const isText = tag >= TAG_LATIN1 && tag <= TAG_UTF16;
      if (!isText || bytes < 0 || bytes > reader.end - at - VALUE_HEADER_BYTES) throw misshapen();
      const size = (VALUE_HEADER_BYTES + padToWord(bytes)) >> 2;
      const guess = this.#shapes[i];
      if (guess === undefined || !isDefinedAt(guess, words, index, size)) {
        this.#shapes[i] = this.#cache.find(words, index, size, () => reader.nextPlain());
      }
      reader.position = at + (size << 2);
      this.#count = i + 1;
    }
  }

  #value(reader: PlainReader, depth: number): unknown {
    const at = reader.position;
    if (at + 4 > reader.end) throw misshapen();
    switch (reader.words[at >> 2]) {
      case TAG_RECORD:
        reader.position = at + 4;
        return this.#record(reader, depth + 1);
      case TAG_ARRAY:
        reader.position = at + 4;
        return this.#array(reader, depth + 1);
      case TAG_DICTIONARY:
        reader.position = at + 4;
        return this.#dictionary(reader, depth + 1);
      case TAG_DATE:
        if (at + 12 > reader.end) throw misshapen();
        reader.position = at + 12;
        return new Date(readFloat64(reader.words, (at >> 2) + 1));
      default:
        return reader.nextPlain();
    }
  }

  #record(reader: PlainReader, depth: number): object {
    const number = this.#word(reader);
    if (number < 0 || number >= this.#count || depth > MAX_DEPTH) throw misshapen();
    const { Maker, keys } = this.#shapes[number]!;
    const record = new Maker();
    for (let i = 0; i < keys.length; i++) record[keys[i]!] = this.#value(reader, depth);
    return record;
  }

  #array(reader: PlainReader, depth: number): unknown[] {
    const length = this.#length(reader, depth);
    const array = new Array<unknown>(length);
    for (let i = 0; i < length; i++) array[i] = this.#value(reader, depth);
    return array;
  }

  #dictionary(reader: PlainReader, depth: number): object {
    const count = this.#length(reader, depth);
    const fields: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = reader.nextPlain();
      if (typeof key !== 'string' || key === '__proto__') throw misshapen();
      fields[key] = this.#value(reader, depth);
    }
    return fields;
  }

  /**
   * How many values follow. Each has a word of its own at least, also among those around it, so
   * the memory of all the arrays of a tree is bounded by its words.
   */
  #length(reader: PlainReader, depth: number): number {
    const length = this.#word(reader);
    this.#wordsLeft -= length;
    if (length < 0 || this.#wordsLeft < 0 || depth > MAX_DEPTH) throw misshapen();
    return length;
  }

  #word(reader: PlainReader): number {
    const at = reader.position;
    if (at + 4 > reader.end) throw misshapen();
    reader.position = at + 4;
    return reader.words[at >> 2]!;
  }
}

function misshapen(): RpcError {
  return new RpcError('PROTOCOL_ERROR', 'an encoded record is misshapen');
}
