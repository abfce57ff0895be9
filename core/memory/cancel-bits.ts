import { LIMITS } from '../config/limits.js';
import { cancelBitsIndex, type Region } from './region-descriptor.js';

/** Low bits of a call number: the slot of the pending ask. */
const SLOT_MASK = LIMITS.pendingAsks - 1;

/**
 * Which pending asks of one thread are cancelled: one bit a slot, in the region, so that a handler
 * that is blocked in synchronous code can look, and that a call still waiting in a lane does not
 * run. Only the asking thread writes, and in this order:
 *
 *     asker: set the bit, then publish a Cancel record behind the call
 *     other: load the bit when the call's turn comes (and whenever the handler asks), then run it
 *
 * Either the bit is seen before the handler runs, or the record is read after it began: no cancel
 * is lost. The asker keeps the slot until the answer comes and clears the bit only then, so the
 * bit is never that of a later call. Calls without an `AbortSignal` touch none of it.
 */
export class CancelBits {
  readonly #control: Int32Array;
  readonly #index: number;
  readonly #words: number;

  constructor(region: Region, thread: number) {
    this.#control = region.control;
    this.#index = cancelBitsIndex(region, thread);
    this.#words = Math.ceil(region.asks / 32);
  }

  /** Home, for an asker that has died: its next life begins with calls that nobody cancelled. */
  clearAll(): void {
    for (let i = 0; i < this.#words; i++) Atomics.store(this.#control, this.#index + i, 0);
  }

  /** Asker: publishes that nobody waits for the answer of `call` any more. */
  set(call: number): void {
    Atomics.or(this.#control, this.#wordOf(call), 1 << (call & 31));
  }

  /** Asker: the slot is free again. */
  clear(call: number): void {
    Atomics.and(this.#control, this.#wordOf(call), ~(1 << (call & 31)));
  }

  isSet(call: number): boolean {
    return (Atomics.load(this.#control, this.#wordOf(call)) & (1 << (call & 31))) !== 0;
  }

  #wordOf(call: number): number {
    return this.#index + ((call & SLOT_MASK) >>> 5);
  }
}
