import {
  FENCED_INVOCATION,
  INVOCATION,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
} from '../codec/stamps.js';
import { LIMITS } from '../config/limits.js';
import type { RecordSource } from '../memory/lane-reader.js';
import { FULL, type LaneWriter } from '../memory/lane-writer.js';
import { RECORD_ALIGNMENT, RECORD_HEADER_LENGTH } from '../memory/record-descriptor.js';

const CHUNK_BYTES = 256 * 1024;

/** Takes a record that lies at `offset` of `source`, or leaves it: false. */
export type TakeRecord = (
  source: RecordSource,
  type: number,
  offset: number,
  length: number,
) => boolean;

/** Private memory with records laid out as in a lane. */
class Chunk {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  /** Byte offsets: where the next record is read, and where the next is written. */
  head = 0;
  tail = 0;

  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
  }
}

/** Copies the body of a record; word by word is the fastest way into shared memory. */
export function copyRecord(
  from: { readonly words: Int32Array; readonly offset: number },
  to: { readonly words: Int32Array; readonly offset: number },
  length: number,
): void {
  const source = from.offset >> 2;
  const target = to.offset >> 2;
  for (let i = 0; i < (length + 3) >> 2; i++) to.words[target + i] = from.words[source + i]!;
}

/**
 * Records in private memory, in order, bounded by count and bytes: those that wait at the sender
 * because the lane is full, and those that wait at the receiver because it waits itself.
 * It has the claim and commit of a lane, so that a stamp does not know the difference.
 */
export class Backlog {
  readonly #limit: number;
  readonly #chunks: Chunk[] = [];
  #count = 0;
  #bytes = 0;
  /** Kept until the backlog changes: many calls that wait here miss their deadlines in one tick. */
  #calls: ReadonlySet<number> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get count(): number {
    return this.#count;
  }

  get words(): Int32Array {
    return this.#last.words;
  }

  get bytes(): Buffer {
    return this.#last.bytes;
  }

  get #last(): Chunk {
    return this.#chunks[this.#chunks.length - 1]!;
  }

  /** Replies are `bounded` by the pending asks of their receiver, not by this limit. */
  claim(length: number, bounded: boolean): number {
    const required = requiredBytes(length);
    if (bounded && this.#isPastLimit(required)) return FULL;
    const last = this.#chunks.at(-1);
    if (last === undefined || last.tail + required > last.bytes.length) {
      this.#chunks.push(new Chunk(Math.max(CHUNK_BYTES, required)));
    }
    return this.#last.tail + RECORD_HEADER_LENGTH;
  }

  commit(length: number, type: number): void {
    this.#calls = undefined;
    const chunk = this.#last;
    const required = requiredBytes(length);
    chunk.words[chunk.tail >> 2] = length;
    chunk.words[(chunk.tail >> 2) + 1] = type;
    chunk.tail += required;
    this.#count++;
    this.#bytes += required;
  }

  /** Moves as many records into the lane as fit; answers how many. */
  drainInto(writer: LaneWriter): number {
    return this.handTo((chunk, type, offset, length) => {
      const at = writer.claim(length);
      if (at === FULL) return false;
      copyRecord({ words: chunk.words, offset }, { words: writer.words, offset: at }, length);
      writer.commit(length, type);
      return true;
    });
  }

  /** Hands the records to `take`, in order, until it leaves one; answers how many it took. */
  handTo(take: TakeRecord): number {
    this.#calls = undefined;
    let taken = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      while (chunk.head < chunk.tail) {
        const from = chunk.head >> 2;
        const length = chunk.words[from]!;
        const offset = chunk.head + RECORD_HEADER_LENGTH;
        if (!take(chunk, chunk.words[from + 1]!, offset, length)) return taken;
        const required = requiredBytes(length);
        chunk.head += required;
        this.#count--;
        this.#bytes -= required;
        taken++;
      }
      this.#chunks.shift();
    }
    return taken;
  }

  /** Numbers of the asks that wait here. */
  calls(): ReadonlySet<number> {
    this.#calls ??= new Set(this.#chunks.flatMap(callsOf));
    return this.#calls;
  }

  clear(): void {
    this.#calls = undefined;
    this.#chunks.length = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #isPastLimit(required: number): boolean {
    return this.#count >= this.#limit || this.#bytes + required > LIMITS.backlogBytes;
  }
}

function requiredBytes(length: number): number {
  return (length + RECORD_HEADER_LENGTH + (RECORD_ALIGNMENT - 1)) & -RECORD_ALIGNMENT;
}

/** Call numbers in a chunk; those of tells, 0, are nobody's. */
function callsOf({ words, head, tail }: Chunk): number[] {
  const calls: number[] = [];
  for (let at = head; at < tail; at += requiredBytes(words[at >> 2]!)) {
    const type = words[(at >> 2) + 1]!;
    const body = (at + RECORD_HEADER_LENGTH) >> 2;
    if (type === RECORD_INVOCATION) calls.push(words[body + INVOCATION.call]!);
    if (type === RECORD_FENCED_INVOCATION) calls.push(words[body + FENCED_INVOCATION.call]!);
  }
  return calls;
}
