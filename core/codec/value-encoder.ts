import { isRpcError } from '../errors/rpc-error.js';
import { Attachments, type Carrier } from './attached.js';
import { copyBytes } from './value-bytes.js';
import { isDetached } from './value-kinds.js';
import { type PackedValue, packValue } from './value-pack.js';
import { type ValuesOf, notSerializable, rootText } from './value-path.js';
import {
  TAG_ATTACHED,
  TAG_BUFFER,
  TAG_BYTES,
  TAG_FALSE,
  TAG_NULL,
  TAG_TRUE,
  TAG_UNDEFINED,
  VALUE_HEADER_BYTES,
  isBigint64,
  padToWord,
  writeBigint64,
  writeNumber,
} from './value-tags.js';
import { textBound, writeText } from './value-text.js';
import { TreeWriter } from './value-tree-writer.js';

const NUMBER_BOUND = 12;
const TAG_ONLY = 4;
const ATTACHED_BYTES = 8;
/** Node defines `Buffer` as a getter of the global object, which costs more than the comparison. */
const BUFFER_PROTOTYPE: object = Buffer.prototype;
const BYTES_PROTOTYPE: object = Uint8Array.prototype;
const NO_VALUES: readonly unknown[] = [];

/**
 * Encodes argument lists and results into words of memory: `measure`, find room, `write`. One per
 * thread, reused; scalars, short texts and bytes cost no allocation.
 *
 * Structured-clone rules: Map, Set, Date, RegExp, BigInt, typed arrays, ArrayBuffer, errors (name,
 * message, code, stack, cause, errors), sparse arrays, cycles. Instances of classes arrive as plain
 * objects of their own enumerable fields; a Buffer arrives as a Buffer.
 */
export class ValueEncoder {
  #values = NO_VALUES;
  #count = 0;
  /** The objects among the values; undefined when there are none. */
  #objects: Objects | undefined;
  #idle: Objects | undefined = new Objects();

  /**
   * Upper bound, in bytes, of the encoded form of `values[0]` to `values[count - 1]`; a multiple of
   * 4. Objects are packed now and kept until `write`; memory that is shared, moved or big is left
   * to `carrier`, if there is one. Throws `NOT_SERIALIZABLE` naming the path.
   */
  measure(values: readonly unknown[], count: number, what: ValuesOf, carrier?: Carrier): number {
    let total = 0;
    let objects: Objects | undefined;
    for (let i = 0; i < count; i++) {
      const bound = scalarBound(values[i]);
      if (bound === 0) {
        // A getter inside a value may make a call of its own, which then finds nobody idle.
        objects = this.#idle ?? new Objects();
        this.#idle = undefined;
        total += this.#measureFrom(i, values, count, objects.begin(what, carrier));
        break;
      }
      total += bound;
    }
    this.#values = values;
    this.#count = count;
    this.#objects = objects;
    return total;
  }

  /** True when what was measured names memory beside the record; its flags must say so. */
  get isAttached(): boolean {
    return this.#objects !== undefined && this.#objects.attachments.count > 0;
  }

  /** Bytes that `write` will hand to the carrier. */
  get besideBytes(): number {
    return this.#objects?.attachments.besideBytes ?? 0;
  }

  /** After a call without carrier has left: detaches what `move` has given away. */
  letGo(): void {
    this.#objects?.attachments.letGo();
  }

  /**
   * Writes what was measured at byte `offset`, a multiple of 4, into `words` and `bytes`, two views
   * of the same memory. Answers the bytes written, a multiple of 4. Throws `NOT_SERIALIZABLE`
   * when memory was detached meanwhile.
   */
  write(words: Int32Array, bytes: Buffer, offset: number): number {
    const values = this.#values;
    const objects = this.#objects;
    let at = offset;
    if (objects !== undefined) at += objects.attachments.headerBytes;
    for (let i = 0; i < this.#count; i++) {
      const end = writeScalar(words, bytes, at, values[i]);
      at = end > at ? end : objects!.writeNext(words, bytes, at, values[i]);
    }
    // Last, because it may take memory away from its owners here.
    if (objects !== undefined) objects.end(words, offset);
    this.#values = NO_VALUES;
    this.#count = 0;
    return at - offset;
  }

  /** The rest of the values, of which the first is an object. */
  #measureFrom(first: number, values: readonly unknown[], count: number, objects: Objects): number {
    let total = 0;
    try {
      for (let i = first; i < count; i++) {
        total += scalarBound(values[i]) || objects.add(values[i], i);
      }
    } finally {
      this.#idle = objects;
    }
    return total + objects.attachments.headerBytes;
  }
}

/** Where an object is, if it is not packed: as a tree in the writer, or still where it was. */
const IN_TREE = -1;
const BUFFER_IN_PLACE = -2;
const BYTES_IN_PLACE = -3;
/** From 0 on: its number among the attachments. */
type Item = PackedValue | number;

/** The objects of one list of values, made ready before room is claimed for them. */
class Objects {
  readonly attachments = new Attachments();
  readonly #trees = new TreeWriter(this.attachments);
  readonly #items: Item[] = [];
  /** Of those in place, as measured: a getter of a later value may let them grow. */
  readonly #lengths: number[] = [];
  #count = 0;
  #next = 0;
  #what: ValuesOf = 'arguments';

