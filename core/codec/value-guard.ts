import type { Attachments } from './attached.js';
import { LEAF_PROTOTYPES, isDetached, kindOf, refusalOf } from './value-kinds.js';
import { Step, notSerializable, pathText } from './value-path.js';
import { addressOfReference } from './value-references.js';
import { isWellFormed } from './value-text.js';

/** How many objects may lie inside one another. */
export const MAX_DEPTH = 512;
/** Objects with more keys are dictionaries: a record layout for each would cost too much. */
export const RECORD_KEYS = 128;
/** Up to this many objects a scan finds a repeated one faster than a Set. */
const SCANNED_OBJECTS = 16;

/** msgpackr writes it faithfully as it is. */
export const PLAIN = 0;
/** One object is met twice (a cycle, maybe): msgpackr must track references. */
export const SHARED = 1;
/** Something inside must be rewritten before msgpackr sees it. */
export const EXACT = 2;

// V8 answers this call for nothing inside `for in`; with `Object.hasOwn` the walk takes a third
// more.
const hasOwn = Object.prototype.hasOwnProperty;

/** Keys that msgpackr renames or trips over. */
export function isOddKey(key: string): boolean {
  return key === '__proto__' || key === '__keys__' || !isWellFormed(key);
}

/** -0, which MessagePack integers cannot hold. */
export function isNegativeZero(value: number): boolean {
  return value === 0 && 1 / value < 0;
}

/**
 * Walks a value before it is packed: msgpackr alone turns functions into undefined and Promises
 * and WeakMaps into `{}`. One per thread and reused; its answer is kept in `findings`.
 */
export class ValueGuard {
  #findings = PLAIN;
  readonly #path: unknown[] = [];
  /** Steps of `#path` that lead to the value at hand. */
  #steps = 0;
  readonly #scanned: object[] = [];
  #seen: Set<object> | undefined;
  #attachments: Attachments | undefined;

  /**
   * Answers {@link PLAIN} or a sum of {@link SHARED} and {@link EXACT}. Throws `NOT_SERIALIZABLE`
   * with the path, which starts with `root`.
   */
  inspect(value: unknown, root: string, attachments: Attachments): number {
    this.#findings = PLAIN;
    this.#attachments = attachments;
    this.#steps = 0;
    try {
      this.#walk(value, 0);
      return this.#findings;
    } catch (error) {
      const path = root + pathText(this.#path.slice(0, this.#steps));
      if (error instanceof Refusal) throw notSerializable(path, error.reason);
      if (error instanceof RangeError && error.message.includes('call stack')) {
        throw notSerializable(path, 'is nested deeper than the stack of this thread allows');
      }
      throw notSerializable(path, 'cannot be read', error);
    } finally {
      this.#path.length = 0;
      this.#scanned.length = 0;
      this.#seen = undefined;
    }
  }

  #walk(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        if (!isWellFormed(value)) this.#findings |= EXACT;
        return;
      case 'number':
        if (isNegativeZero(value)) this.#findings |= EXACT;
        return;
      case 'object':
        if (value !== null) this.#walkObject(value, depth);
        return;
      case 'function':
        throw new Refusal('is a function');
      case 'symbol':
        throw new Refusal('is a symbol');
      default:
    }
  }

  #walkObject(object: object, depth: number): void {
    if (depth >= MAX_DEPTH) throw new Refusal(`is nested more than ${MAX_DEPTH} levels deep`);
    if (this.#isRepeated(object)) {
      this.#findings |= SHARED;
      return;
    }
    const prototype = Object.getPrototypeOf(object) as object | null;
    if (prototype === Object.prototype) this.#walkKeys(object, depth);
    else if (prototype === Array.prototype) this.#walkArray(object as unknown[], depth);
    else this.#walkOther(object, prototype, depth);
  }

  #isRepeated(object: object): boolean {
    if (this.#seen !== undefined) {
      if (this.#seen.has(object)) return true;
      this.#seen.add(object);
      return false;
    }
    const scanned = this.#scanned;
    for (let i = 0; i < scanned.length; i++) if (scanned[i] === object) return true;
    scanned.push(object);
    if (scanned.length >= SCANNED_OBJECTS) this.#seen = new Set(scanned);
    return false;
  }

  #walkKeys(object: object, depth: number): void {
    const fields = object as Record<string, unknown>;
    let count = 0;
    for (const key in fields) {
      if (!hasOwn.call(fields, key)) continue;
      this.#path[depth] = key;
      this.#steps = depth + 1;
      if (isOddKey(key)) this.#findings |= EXACT;
      count++;
      this.#walk(fields[key], depth + 1);
    }
    if (count > RECORD_KEYS) this.#findings |= EXACT;
    this.#steps = depth;
  }

  #walkArray(array: readonly unknown[], depth: number): void {
    for (let i = 0; i < array.length; i++) {
      this.#path[depth] = i;
      this.#steps = depth + 1;
      const value = array[i];
      if (value === undefined && !(i in array)) {
        this.#findings |= EXACT;
        this.#walkKeys(array, depth);
        return;
      }
      this.#walk(value, depth + 1);
    }
    this.#steps = depth;
  }

  /** Everything that is neither a plain object nor a plain array. */
  #walkOther(object: object, prototype: object | null, depth: number): void {
    if (prototype !== null && LEAF_PROTOTYPES.has(prototype)) return this.#walkLeaf(object);
    if (addressOfReference(object) !== undefined) {
      this.#findings |= EXACT;
      return;
    }
    const kind = kindOf(object);
    if (kind === 'map') this.#walkMap(object as Map<unknown, unknown>, depth);
    else if (kind === 'set') this.#walkSet(object as Set<unknown>, depth);
    else if (kind === 'view' || kind === 'buffer') this.#walkLeaf(object);
    else if (kind === 'array') this.#walkArray(object as unknown[], depth);
    else if (kind === 'error') this.#walkError(object as Error, depth);
    else if (kind === 'object') {
      const reason = refusalOf(object);
      if (reason !== undefined) throw new Refusal(reason);
      this.#walkKeys(object, depth);
    }
    if (prototype !== Map.prototype && prototype !== Set.prototype) this.#findings |= EXACT;
  }

  #walkLeaf(object: object): void {
    const isMemory = ArrayBuffer.isView(object) || object instanceof ArrayBuffer;
    if (isMemory && isDetached(object)) throw new Refusal('is a detached buffer');
    if (isMemory && this.#attachments!.accepts(object)) this.#findings |= EXACT;
  }

  #walkMap(map: Map<unknown, unknown>, depth: number): void {
    const step = new Step();
    this.#path[depth] = step;
    for (const [key, value] of map) {
      this.#steps = depth + 1;
      step.member = 'key';
      this.#walk(key, depth + 1);
      step.member = 'value';
      step.key = key;
      this.#walk(value, depth + 1);
      step.index++;
    }
    this.#steps = depth;
  }

  #walkSet(set: Set<unknown>, depth: number): void {
    const step = new Step();
    this.#path[depth] = step;
    for (const value of set) {
      this.#steps = depth + 1;
      this.#walk(value, depth + 1);
      step.index++;
    }
    this.#steps = depth;
  }

  #walkError(error: Error, depth: number): void {
    for (const key of ERROR_FIELDS) {
      this.#path[depth] = key;
      this.#steps = depth + 1;
      this.#walk((error as unknown as Record<string, unknown>)[key], depth + 1);
    }
    this.#steps = depth;
  }
}

/** What of an error travels, apart from its texts. */
export const ERROR_FIELDS = ['code', 'cause', 'errors'] as const;

/** Ends the walk; the path is put together where it is caught. */
class Refusal extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}
