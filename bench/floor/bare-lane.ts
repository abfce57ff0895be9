import { stampedRecord } from './stamped-record.js';

/** Words that two threads write lie 128 bytes apart. */
const TAIL_INDEX = 32;
const HEAD_INDEX = 64;
const DATA_OFFSET = 512;
const CAPACITY = 1 << 20;
const MASK = CAPACITY - 1;

/** Bytes of the memory of one lane. */
export const BARE_LANE_BYTES = DATA_OFFSET + CAPACITY;

// Constants of the module, which the compiler builds into the code.
const RECORD = stampedRecord();
const { words: WORDS, callIndex: CALL, valueIndex: VALUE, vtableIndex: VTABLE } = RECORD;
const RECORD_BYTES = WORDS.length * 4;
/** Further than this from the start of the ring there is no whole record. */
const LAST_OFFSET = CAPACITY - RECORD_BYTES;
/** More than this in use, and a record with what is skipped in front of it may not fit. */
const FULL_BYTES = CAPACITY - 2 * RECORD_BYTES;

/** What a reader does with a record. */
export type OnRecord = (call: number, value: number) => void;

/**
 * A ring of one producer and one consumer with nothing around it: calls and answers alike are
 * FlatBuffers of one number, stamped from a template. No padding (what does not hold a
 * whole record at the end is skipped), no limits, no errors, no sleep. It is what the machine
 * allows, and the engine is measured against it. Each side opens its own.
 */
export class BareLane {
  readonly #control: Int32Array;
  readonly #data: Int32Array;
  #tail = 0;
  #head = 0;
  #seenHead = 0;
  #isDirty = false;

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#control = new Int32Array(memory, offset, DATA_OFFSET >> 2);
    this.#data = new Int32Array(memory, offset + DATA_OFFSET, CAPACITY >> 2);
  }

  /** Stamps one record; false when the ring is full. */
  write(call: number, value: number): boolean {
    let tail = this.#tail;
    if (((tail - this.#seenHead) | 0) > FULL_BYTES && !this.#hasRoom()) return false;
    let offset = tail & MASK;
    if (offset > LAST_OFFSET) {
      tail = (tail + CAPACITY - offset) | 0;
      offset = 0;
    }
    const data = this.#data;
    const base = offset >> 2;
    for (let i = 0; i < VALUE; i++) data[base + i] = WORDS[i]!;
    data[base + CALL] = call;
    data[base + VALUE] = value;
    this.#tail = (tail + RECORD_BYTES) | 0;
    this.#isDirty = true;
    return true;
  }

  /** Makes what was written visible. */
  publish(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    Atomics.store(this.#control, TAIL_INDEX, this.#tail);
  }

  /** Reads all that is published; answers how many records. */
  drain(onRecord: OnRecord): number {
    const tail = Atomics.load(this.#control, TAIL_INDEX);
    let head = this.#head;
    if (head === tail) return 0;
    const data = this.#data;
    const vtable = WORDS[VTABLE]!;
    let count = 0;
    while (head !== tail) {
      let offset = head & MASK;
      if (offset > LAST_OFFSET) {
        head = (head + CAPACITY - offset) | 0;
        offset = 0;
      }
      const base = offset >> 2;
      if (data[base + VTABLE] !== vtable) throw new Error('a record of another layout');
      onRecord(data[base + CALL]!, data[base + VALUE]!);
      head = (head + RECORD_BYTES) | 0;
      count++;
    }
    this.#head = head;
    Atomics.store(this.#control, HEAD_INDEX, head);
    return count;
  }

  /** Looks at the other side's head again. */
  #hasRoom(): boolean {
    this.#seenHead = Atomics.load(this.#control, HEAD_INDEX);
    return ((this.#tail - this.#seenHead) | 0) <= FULL_BYTES;
  }
}
