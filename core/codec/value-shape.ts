import { RpcError } from '../errors/rpc-error.js';
import { LIMITS } from '../config/limits.js';
import { RECORD_KEYS } from './value-guard.js';
import { textBound, writeText } from './value-text.js';

/** A maker of empty plain objects. */
type Maker = new () => Record<string, unknown>;

/**
 * The keys of a plain object in their order. Travels as one text value: the keys as a JSON array,
 * whose words are made once and compared as a whole.
 */
export class Shape {
  readonly keys: readonly string[];
  /** The text value that names the keys, as it lies in memory. */
  readonly words: Int32Array;
  /**
   * Makes empty objects. Each shape has a constructor of its own, so V8 learns how many fields its
   * objects get and gives them room for all at once: a third faster than filling `{}`.
   */
  readonly Maker: Maker;
  /** Where its writer put it into the table of the last tree that has it. */
  number = 0;

  constructor(keys: readonly string[], words: Int32Array) {
    this.keys = keys;
    this.words = words;
    const maker = function (): void {};
    maker.prototype = Object.prototype;
    this.Maker = maker as unknown as Maker;
  }
}

function shapeOf(keys: readonly string[]): Shape {
  const text = JSON.stringify(keys);
  const words = new Int32Array(textBound(text) >> 2);
  const length = writeText(words, Buffer.from(words.buffer), 0, text);
  return new Shape(keys, words.slice(0, length >> 2));
}

/** One key after those before it. The usual next key costs one comparison. */
class ShapeNode {
  readonly parent: ShapeNode | undefined;
  readonly key: string;
  #usual: ShapeNode | undefined;
  #others: Map<string, ShapeNode> | undefined;
  #shape: Shape | undefined;

  constructor(parent: ShapeNode | undefined, key: string) {
    this.parent = parent;
    this.key = key;
  }

  /** The node of `key` after this one; undefined when it is not known yet. */
  next(key: string): ShapeNode | undefined {
    const usual = this.#usual;
    if (usual !== undefined && usual.key === key) return usual;
    return this.#others?.get(key);
  }

  add(key: string): ShapeNode {
    const node = new ShapeNode(this, key);
    if (this.#usual === undefined) this.#usual = node;
    else (this.#others ??= new Map()).set(key, node);
    return node;
  }

  /** The shape of an object whose keys end here. */
  get shape(): Shape {
    return (this.#shape ??= shapeOf(this.#keys()));
  }

  #keys(): string[] {
    return this.parent === undefined ? [] : [...this.parent.#keys(), this.key];
  }
}

/**
 * The shapes that one writer has met, as a tree of keys (as V8 keeps its hidden classes). When it
 * is full it begins anew, so it never grows without bound.
 */
export class ShapeTree {
  #root = new ShapeNode(undefined, '');
  #nodes = 0;

  get root(): ShapeNode {
    return this.#root;
  }

  /** The node of `key` after `node`. */
  step(node: ShapeNode, key: string): ShapeNode {
    const known = node.next(key);
    if (known !== undefined) return known;
    if (++this.#nodes > LIMITS.shapeKeys) {
      this.#root = new ShapeNode(undefined, '');
      this.#nodes = 0;
    }
    return node.add(key);
  }
}

/** Slots of the reader's cache; a shape that falls into a slot in use takes its place. */
const CACHE_SLOTS = 512;
/** Definitions longer than this are not kept. */
const CACHED_WORDS = 512;

/** The shapes that one reader has met, found by the words of their definitions. */
export class ShapeCache {
  readonly #slots = new Array<Shape | undefined>(CACHE_SLOTS).fill(undefined);

  /** The shape that `count` words from `index` on define; `textOf` reads that text. */
  find(words: Int32Array, index: number, count: number, textOf: () => unknown): Shape {
    let hash = count;
    for (let i = index; i < index + count; i++) hash = (Math.imul(hash, 31) + words[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && isDefinedAt(known, words, index, count)) return known;
    const shape = new Shape(keysOf(textOf()), words.slice(index, index + count));
    if (count <= CACHED_WORDS) this.#slots[slot] = shape;
    return shape;
  }
}

/** True when the definition of `shape` is what the words from `index` on say. */
export function isDefinedAt(
  shape: Shape,
  words: Int32Array,
  index: number,
  count: number,
): boolean {
  const own = shape.words;
  if (own.length !== count) return false;
  for (let i = 0; i < count; i++) if (own[i] !== words[index + i]) return false;
  return true;
}

/** Keys from outside: distinct texts, and none that an assignment gives another meaning. */
function keysOf(text: unknown): readonly string[] {
  const keys: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
  if (!Array.isArray(keys) || keys.length > RECORD_KEYS) throw notKeys();
  for (const key of keys) if (typeof key !== 'string' || key === '__proto__') throw notKeys();
  if (new Set(keys).size !== keys.length) throw notKeys();
  return keys as string[];
}

function notKeys(): RpcError {
  const rule = `at most ${RECORD_KEYS} distinct keys as a JSON array`;
  return new RpcError('PROTOCOL_ERROR', `the shape of an encoded record is not ${rule}`);
}
