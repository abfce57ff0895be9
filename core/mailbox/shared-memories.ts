import { LIMITS } from '../config/limits.js';
import { letGoOfShared } from './shared-garbage.js';

interface Entry {
  readonly ticket: number;
  readonly byteLength: number;
  lastUse: number;
}

/**
 * The shared memories that the far end of a lane has been handed, by their tickets: the least
 * recently used are forgotten past {@link LIMITS}. V8 does not count shared memory as garbage, so a
 * FinalizationRegistry would keep gigabytes.
 */
export class SharedMemories {
  readonly #entries = new Map<SharedArrayBuffer, Entry>();
  #bytes = 0;
  #uses = 0;
  #forgotten: number[] = [];
  /** The usual case: the same memory again. */
  #last: SharedArrayBuffer | undefined;
  #lastTicket = 0;

  /** The ticket of `memory`; `handOver` makes one if it is not known at the far end. */
  ticketOf(memory: SharedArrayBuffer, handOver: (memory: SharedArrayBuffer) => number): number {
    if (memory === this.#last) return this.#lastTicket;
    this.#touch(this.#last);
    const known = this.#entries.get(memory);
    const ticket = known === undefined ? this.#add(memory, handOver(memory)) : known.ticket;
    this.#last = memory;
    this.#lastTicket = ticket;
    return ticket;
  }

  /** Tickets that no later record names; the far end must be told, in the order of the lane. */
  takeForgotten(): readonly number[] {
    const forgotten = this.#forgotten;
    if (forgotten.length > 0) this.#forgotten = [];
    return forgotten;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#forgotten = [];
    this.#last = undefined;
  }

  /** The memory of the last uses in a row is noted once, when they end. */
  #touch(memory: SharedArrayBuffer | undefined): void {
    const entry = memory && this.#entries.get(memory);
    if (entry !== undefined) entry.lastUse = ++this.#uses;
  }

  #add(memory: SharedArrayBuffer, ticket: number): number {
    const { byteLength } = memory;
    const { sharedMemories, sharedMemoryBytes } = LIMITS;
    while (
      this.#entries.size > 0 &&
      (this.#entries.size >= sharedMemories || this.#bytes + byteLength > sharedMemoryBytes)
    ) {
      this.#forgetOldest();
    }
    this.#entries.set(memory, { ticket, byteLength, lastUse: ++this.#uses });
    this.#bytes += byteLength;
    return ticket;
  }

  #forgetOldest(): void {
    let oldest: SharedArrayBuffer | undefined;
    let lastUse = Number.POSITIVE_INFINITY;
    for (const [memory, entry] of this.#entries) {
      if (entry.lastUse >= lastUse) continue;
      oldest = memory;
      lastUse = entry.lastUse;
    }
    const entry = this.#entries.get(oldest!)!;
    this.#entries.delete(oldest!);
    this.#bytes -= entry.byteLength;
    this.#forgotten.push(entry.ticket);
    letGoOfShared(entry.byteLength);
  }
}
