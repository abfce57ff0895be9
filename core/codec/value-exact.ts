import { C1 } from 'msgpackr';
import { ERROR_FIELDS, RECORD_KEYS, isNegativeZero, isOddKey } from './value-guard.js';
import { kindOf, plainView } from './value-kinds.js';
import { isWellFormed } from './value-text.js';

/**
 * What MessagePack cannot hold travels as an array that starts with C1 (the one code that
 * MessagePack never uses, so no value of a user can look like it) and one of these numbers.
 */
const MARK_NEGATIVE_ZERO = 0;
const MARK_TEXT = 1;
const MARK_OBJECT = 2;
const MARK_SPARSE = 3;
const MARK_ERROR = 4;

/** What {@link ExactCopy} made: `value` for msgpackr, `isMarked` when the reader must revive it. */
export interface ExactValue {
  readonly value: unknown;
  readonly isMarked: boolean;
}

/** A copy of a guarded value that msgpackr writes without loss; sharing and cycles are kept. */
export function toExact(value: unknown): ExactValue {
  const copy = new ExactCopy();
  return { value: copy.of(value), isMarked: copy.isMarked };
}

class ExactCopy {
  isMarked = false;
  readonly #copies = new Map<object, unknown>();

  of(value: unknown): unknown {
    if (typeof value === 'string') {
      if (isWellFormed(value)) return value;
      return this.#mark(MARK_TEXT, Buffer.from(value, 'utf16le'));
    }
    if (typeof value === 'number' && isNegativeZero(value)) return this.#mark(MARK_NEGATIVE_ZERO);
    if (typeof value !== 'object' || value === null) return value;
    if (this.#copies.has(value)) return this.#copies.get(value);
    return this.#object(value);
  }

  #mark(...content: unknown[]): unknown[] {
    this.isMarked = true;
    return [C1, ...content];
  }

  #object(object: object): unknown {
    const kind = kindOf(object);
    if (kind === 'array') return this.#array(object as unknown[]);
    if (kind === 'map') return this.#map(object as Map<unknown, unknown>);
    if (kind === 'set') return this.#set(object as Set<unknown>);
    if (kind === 'error') return this.#error(object as Error);
    if (kind === 'object') return this.#fields(object as Record<string, unknown>);
    const copy = leafCopy(object, kind);
    this.#copies.set(object, copy);
    return copy;
  }

  #array(array: readonly unknown[]): unknown[] {
    const keys = Object.keys(array).filter((key) => isIndex(key));
    if (keys.length < array.length) {
      const cells: unknown[] = [];
      const sparse = this.#mark(MARK_SPARSE, array.length, cells);
      this.#copies.set(array, sparse);
      for (const key of keys) cells.push(Number(key), this.of(array[Number(key)]));
      return sparse;
    }
    const copy: unknown[] = [];
    this.#copies.set(array, copy);
    for (let i = 0; i < array.length; i++) copy.push(this.of(array[i]));
    return copy;
  }

  #map(map: Map<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    this.#copies.set(map, copy);
    for (const [key, value] of Map.prototype.entries.call(map) as Iterable<[unknown, unknown]>) {
      copy.set(this.of(key), this.of(value));
    }
    return copy;
  }

  #set(set: Set<unknown>): Set<unknown> {
    const copy = new Set<unknown>();
    this.#copies.set(set, copy);
    for (const value of Set.prototype.values.call(set) as Iterable<unknown>)
      copy.add(this.of(value));
    return copy;
  }

  #fields(object: Record<string, unknown>): unknown {
    const keys = Object.keys(object);
    if (keys.length > RECORD_KEYS || keys.some((key) => isOddKey(key))) {
      const entries: unknown[] = [];
      const marked = this.#mark(MARK_OBJECT, entries);
      this.#copies.set(object, marked);
      for (const key of keys) entries.push(this.of(key), this.of(object[key]));
      return marked;
    }
    const copy: Record<string, unknown> = {};
    this.#copies.set(object, copy);
    for (const key of keys) copy[key] = this.of(object[key]);
    return copy;
  }

  #error(error: Error): unknown[] {
    const texts = [error.name, error.message, error.stack].map((text) => {
      return typeof text === 'string' ? this.of(text) : undefined;
    });
    const marked = this.#mark(MARK_ERROR, ...texts);
    this.#copies.set(error, marked);
    for (const key of ERROR_FIELDS) {
      if (key in error) marked.push(key, this.of((error as unknown as Fields)[key]));
    }
    return marked;
  }
}

type Fields = Record<string, unknown>;

function isIndex(key: string): boolean {
  const index = Number(key);
  return index >>> 0 === index && String(index) === key;
}

/** Subclasses and objects of another realm become the built-in class that msgpackr knows. */
function leafCopy(object: object, kind: 'date' | 'regexp' | 'view' | 'buffer' | 'boxed'): unknown {
  if (kind === 'date') return new Date(Date.prototype.getTime.call(object));
  if (kind === 'regexp') return new RegExp((object as RegExp).source, (object as RegExp).flags);
  if (kind === 'buffer') return (object as ArrayBuffer).slice(0);
  if (kind === 'boxed') return object.valueOf();
  const view = plainView(object as ArrayBufferView);
  if (view === undefined) throw new TypeError('a view of a class that not every Node knows');
  return view;
}

