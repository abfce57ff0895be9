import { C1 } from 'msgpackr';
import type { Attachments } from './attached.js';
import { ERROR_FIELDS, RECORD_KEYS, isNegativeZero, isOddKey } from './value-guard.js';
import { kindOf, plainView } from './value-kinds.js';
import { addressOfReference } from './value-references.js';
import { isWellFormed } from './value-text.js';

/**
 * What MessagePack cannot hold travels as an array that starts with C1 (the one code that
 * MessagePack never uses, so no value of a user can look like it) and one of these numbers.
 */
export const MARK_NEGATIVE_ZERO = 0;
export const MARK_TEXT = 1;
export const MARK_OBJECT = 2;
export const MARK_SPARSE = 3;
export const MARK_ERROR = 4;
export const MARK_REFERENCE = 5;
/** Memory beside the record, by its number. */
export const MARK_ATTACHED = 6;

/** What {@link ExactCopy} made: `value` for msgpackr, `isMarked` when the reader must revive it. */
export interface ExactValue {
  readonly value: unknown;
  readonly isMarked: boolean;
}

/** A copy of a guarded value that msgpackr writes without loss; sharing and cycles are kept. */
export function toExact(value: unknown, attachments: Attachments): ExactValue {
  const copy = new ExactCopy(attachments);
  return { value: copy.of(value), isMarked: copy.isMarked };
}

class ExactCopy {
  isMarked = false;
  readonly #copies = new Map<object, unknown>();
  readonly #attachments: Attachments;

  constructor(attachments: Attachments) {
    this.#attachments = attachments;
  }

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
    const address = addressOfReference(object);
    if (address !== undefined) return this.#mark(MARK_REFERENCE, address);
    const kind = kindOf(object);
    if (kind === 'array') return this.#array(object as unknown[]);
    if (kind === 'map') return this.#map(object as Map<unknown, unknown>);
    if (kind === 'set') return this.#set(object as Set<unknown>);
    if (kind === 'error') return this.#error(object as Error);
    if (kind === 'object') return this.#fields(object as Record<string, unknown>);
    const copy = this.#leaf(object, kind);
    this.#copies.set(object, copy);
    return copy;
  }

  #leaf(object: object, kind: LeafKind): unknown {
    const number = this.#attachments.add(object);
    return number < 0 ? leafCopy(object, kind) : this.#mark(MARK_ATTACHED, number);
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

type LeafKind = 'date' | 'regexp' | 'view' | 'buffer' | 'boxed';

/** An object as a bag of fields. */
export type Fields = Record<string, unknown>;

function isIndex(key: string): boolean {
  const index = Number(key);
  return index >>> 0 === index && String(index) === key;
}

/** Subclasses and objects of another realm become the built-in class that msgpackr knows. */
function leafCopy(object: object, kind: LeafKind): unknown {
  if (kind === 'date') return new Date(Date.prototype.getTime.call(object));
  if (kind === 'regexp') return new RegExp((object as RegExp).source, (object as RegExp).flags);
  if (kind === 'buffer') return (object as ArrayBuffer).slice(0);
  if (kind === 'boxed') return object.valueOf();
  const view = plainView(object as ArrayBufferView);
  if (view === undefined) throw new TypeError('a view of a class that not every Node knows');
  return view;
}
