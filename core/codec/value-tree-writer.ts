import type { Attachments } from './attached.js';
import { copyBytes } from './value-bytes.js';
import { MAX_DEPTH, RECORD_KEYS } from './value-guard.js';
import { isDetached } from './value-kinds.js';
import { type Shape, ShapeTree } from './value-shape.js';
import {
  TAG_ARRAY,
  TAG_ATTACHED,
  TAG_BUFFER,
  TAG_BYTES,
  TAG_DATE,
  TAG_DICTIONARY,
  TAG_FALSE,
  TAG_NULL,
  TAG_RECORD,
  TAG_TREE,
  TAG_TRUE,
  TAG_UNDEFINED,
  VALUE_HEADER_BYTES,
  isBigint64,
  padToWord,
  writeBigint64,
  writeFloat64,
  writeNumber,
} from './value-tags.js';
import { textBound, writeText } from './value-text.js';

const INITIAL_WORDS = 1024;
/** Larger memory is let go after use. */
const KEPT_WORDS = 64 * 1024;
/** Up to this many objects a scan finds a repeated one faster than a Set. */
const SCANNED_OBJECTS = 16;
/** Up to this many words a loop beats `set`, which is slow to begin on shared memory. */
const LOOP_COPY_WORDS = 128;
const NUMBER_WORDS = 3;
const HEADER_WORDS = 2;

const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;

const hasOwn = Object.prototype.hasOwnProperty;

/**
 * Writes plain values (objects, arrays, scalars, dates, bytes) in one walk into memory of its own:
 * a getter may run, so a claimed record must not lie open meanwhile. It refuses whatever it cannot
 * keep exactly, and leaves that to the long way, whose guard also says what is wrong with it.
 */
export class TreeWriter {
  #words = new Int32Array(INITIAL_WORDS);
  #bytes = Buffer.from(this.#words.buffer);
  /** Next word to write. */
  #at = 0;
  /** Next word to hand out. */
  #from = 0;
  readonly #shapes = new ShapeTree();
  readonly #used: Shape[] = [];
  #usedCount = 0;
  readonly #scanned = new Array<object | undefined>(SCANNED_OBJECTS).fill(undefined);
  #objects = 0;
  #seen: Set<object> | undefined;
  readonly #attachments: Attachments;

  constructor(attachments: Attachments) {
    this.#attachments = attachments;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#at = 0;
    this.#from = 0;
    if (this.#words.length > KEPT_WORDS) this.#resize(INITIAL_WORDS);
  }

  /** Adds `value` as one tree; answers its bytes, or 0 when it must go the long way. */
  add(value: object): number {
    const start = this.#at;
    const attached = this.#attachments.count;
    let isDone = false;
    try {
      this.#reserve(HEADER_WORDS + 1);
      this.#at = start + HEADER_WORDS + 1;
      isDone = this.#object(value, 0);
      if (isDone) this.#end(start);
    } catch {
      // A getter, a proxy or the stack: the guard walks the same way and says where it was.
      isDone = false;
    }
    this.#forgetObjects();
    if (!isDone) {
      this.#at = start;
      this.#attachments.shrink(attached);
    }
    return (this.#at - start) << 2;
  }

  /** Writes the next tree at byte `offset`; answers the offset behind it. */
  writeNext(words: Int32Array, bytes: Buffer, offset: number): number {
    const from = this.#from;
    const source = this.#words;
    const count = HEADER_WORDS + (source[from + 1]! >> 2);
    if (count <= LOOP_COPY_WORDS) {
      const target = offset >> 2;
      for (let i = 0; i < count; i++) words[target + i] = source[from + i]!;
    } else {
      copyBytes(bytes, offset, this.#bytes.subarray(from << 2, (from + count) << 2));
    }
    this.#from = from + count;
    return offset + (count << 2);
  }

  /** Lengths to the front, shapes to the end. */
  #end(start: number): void {
    const body = this.#at - start - HEADER_WORDS - 1;
    this.#reserve(1);
    this.#words[this.#at++] = this.#usedCount;
    for (let i = 0; i < this.#usedCount; i++) {
      const definition = this.#used[i]!.words;
      this.#reserve(definition.length);
      const words = this.#words;
      const at = this.#at;
      for (let k = 0; k < definition.length; k++) words[at + k] = definition[k]!;
      this.#at = at + definition.length;
    }
    const words = this.#words;
    words[start] = TAG_TREE;
    words[start + 1] = (this.#at - start - HEADER_WORDS) << 2;
    words[start + 2] = body << 2;
  }

  #value(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'number':
        this.#reserve(NUMBER_WORDS);
        this.#at = writeNumber(this.#words, this.#at, value);
        return true;
      case 'string':
        return this.#text(value);
      case 'boolean':
        return this.#tag(value ? TAG_TRUE : TAG_FALSE);
      case 'undefined':
        return this.#tag(TAG_UNDEFINED);
      case 'bigint':
        if (!isBigint64(value)) return false;
        this.#reserve(NUMBER_WORDS);
        this.#at = writeBigint64(this.#words, this.#at, value);
        return true;
      case 'object':
        return value === null ? this.#tag(TAG_NULL) : this.#object(value, depth);
      default:
        return false;
    }
  }

  #tag(tag: number): boolean {
    this.#reserve(1);
    this.#words[this.#at++] = tag;
    return true;
  }

