import { randomIncarnation } from '../base/ids.js';
import type { InvocationEnvelope } from '../codec/envelope.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import type { BesideSource } from './payloads.js';

/**
 * What lives at one recipient number: an endpoint, an actor, or a stand-in for a remote one.
 * `source` has the values that came beside the lane; a cell takes them even when it refuses.
 */
export interface Cell {
  /** Path below the root of the system, e.g. `/user/rpc/counter`. */
  readonly path: string;
  /** True when peers of other processes may send to it. */
  readonly isExported: boolean;
  onInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void;
}

/** Low bits of a recipient number: the slot within its thread. The rest is the thread. */
const SLOT_BITS = 24;
const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** Recipient number of a slot of a thread, as a signed 32-bit number like all words. */
export function recipientOf(thread: number, slot: number): number {
  return (thread << SLOT_BITS) | slot;
}

export function threadOf(recipient: number): number {
  return recipient >>> SLOT_BITS;
}

/** Where a cell lives. */
export interface CellAddress {
  readonly recipient: number;
  readonly incarnation: number;
}

/** The cells of one thread, by slot. A reused slot gets another incarnation. */
export class CellTable {
  readonly #thread: number;
  /** Random: what was meant for an earlier life of this thread finds nobody. */
  readonly #firstIncarnation = randomIncarnation();
  readonly #cells: (Cell | undefined)[] = [];
  readonly #incarnations: number[] = [];
  readonly #free: number[] = [];

  constructor(thread: number) {
    this.#thread = thread;
  }

  /** The next incarnation of a slot, or a fixed one. */
  add(cell: Cell, fixedIncarnation?: number): CellAddress {
    const slot = this.#free.pop() ?? this.#cells.length;
    const last = this.#incarnations[slot] ?? this.#firstIncarnation;
    const incarnation = fixedIncarnation ?? ((last + 1) | 0 || 1);
    this.#cells[slot] = cell;
    this.#incarnations[slot] = incarnation;
    return { recipient: recipientOf(this.#thread, slot), incarnation };
  }

  /** The cell, unless it is gone or another incarnation lives there. */
  find(recipient: number, incarnation: number): Cell | undefined {
    const slot = recipient & SLOT_MASK;
    return this.#incarnations[slot] === incarnation ? this.#cells[slot] : undefined;
  }

  /** The cell that has the slot of `recipient` or had it last; for messages about refused calls. */
  occupant(recipient: number): Cell | undefined {
    return this.#cells[recipient & SLOT_MASK];
  }

  /** Of all slots, from the first on. */
  *[Symbol.iterator](): Generator<Cell> {
    for (const cell of this.#cells) if (cell !== undefined) yield cell;
  }

  remove(address: CellAddress): void {
    const slot = address.recipient & SLOT_MASK;
    if (this.find(address.recipient, address.incarnation) === undefined) return;
    this.#cells[slot] = undefined;
    this.#free.push(slot);
  }
}
