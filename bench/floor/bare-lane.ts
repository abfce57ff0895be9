import type { StampedRecord } from './stamped-record.js';

/** Words that two threads write lie 128 bytes apart. */
const TAIL_INDEX = 32;
const HEAD_INDEX = 64;
const DATA_OFFSET = 512;
const CAPACITY = 1 << 20;
const MASK = CAPACITY - 1;

/** Bytes of the memory of one lane. */
export const BARE_LANE_BYTES = DATA_OFFSET + CAPACITY;

/** What a reader does with a record. */
export type OnRecord = (call: number, value: number) => void;

/**
 * A ring of one producer and one consumer with nothing around it: no padding (every record has the
 * same length and the last incomplete one is skipped), no limits, no errors, no sleep. It is what
 * the machine allows, and the engine is measured against it. Each side opens its own.
 */
export class BareLane {
  readonly #control: Int32Array;
  readonly #data: Int32Array;
  readonly #record: StampedRecord;
  readonly #recordBytes: number;
  /** Positions from here to the end of the ring hold no whole record. */
  readonly #lastOffset: number;
  #tail = 0;
  #head = 0;
  #seenHead = 0;
  #isDirty = false;

  constructor(memory: SharedArrayBuffer, offset: number, record: StampedRecord) {
    this.#control = new Int32Array(memory, offset, DATA_OFFSET >> 2);
    this.#data = new Int32Array(memory, offset + DATA_OFFSET, CAPACITY >> 2);
    this.#record = record;
    this.#recordBytes = record.words.length * 4;
    this.#lastOffset = CAPACITY - this.#recordBytes;
  }

  /** Stamps one record; false when the ring is full. */
  write(call: number, value: number): boolean {
    if (!this.#hasRoom()) return false;
    let offset = this.#tail & MASK;
    if (offset > this.#lastOffset) {
      this.#tail = (this.#tail + CAPACITY - offset) | 0;
      offset = 0;
    }
    const { words, callIndex, valueIndex } = this.#record;
    const data = this.#data;
    const base = offset >> 2;
    for (let i = 0; i < words.length; i++) data[base + i] = words[i]!;
    data[base + callIndex] = call;
    data[base + valueIndex] = value;
    this.#tail = (this.#tail + this.#recordBytes) | 0;
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
    if (this.#head === tail) return 0;
    const { words, callIndex, valueIndex, vtableIndex } = this.#record;
    const data = this.#data;
    const vtable = words[vtableIndex]!;
    let count = 0;
    while (this.#head !== tail) {
      let offset = this.#head & MASK;
      if (offset > this.#lastOffset) {
        this.#head = (this.#head + CAPACITY - offset) | 0;
        offset = 0;
      }
      const base = offset >> 2;
      if (data[base + vtableIndex] !== vtable) throw new Error('a record of another layout');
      onRecord(data[base + callIndex]!, data[base + valueIndex]!);
      this.#head = (this.#head + this.#recordBytes) | 0;
      count++;
    }
    Atomics.store(this.#control, HEAD_INDEX, this.#head);
    return count;
  }

  /** Room for one record and what may have to be skipped in front of it. */
  #hasRoom(): boolean {
    const limit = CAPACITY - 2 * this.#recordBytes;
    if (((this.#tail - this.#seenHead) | 0) <= limit) return true;
    this.#seenHead = Atomics.load(this.#control, HEAD_INDEX);
    return ((this.#tail - this.#seenHead) | 0) <= limit;
  }
}