  #text(text: string): boolean {
    this.#reserve(textBound(text) >> 2);
    this.#at = writeText(this.#words, this.#bytes, this.#at << 2, text) >> 2;
    return true;
  }

  #object(object: object, depth: number): boolean {
    if (depth >= MAX_DEPTH || this.#isRepeated(object)) return false;
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype === Object.prototype) return this.#record(object, depth + 1);
    if (prototype === Array.prototype) return this.#array(object as unknown[], depth + 1);
    if (prototype === Date.prototype) return this.#date(object as Date);
    if (this.#attached(object)) return true;
    if (prototype === Buffer.prototype) return this.#content(TAG_BUFFER, object as Buffer);
    return prototype === Uint8Array.prototype && this.#content(TAG_BYTES, object as Uint8Array);
  }

  /** Values first: which shape it is, the last key tells. */
  #record(object: object, depth: number): boolean {
    const start = this.#at;
    const objects = this.#objects;
    const attached = this.#attachments.count;
    this.#reserve(HEADER_WORDS);
    this.#at = start + HEADER_WORDS;
    const fields = object as Record<string, unknown>;
    const shapes = this.#shapes;
    let node = shapes.root;
    let count = 0;
    for (const key in fields) {
      if (!hasOwn.call(fields, key)) continue;
      if (count === RECORD_KEYS || (count === 0 && isIndexLike(key))) {
        this.#at = start;
        this.#forgetSince(objects);
        this.#attachments.shrink(attached);
        return this.#dictionary(fields, depth);
      }
      if (key === '__proto__') return false;
      count++;
      node = shapes.step(node, key);
      if (!this.#value(fields[key], depth)) return false;
    }
    this.#words[start] = TAG_RECORD;
    this.#words[start + 1] = this.#numberOf(node.shape);
    return true;
  }

  /** Place of a shape in the table of this tree. */
  #numberOf(shape: Shape): number {
    const { number } = shape;
    if (number < this.#usedCount && this.#used[number] === shape) return number;
    shape.number = this.#usedCount;
    this.#used[this.#usedCount] = shape;
    return this.#usedCount++;
  }

  /** An object whose keys are data. */
  #dictionary(fields: Record<string, unknown>, depth: number): boolean {
    const start = this.#at;
    this.#reserve(HEADER_WORDS);
    this.#at = start + HEADER_WORDS;
    let count = 0;
    for (const key in fields) {
      if (!hasOwn.call(fields, key)) continue;
      if (key === '__proto__') return false;
      count++;
      this.#text(key);
      if (!this.#value(fields[key], depth)) return false;
    }
    this.#words[start] = TAG_DICTIONARY;
    this.#words[start + 1] = count;
    return true;
  }

  #array(array: readonly unknown[], depth: number): boolean {
    if (!Array.isArray(array)) return false;
    const length = array.length;
    this.#reserve(HEADER_WORDS);
    this.#words[this.#at++] = TAG_ARRAY;
    this.#words[this.#at++] = length;
    for (let i = 0; i < length; i++) {
      const value = array[i];
      if (value === undefined && !(i in array)) return false;
      if (!this.#value(value, depth)) return false;
    }
    return array.length === length;
  }

  #attached(object: object): boolean {
    const number = this.#attachments.add(object);
    if (number < 0) return false;
    this.#reserve(HEADER_WORDS);
    this.#words[this.#at++] = TAG_ATTACHED;
    this.#words[this.#at++] = number;
    return true;
  }

  #content(tag: number, content: Uint8Array): boolean {
    const length = content.length;
    if (length === 0 && isDetached(content)) return false;
    const words = (VALUE_HEADER_BYTES + padToWord(length)) >> 2;
    this.#reserve(words);
    const at = this.#at;
    this.#words[at + words - 1] = 0;
    this.#words[at] = tag;
    this.#words[at + 1] = length;
    this.#bytes.set(content, (at << 2) + VALUE_HEADER_BYTES);
    this.#at = at + words;
    return true;
  }

  #date(date: Date): boolean {
    this.#reserve(NUMBER_WORDS);
    this.#words[this.#at] = TAG_DATE;
    writeFloat64(this.#words, this.#at + 1, Date.prototype.getTime.call(date));
    this.#at += NUMBER_WORDS;
    return true;
  }

  #isRepeated(object: object): boolean {
    const count = this.#objects++;
    if (this.#seen !== undefined) {
      if (this.#seen.has(object)) return true;
      this.#seen.add(object);
      return false;
    }
    const scanned = this.#scanned;
    for (let i = 0; i < count; i++) if (scanned[i] === object) return true;
    if (count < SCANNED_OBJECTS) scanned[count] = object;
    else this.#seen = new Set([...(scanned as object[]), object]);
    return false;
  }

  /** Forgets all objects but the first `count`: they will be met again. */
  #forgetSince(count: number): void {
    if (this.#seen !== undefined) {
      this.#seen = count > SCANNED_OBJECTS ? new Set([...this.#seen].slice(0, count)) : undefined;
    }
    this.#objects = count;
  }

  #forgetObjects(): void {
    const count = Math.min(this.#objects, SCANNED_OBJECTS);
    for (let i = 0; i < count; i++) this.#scanned[i] = undefined;
    this.#objects = 0;
    this.#seen = undefined;
    this.#usedCount = 0;
    if (this.#used.length > SCANNED_OBJECTS) this.#used.length = 0;
  }

  #reserve(words: number): void {
    const needed = this.#at + words;
    if (needed > this.#words.length) this.#resize(Math.max(needed, 2 * this.#words.length));
  }

  #resize(length: number): void {
    const words = new Int32Array(length);
    words.set(this.#words.subarray(0, this.#at));
    this.#words = words;
    this.#bytes = Buffer.from(words.buffer);
  }
}

/** Objects that begin with an index are tables by number, not records. */
function isIndexLike(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= DIGIT_ZERO && first <= DIGIT_NINE;
}