/** Puts back what {@link toExact} marked. Throws on marks that it does not know. */
export function revive(value: unknown): unknown {
  return new Revival().of(value);
}

class Revival {
  readonly #done = new Map<object, unknown>();

  of(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value === C1) return value;
    if (this.#done.has(value)) return this.#done.get(value);
    if (Array.isArray(value)) {
      if (value[0] === C1) return this.#marked(value);
      this.#done.set(value, value);
      for (let i = 0; i < value.length; i++) value[i] = this.of(value[i]);
      return value;
    }
    this.#done.set(value, value);
    if (value instanceof Map) this.#map(value);
    else if (value instanceof Set) this.#set(value);
    else if (!ArrayBuffer.isView(value)) {
      const fields = value as Fields;
      for (const key of Object.keys(fields)) fields[key] = this.of(fields[key]);
    }
    return value;
  }

  /** Keys may be marked too, so all entries are put in again, in their order. */
  #map(map: Map<unknown, unknown>): void {
    const entries = [...map];
    map.clear();
    for (const [key, value] of entries) map.set(this.of(key), this.of(value));
  }

  #set(set: Set<unknown>): void {
    const values = [...set];
    set.clear();
    for (const value of values) set.add(this.of(value));
  }

  #marked(mark: readonly unknown[]): unknown {
    switch (mark[1]) {
      case MARK_NEGATIVE_ZERO:
        return -0;
      case MARK_TEXT:
        if (!Buffer.isBuffer(mark[2])) throw new TypeError('a text without bytes');
        return mark[2].toString('utf16le');
      case MARK_OBJECT:
        return this.#fields(mark);
      case MARK_SPARSE:
        return this.#sparse(mark);
      case MARK_ERROR:
        return this.#error(mark);
      default:
        throw new TypeError('an unknown mark');
    }
  }

  #fields(mark: readonly unknown[]): object {
    const entries = listOf(mark[2]);
    const object: Fields = {};
    this.#done.set(mark, object);
    for (let i = 0; i + 1 < entries.length; i += 2) {
      const key = this.of(entries[i]);
      if (typeof key !== 'string') throw new TypeError('a key that is no text');
      const value = this.of(entries[i + 1]);
      if (key !== '__proto__') object[key] = value;
      else {
        const own = { value, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(object, key, own);
      }
    }
    return object;
  }

  #sparse(mark: readonly unknown[]): unknown[] {
    const [, , length, cells] = mark;
    const list = listOf(cells);
    if (typeof length !== 'number' || length >>> 0 !== length) throw new TypeError('a length');
    const array: unknown[] = [];
    this.#done.set(mark, array);
    for (let i = 0; i + 1 < list.length; i += 2) {
      const index = list[i];
      if (typeof index !== 'number' || !(index >= 0 && index < length))
        throw new TypeError('a cell');
      array[index] = this.of(list[i + 1]);
    }
    array.length = length;
    return array;
  }

  #error(mark: readonly unknown[]): Error {
    const [, , name, message, stack] = mark;
    const error = emptyError(this.of(name), this.of(message), this.of(stack));
    this.#done.set(mark, error);
    for (let i = 5; i + 1 < mark.length; i += 2) {
      const key = ERROR_FIELDS.find((field) => field === mark[i]);
      if (key === undefined) throw new TypeError('an unknown field of an error');
      const value = this.of(mark[i + 1]);
      const enumerable = key === 'code';
      Object.defineProperty(error, key, { value, writable: true, enumerable, configurable: true });
    }
    return error;
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a mark without its list');
  return value;
}

/** The only classes that a name from outside can choose. */
const errorClasses = new Map<unknown, ErrorConstructor>([
  ['EvalError', EvalError],
  ['RangeError', RangeError],
  ['ReferenceError', ReferenceError],
  ['SyntaxError', SyntaxError],
  ['TypeError', TypeError],
  ['URIError', URIError],
]);

function emptyError(name: unknown, message: unknown, stack: unknown): Error {
  const known = errorClasses.get(name);
  const limit = Error.stackTraceLimit;
  // Where it is decoded says nothing, and taking a stack is the dearest part of making an error.
  Error.stackTraceLimit = 0;
  const error = new (known ?? Error)(typeof message === 'string' ? message : '');
  Error.stackTraceLimit = limit;
  const hidden = { writable: true, enumerable: false, configurable: true };
  if (known === undefined && typeof name === 'string' && name !== 'Error') {
    Object.defineProperty(error, 'name', { value: name, ...hidden });
  }
  const trace = typeof stack === 'string' ? stack : undefined;
  Object.defineProperty(error, 'stack', { value: trace, ...hidden });
  return error;
}
