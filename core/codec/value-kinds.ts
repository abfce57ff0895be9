import { types } from 'node:util';

/** The sorts of objects that the codec tells apart; everything else is a plain object to it. */
export type ObjectKind =
  | 'array'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  | 'error'
  | 'view'
  | 'buffer'
  | 'boxed'
  | 'object';

const typedArrayBase = Object.getPrototypeOf(Uint8Array.prototype) as object;
const tagGetter = Object.getOwnPropertyDescriptor(typedArrayBase, Symbol.toStringTag)!.get!;

/** Constructors of views by their name, those that every supported Node and msgpackr have. */
export const VIEW_CLASSES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type ViewClass = (typeof VIEW_CLASSES)[number];

const viewsByName = new Map<string, ViewClass>(VIEW_CLASSES.map((view) => [view.name, view]));

/** Prototypes of objects without references inside that msgpackr writes faithfully as they are. */
export const LEAF_PROTOTYPES: ReadonlySet<object> = new Set<object>([
  ...VIEW_CLASSES.map((view) => view.prototype),
  Buffer.prototype,
  DataView.prototype,
  ArrayBuffer.prototype,
  Date.prototype,
  RegExp.prototype,
]);

/** The sort of `object` by its internal slots, so for subclasses and other realms too. */
export function kindOf(object: object): ObjectKind {
  if (Array.isArray(object)) return 'array';
  if (ArrayBuffer.isView(object)) return 'view';
  if (types.isMap(object)) return 'map';
  if (types.isSet(object)) return 'set';
  if (types.isNativeError(object) || object instanceof Error) return 'error';
  if (types.isDate(object)) return 'date';
  if (types.isArrayBuffer(object)) return 'buffer';
  if (types.isRegExp(object)) return 'regexp';
  if (types.isBoxedPrimitive(object)) return 'boxed';
  return 'object';
}

/** Why an object must not be copied to another thread as a plain object; undefined when it may. */
export function refusalOf(object: object): string | undefined {
  if (types.isPromise(object)) return 'is a Promise: await it first';
  if (types.isWeakMap(object)) return 'is a WeakMap';
  if (types.isWeakSet(object)) return 'is a WeakSet';
  if (object instanceof WeakRef) return 'is a WeakRef';
  if (types.isSharedArrayBuffer(object)) return 'is a SharedArrayBuffer: pass a view over it';
  if (types.isGeneratorObject(object)) return 'is a generator';
  if (object instanceof EventTarget) return 'is an EventTarget, bound to its thread';
  if ('then' in object && typeof object.then === 'function') return 'is a thenable: await it first';
  return undefined;
}

/** True when the memory behind a view or an ArrayBuffer was transferred away. */
export function isDetached(memory: ArrayBufferView | ArrayBuffer): boolean {
  if (memory.byteLength > 0) return false;
  try {
    new Uint8Array(ArrayBuffer.isView(memory) ? memory.buffer : memory);
    return false;
  } catch {
    return true;
  }
}

/** A view of the built-in class over the same memory; undefined for a class not known to all. */
export function plainView(view: ArrayBufferView): ArrayBufferView | undefined {
  const { buffer, byteOffset, byteLength } = view;
  const name = tagGetter.call(view) as string | undefined;
  if (name === undefined) return new DataView(buffer, byteOffset, byteLength);
  const known = viewsByName.get(name);
  if (known === undefined) return undefined;
  if (Buffer.isBuffer(view)) return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
  return new known(buffer as ArrayBuffer, byteOffset, byteLength / known.BYTES_PER_ELEMENT);
}