  begin(what: ValuesOf, carrier: Carrier | undefined): this {
    this.#what = what;
    this.#count = 0;
    this.#next = 0;
    this.#trees.clear();
    this.attachments.clear(carrier);
    return this;
  }

  /** Bytes that `value` will take; `index` is its place in the list. */
  add(value: unknown, index: number): number {
    if (typeof value === 'object' && value !== null) {
      const bytes = this.#tryObject(value, index);
      if (bytes > 0) return bytes;
    }
    const packed = packValue(value, rootText(this.#what, index), this.attachments);
    this.#items[this.#count++] = packed;
    return VALUE_HEADER_BYTES + padToWord(packed.bytes.length);
  }

  /** Writes the next object, which is `value`, at byte `at`; answers the offset behind it. */
  writeNext(words: Int32Array, bytes: Buffer, at: number, value: unknown): number {
    const item = this.#items[this.#next]!;
    if (item === IN_TREE) {
      this.#next++;
      return this.#trees.writeNext(words, bytes, at);
    }
    if (typeof item !== 'number') {
      this.#items[this.#next++] = IN_TREE;
      words[at >> 2] = item.tag;
      return writeContent(words, bytes, at, item.bytes);
    }
    const measured = this.#lengths[this.#next++]!;
    if (item < 0) {
      const content = value as Uint8Array;
      words[at >> 2] = item === BUFFER_IN_PLACE ? TAG_BUFFER : TAG_BYTES;
      const isGrown = content.length > measured;
      return writeContent(words, bytes, at, isGrown ? content.subarray(0, measured) : content);
    }
    words[at >> 2] = TAG_ATTACHED;
    words[(at >> 2) + 1] = item;
    return at + ATTACHED_BYTES;
  }

  /** Sends the attachments, whose header has been left free at byte `offset`. */
  end(words: Int32Array, offset: number): void {
    if (this.attachments.count === 0) return;
    // Before anything is sent: nobody would fetch what came without its record.
    if (this.attachments.isDetached) {
      throw notSerializable(this.#what, 'held memory that was detached while they were read');
    }
    this.attachments.write(words, offset);
  }

  /** As {@link #addObject}; a proxy or a view of lost memory throws whatever is asked of it. */
  #tryObject(value: object, index: number): number {
    try {
      return this.#addObject(value, index);
    } catch (error) {
      if (isRpcError(error)) throw error;
      throw notSerializable(rootText(this.#what, index), 'cannot be read', error);
    }
  }

  /** 0 for what must be packed. */
  #addObject(value: object, index: number): number {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== Array.prototype) {
      const number = this.attachments.add(value);
      if (number >= 0) {
        this.#items[this.#count++] = number;
        return ATTACHED_BYTES;
      }
      if (prototype === BUFFER_PROTOTYPE) {
        return this.#addBytes(value as Uint8Array, index, BUFFER_IN_PLACE);
      }
      if (prototype === BYTES_PROTOTYPE) {
        return this.#addBytes(value as Uint8Array, index, BYTES_IN_PLACE);
      }
    }
    const bytes = this.#trees.add(value);
    if (bytes > 0) this.#items[this.#count++] = IN_TREE;
    return bytes;
  }

  #addBytes(value: Uint8Array, index: number, place: number): number {
    if (value.length === 0 && isDetached(value)) {
      throw notSerializable(rootText(this.#what, index), 'is a detached buffer');
    }
    this.#lengths[this.#count] = value.length;
    this.#items[this.#count++] = place;
    return VALUE_HEADER_BYTES + padToWord(value.length);
  }
}

/** Upper bound in bytes of a value that is no object; 0 for objects and what cannot travel. */
function scalarBound(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return NUMBER_BOUND;
    case 'string':
      return textBound(value);
    case 'boolean':
    case 'undefined':
      return TAG_ONLY;
    case 'bigint':
      return isBigint64(value) ? NUMBER_BOUND : 0;
    default:
      return value === null ? TAG_ONLY : 0;
  }
}

/** Writes what {@link scalarBound} knows; answers the offset behind it, or `at` for others. */
function writeScalar(words: Int32Array, bytes: Buffer, at: number, value: unknown): number {
  switch (typeof value) {
    case 'number':
      return writeNumber(words, at >> 2, value) << 2;
    case 'string':
      return writeText(words, bytes, at, value);
    case 'boolean':
      words[at >> 2] = value ? TAG_TRUE : TAG_FALSE;
      return at + TAG_ONLY;
    case 'undefined':
      words[at >> 2] = TAG_UNDEFINED;
      return at + TAG_ONLY;
    case 'bigint':
      return isBigint64(value) ? writeBigint64(words, at >> 2, value) << 2 : at;
    default:
      if (value !== null) return at;
      words[at >> 2] = TAG_NULL;
      return at + TAG_ONLY;
  }
}

/** Length and bytes behind the tag at byte `at`; answers the offset behind them. */
function writeContent(words: Int32Array, bytes: Buffer, at: number, content: Uint8Array): number {
  const { length } = content;
  const end = at + VALUE_HEADER_BYTES + padToWord(length);
  // The last word first, as zero, so that no old byte is left in its padding.
  words[(end >> 2) - 1] = 0;
  words[(at >> 2) + 1] = length;
  copyBytes(bytes, at + VALUE_HEADER_BYTES, content);
  return end;
}
