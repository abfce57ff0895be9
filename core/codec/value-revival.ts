import { C1 } from 'msgpackr';
import {
  type Fields,
  MARK_ATTACHED,
  MARK_ERROR,
  MARK_NEGATIVE_ZERO,
  MARK_OBJECT,
  MARK_REFERENCE,
  MARK_SPARSE,
  MARK_TEXT,
} from './value-exact.js';
import { ERROR_FIELDS } from './value-guard.js';
import type { ReferenceReader } from './value-references.js';

/** So many holes of an array may take memory. */
const FREE_HOLES = 16;
const LENGTH_MAX = 2 ** 32 - 1;

/** What marks may name. */
export interface RevivalContext {
  /** Memory beside the record, by number. */
  readonly attached: readonly unknown[];
  readonly readReference: ReferenceReader;
}

/** Puts back what `toExact` marked. Throws on marks that it does not know. */
export function revive(value: unknown, context: RevivalContext): unknown {
  return new Revival(context).of(value);
}

class Revival {
  readonly #done = new Map<object, unknown>();
  readonly #context: RevivalContext;

  constructor(context: RevivalContext) {
    this.#context = context;
  }

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
        return this.#text(mark);
      case MARK_OBJECT:
        return this.#fields(mark);
      case MARK_SPARSE:
        return this.#sparse(mark);
      case MARK_ERROR:
        return this.#error(mark);
      case MARK_REFERENCE:
        return this.#reference(mark);
      case MARK_ATTACHED:
        return this.#attachedAt(mark[2]);
      default:
        throw new TypeError('an unknown mark');
    }
  }

  #text(mark: readonly unknown[]): string {
    const bytes = this.#own(mark[2]);
    if (!Buffer.isBuffer(bytes)) throw new TypeError('a text without bytes');
    const text = bytes.toString('utf16le');
    this.#done.set(mark, text);
    return text;
  }

  /** What a mark is made of belongs to it alone: few bytes can refer to one part very often. */
  #own(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) return part;
    if (this.#done.has(part)) throw new TypeError('a part of two marks');
    this.#done.set(part, part);
    return part;
  }

  #reference([, , address]: readonly unknown[]): unknown {
    if (typeof address !== 'string') throw new TypeError('a reference without its address');
    return this.#context.readReference(address);
  }

  #attachedAt(number: unknown): unknown {
    const view = typeof number === 'number' ? this.#context.attached[number] : undefined;
    if (view === undefined) throw new TypeError('memory that is not beside the record');
    return view;
  }

  #fields(mark: readonly unknown[]): object {
    const entries = listOf(this.#own(mark[2]));
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
    const list = listOf(this.#own(cells));
    if (typeof length !== 'number' || length >>> 0 !== length) throw new TypeError('a length');
    const array: unknown[] = [];
    // V8 gives a length like this no memory, and every shorter one that comes later neither.
    if (length > list.length + FREE_HOLES) array.length = LENGTH_MAX;
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
