import { type PackedValue, packValue } from './value-pack.js';
import { type ValuesOf, notSerializable, rootText } from './value-path.js';
import {
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
import { isDetached } from './value-kinds.js';
import { TreeWriter } from './value-tree-writer.js';

const NUMBER_BOUND = 12;
const TAG_ONLY = 4;
const NO_VALUES: readonly unknown[] = [];
/** Stands for a value that is in the tree writer, in a list of packed ones. */
const IN_TREE = 0;

/** A Uint8Array or Buffer itself; subclasses of them take the long way. */
function isPlainBytes(value: object): value is Uint8Array {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Buffer.prototype || prototype === Uint8Array.prototype;
}

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
  /** What `measure` packed, in the order of the values it stands for; undefined: all are trees. */
  #packed: readonly Packed[] | undefined;
  /** Holds the trees of the values above. */
  #trees = new TreeWriter();
  #isMeasuring = false;

  /**
   * Upper bound, in bytes, of the encoded form of `values[0]` to `values[count - 1]`; a multiple of
   * 4. Objects are packed now and kept until `write`. Throws `NOT_SERIALIZABLE` naming the path.
   */
  measure(values: readonly unknown[], count: number, what: ValuesOf): number {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const bound = inlineBound(values[i], what, i);
      if (bound === 0) return total + this.#measureFrom(i, values, count, what);
      total += bound;
    }
    this.#values = values;
    this.#count = count;
    this.#packed = undefined;
    return total;
  }

  /** The rest of the values; the one at `first` is an object. */
  #measureFrom(first: number, values: readonly unknown[], count: number, what: ValuesOf): number {
    // A getter inside a value may make a call of its own: it gets trees of its own, and nothing is
    // stored here before all values are packed.
    const isNested = this.#isMeasuring;
    const trees = isNested ? new TreeWriter() : this.#trees;
    this.#isMeasuring = true;
    trees.clear();
    let total = 0;
    let packed: Packed[] | undefined;
    let objects = 0;
    try {
      for (let i = first; i < count; i++) {
        const value = values[i];
        const bound = i === first ? 0 : inlineBound(value, what, i);
        total += bound;
        if (bound > 0) continue;
        const tree = typeof value === 'object' ? trees.add(value!) : 0;
        if (tree > 0) packed?.push(IN_TREE);
        else {
          const item = packValue(value, rootText(what, i));
          packed ??= new Array<Packed>(objects).fill(IN_TREE);
          packed.push(item);
          total += VALUE_HEADER_BYTES + padToWord(item.bytes.length);
        }
        total += tree;
        objects++;
      }
    } finally {
      this.#isMeasuring = isNested;
    }
    this.#values = values;
    this.#count = count;
    this.#packed = packed;
    this.#trees = trees;
    return total;
  }

  /**
   * Writes what was measured at byte `offset`, a multiple of 4, into `words` and `bytes`, two views
   * of the same memory. Answers the bytes written, a multiple of 4.
   */
  write(words: Int32Array, bytes: Buffer, offset: number): number {
    const values = this.#values;
    const packed = this.#packed;
    let next = 0;
    let at = offset;
    for (let i = 0; i < this.#count; i++) {
      const end = writeInline(words, bytes, at, values[i]);
      if (end > at) {
        at = end;
        continue;
      }
      const item = packed === undefined ? IN_TREE : packed[next++]!;
      if (item === IN_TREE) at = this.#trees.writeNext(words, bytes, at);
      else at = writePacked(words, bytes, at, item);
    }
    this.#values = NO_VALUES;
    this.#count = 0;
    this.#packed = undefined;
    return at - offset;
  }
}

type Packed = PackedValue | typeof IN_TREE;

/** Upper bound in bytes of a value that needs no packing; 0 for one that does. */
function inlineBound(value: unknown, what: ValuesOf, index: number): number {
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
    case 'object': {
      if (value === null) return TAG_ONLY;
      if (!isPlainBytes(value)) return 0;
      if (value.length === 0 && isDetached(value)) {
        throw notSerializable(rootText(what, index), 'is a detached buffer');
      }
      return VALUE_HEADER_BYTES + padToWord(value.length);
    }
    default:
      return 0;
  }
}

/** Writes a value that needs no packing; answers the offset behind it, or `at` for others. */
function writeInline(words: Int32Array, bytes: Buffer, at: number, value: unknown): number {
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
  }
  if (value === null) {
    words[at >> 2] = TAG_NULL;
    return at + TAG_ONLY;
  }
  if (!isPlainBytes(value as object)) return at;
  const isBuffer = Object.getPrototypeOf(value) === Buffer.prototype;
  words[at >> 2] = isBuffer ? TAG_BUFFER : TAG_BYTES;
  return writeContent(words, bytes, at, value as Uint8Array);
}

function writePacked(words: Int32Array, bytes: Buffer, at: number, packed: PackedValue): number {
  words[at >> 2] = packed.tag;
  return writeContent(words, bytes, at, packed.bytes);
}

/** Length and bytes behind the tag at byte `at`; answers the offset behind them. */
function writeContent(words: Int32Array, bytes: Buffer, at: number, content: Uint8Array): number {
  const length = content.length;
  const end = at + VALUE_HEADER_BYTES + padToWord(length);
  // The last word first, as zero, so that no old byte is left in its padding.
  words[(end >> 2) - 1] = 0;
  words[(at >> 2) + 1] = length;
  bytes.set(content, at + VALUE_HEADER_BYTES);
  return end;
}
