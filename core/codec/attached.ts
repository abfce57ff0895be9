import { noteYoungBuffer } from '../base/young-generation.js';
import { RpcError } from '../errors/rpc-error.js';
import { detach, isMoved, unmark } from './moved.js';
import { readFloat64, writeFloat64 } from './value-tags.js';
import { type Attachable, classNumberOf, viewOf } from './view-classes.js';

/** What carries memory beside the records that name it: the lane to another thread. */
export interface Carrier {
  /** Memory of this many bytes and more goes beside the record. */
  readonly besideBytes: number;
  /** Gives `bytes` up to the receiver; answers their ticket, larger than all before. */
  sendBeside(bytes: ArrayBuffer): number;
  /** The ticket of shared memory; hands it over when the receiver does not have it. */
  share(memory: SharedArrayBuffer): number;
}

/** The receiving side of a {@link Carrier}. */
export interface TicketSource {
  /** The bytes of a ticket, which are given out once. */
  takeBeside(ticket: number): ArrayBuffer;
  /** The shared memory of a ticket. */
  sharedBeside(ticket: number): SharedArrayBuffer;
}

/** Class of the view with its flags, ticket, offset and length in bytes as float64. */
const ENTRY_WORDS = 6;
/** Its memory is shared. */
const SHARED = 256;
/** Its memory is that of an entry before, with the same ticket. */
const AGAIN = 512;
const CLASS_MASK = SHARED - 1;

/**
 * The memory that the values of one call name instead of holding it. It travels as a header in
 * front of them: how many, and an entry for each.
 */
export class Attachments {
  #carrier: Carrier | undefined;
  readonly #items: (Attachable | undefined)[] = [];
  /** Marked by `move`, though there is no carrier to give them to. */
  #given: Attachable[] | undefined;
  #count = 0;

  /** Begins anew; without a carrier nothing is taken. */
  clear(carrier: Carrier | undefined): void {
    this.#carrier = carrier;
    this.#count = 0;
    this.#given = undefined;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes that the sender gives up; what is shared stays its own. */
  get besideBytes(): number {
    let total = 0;
    for (let i = 0; i < this.#count; i++) {
      const item = this.#items[i]!;
      if (!isShared(item)) total += item.byteLength;
    }
    return total;
  }

  /** True when memory was detached since it was taken: by a getter of a later value. */
  get isDetached(): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#items[i]!.byteLength === 0) return true;
    return false;
  }

  /** Bytes of the header. */
  get headerBytes(): number {
    return this.#count === 0 ? 0 : 4 + this.#count * ENTRY_WORDS * 4;
  }

