import { Buffer } from 'node:buffer';
import { plainView, VIEW_CLASSES } from './value-kinds.js';

/** Memory that a record may name instead of holding it: an ArrayBuffer or a view of any class. */
export type Attachable = ArrayBuffer | ArrayBufferView;

/** What a view is made with. */
interface ViewMaker {
  new (memory: ArrayBufferLike, offset: number, length: number): ArrayBufferView;
}

const BUFFER = 0;
const WHOLE = 1;
const DATA_VIEW = 2;
const FIRST_TYPED = 3;

const numbers = new Map<unknown, number>([
  [Buffer.prototype, BUFFER],
  [ArrayBuffer.prototype, WHOLE],
  [DataView.prototype, DATA_VIEW],
  ...VIEW_CLASSES.map((view, i) => [view.prototype, FIRST_TYPED + i] as const),
]);

/** Number of the class of `memory`, by its internal slots for subclasses; -1 when not known. */
export function classNumberOf(memory: Attachable): number {
  const known = numbers.get(Object.getPrototypeOf(memory));
  if (known !== undefined) return known;
  if (!ArrayBuffer.isView(memory)) return WHOLE;
  const plain = plainView(memory);
  return plain === undefined ? -1 : numbers.get(Object.getPrototypeOf(plain))!;
}

/** What {@link classNumberOf} numbered, over other memory; `length` in bytes. */
export function viewOf(
  number: number,
  memory: ArrayBufferLike,
  offset: number,
  length: number,
): unknown {
  if (number === BUFFER) return Buffer.from(memory, offset, length);
  if (number === WHOLE) return memory;
  if (number === DATA_VIEW) return new DataView(memory, offset, length);
  const view = VIEW_CLASSES[number - FIRST_TYPED]!;
  return new (view as ViewMaker)(memory, offset, length / view.BYTES_PER_ELEMENT);
}