  /** True when {@link add} would take `value`. */
  accepts(value: object): boolean {
    if (this.#carrier === undefined) return isMoved(value);
    return isAttachable(value, this.#carrier);
  }

  /** Takes `value` if it is shared, moved or big; answers its number, or -1. */
  add(value: object): number {
    if (this.#carrier === undefined) return this.#copy(value);
    if (!isAttachable(value, this.#carrier)) return -1;
    this.#items[this.#count] = value;
    return this.#count++;
  }

  /** After a call without carrier: what was given away is copied, and now taken away here. */
  letGo(): void {
    for (const item of this.#given ?? []) {
      unmark(item);
      const memory = ArrayBuffer.isView(item) ? item.buffer : item;
      if (memory instanceof ArrayBuffer) detach(memory);
    }
    this.#given = undefined;
  }

  #copy(value: object): number {
    if (isMoved(value)) (this.#given ??= []).push(value as Attachable);
    return -1;
  }

  /** Takes back all but the first `count`. */
  shrink(count: number): void {
    this.#count = count;
  }

  /** Sends everything and writes the header at byte `at`, which has {@link headerBytes}. */
  write(words: Int32Array, at: number): void {
    const first = (at >> 2) + 1;
    words[at >> 2] = this.#count;
    let moved = 0;
    for (let i = 0; i < this.#count; i++) {
      const item = this.#items[i]!;
      if (!isShared(item) && isMoved(item)) moved++;
      else this.#writeEntry(words, first + i * ENTRY_WORDS, item);
    }
    // Last, because nothing that is copied may be taken away before.
    if (moved > 0) this.#writeMoved(words, first);
    for (let i = 0; i < this.#count; i++) this.#items[i] = undefined;
    this.#count = 0;
  }

  #writeEntry(words: Int32Array, index: number, item: Attachable): void {
    const carrier = this.#carrier!;
    const { byteLength } = item;
    const memory = ArrayBuffer.isView(item) ? item.buffer : item;
    const offset = ArrayBuffer.isView(item) ? item.byteOffset : 0;
    const number = classNumberOf(item);
    if (memory instanceof SharedArrayBuffer) {
      const ticket = carrier.share(memory);
      return writeEntry(words, index, { kind: number | SHARED, ticket, offset, byteLength });
    }
    const ticket = carrier.sendBeside(copyOf(memory, offset, byteLength));
    writeEntry(words, index, { kind: number, ticket, offset: 0, byteLength });
  }

  /** Views of one memory name one ticket; one view may be met at several places. */
  #writeMoved(words: Int32Array, first: number): void {
    const tickets = new Map<ArrayBuffer, number>();
    const items = this.#items.slice(0, this.#count);
    const places = items.map((item) => placeOf(item!));
    for (const [i, { memory, offset, byteLength }] of places.entries()) {
      const item = items[i]!;
      if (memory instanceof SharedArrayBuffer || !isMoved(item)) continue;
      const kind = classNumberOf(item);
      const index = first + i * ENTRY_WORDS;
      const known = tickets.get(memory);
      if (known !== undefined) {
        writeEntry(words, index, { kind: kind | AGAIN, ticket: known, offset, byteLength });
        continue;
      }
      const own = detach(memory);
      const ticket = this.#carrier!.sendBeside(own ?? copyOf(memory, offset, byteLength));
      if (own !== undefined) tickets.set(memory, ticket);
      const start = own === undefined ? 0 : offset;
      writeEntry(words, index, { kind, ticket, offset: start, byteLength });
    }
    // Last: until now the marks say which entries are to be written here.
    for (const item of items) unmark(item!);
  }
}

interface Entry {
  readonly kind: number;
  readonly ticket: number;
  readonly offset: number;
  readonly byteLength: number;
}

function writeEntry(words: Int32Array, index: number, entry: Entry): void {
  words[index] = entry.kind;
  words[index + 1] = entry.ticket;
  writeFloat64(words, index + 2, entry.offset);
  writeFloat64(words, index + 4, entry.byteLength);
}

interface Place {
  readonly memory: ArrayBufferLike;
  readonly offset: number;
  readonly byteLength: number;
}

/** Read before anything is detached. */
function placeOf(item: Attachable): Place {
  if (!ArrayBuffer.isView(item)) return { memory: item, offset: 0, byteLength: item.byteLength };
  return { memory: item.buffer, offset: item.byteOffset, byteLength: item.byteLength };
}

/** Fetches what the header at byte `at` names; `views` gets it by number. Answers its end. */
export function fetchAttached(
  words: Int32Array,
  at: number,
  source: TicketSource,
  views: unknown[],
): number {
  const end = headerEnd(words, at);
  for (let index = (at >> 2) + 1; index < end >> 2; index += ENTRY_WORDS) {
    const kind = words[index]!;
    const ticket = words[index + 1]!;
    const memory =
      kind & AGAIN
        ? memoryOf(views[numberOfTicket(words, at, ticket)])
        : memoryOfTicket(source, kind, ticket);
    const offset = readFloat64(words, index + 2);
    views.push(viewOf(kind & CLASS_MASK, memory, offset, readFloat64(words, index + 4)));
  }
  return end;
}

/** Hands every ticket that the header at byte `at` names to `take`, each once. */
export function eachTicket(
  words: Int32Array,
  at: number,
  take: (ticket: number, isShared: boolean) => void,
): void {
  const end = headerEnd(words, at);
  for (let index = (at >> 2) + 1; index < end >> 2; index += ENTRY_WORDS) {
    const kind = words[index]!;
    if ((kind & AGAIN) === 0) take(words[index + 1]!, (kind & SHARED) !== 0);
  }
}

function headerEnd(words: Int32Array, at: number): number {
  const count = words[at >> 2]!;
  const end = at + 4 + count * ENTRY_WORDS * 4;
  if (count >= 0 && end <= words.length << 2) return end;
  throw new RpcError('PROTOCOL_ERROR', `a record names ${count} values beside it`);
}

function memoryOfTicket(source: TicketSource, kind: number, ticket: number): ArrayBufferLike {
  if (kind & SHARED) return source.sharedBeside(ticket);
  const memory = source.takeBeside(ticket);
  noteYoungBuffer(memory.byteLength);
  return memory;
}

/** The first entry with this ticket. */
function numberOfTicket(words: Int32Array, at: number, ticket: number): number {
  let index = (at >> 2) + 1;
  while (words[index + 1] !== ticket) index += ENTRY_WORDS;
  return (index - (at >> 2) - 1) / ENTRY_WORDS;
}

function memoryOf(view: unknown): ArrayBufferLike {
  return ArrayBuffer.isView(view) ? view.buffer : (view as ArrayBuffer);
}

function isShared(value: Attachable): boolean {
  return ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer;
}

function isAttachable(value: object, carrier: Carrier): value is Attachable {
  if (ArrayBuffer.isView(value)) {
    const goes = value.byteLength >= carrier.besideBytes || isMoved(value) || isShared(value);
    return goes && value.byteLength > 0 && classNumberOf(value) >= 0;
  }
  if (!(value instanceof ArrayBuffer)) return false;
  return value.byteLength >= carrier.besideBytes || (isMoved(value) && value.byteLength > 0);
}

function copyOf(memory: ArrayBuffer, offset: number, length: number): ArrayBuffer {
  // Not zeroed, and with exactly these bytes.
  const copy = Buffer.allocUnsafeSlow(length);
  copy.set(new Uint8Array(memory, offset, length));
  return copy.buffer;
}
