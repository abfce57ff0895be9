import { assert } from '../base/assert.js';
import {
  parkWordIndex,
  pollingWordIndex,
  REGION_POLLERS_INDEX,
  type Region,
} from './region-descriptor.js';

const AWAKE = 0;
const PARKED = 1;
const BLOCKED = 2;
/** Values of one life of a thread. */
const VALUES = 4;

/**
 * How a thread goes to sleep without missing a record. The order is what makes it right:
 *
 *     consumer: store PARKED, then load every tail; something there: stay awake
 *     producer: store tail, then load the park word; PARKED: swap it to AWAKE and ring
 *
 * All four are `Atomics`, hence in one total order, so at least one of the two sees the other.
 * The model in `test/core/memory` proves it, and that leaving out either half loses a wake-up.
 *
 * A thread that waits on the spot, inside a synchronous call, stores BLOCKED in place of PARKED: no
 * bell would reach it, so whoever swaps that word notifies it. Everything else is the same.
 *
 * The word says which life of the thread sleeps. A producer that has not heard of the end of one
 * life has no bell for the next: were it to swap that word, the next life would sleep for ever.
 */
export class ParkWord {
  readonly #control: Int32Array;
  readonly #index: number;
  readonly #parked: number;
  readonly #blocked: number;

  /** `life`: that of the thread, see `ThreadLives`; the home thread has 0 only. */
  constructor(region: Region, thread: number, life = 0) {
    // A wrong number would lie on the words of others, or outside and fail only when it parks.
    const known = Number.isInteger(thread) && thread >= 0 && thread < region.threads;
    assert(known, 'a park word belongs to a thread of the region');
    this.#control = region.control;
    this.#index = parkWordIndex(thread);
    this.#parked = life * VALUES + PARKED;
    this.#blocked = life * VALUES + BLOCKED;
  }

  /** Consumer: announces sleep. It must look at every lane once more after this. */
  park(): void {
    Atomics.store(this.#control, this.#index, this.#parked);
  }

  /** Consumer: takes the announcement back, or ends the sleep. A bell under way does no harm. */
  unpark(): void {
    Atomics.store(this.#control, this.#index, AWAKE);
  }

  /** Consumer: announces sleep on the spot. It must look at every lane once more after this. */
  block(): void {
    Atomics.store(this.#control, this.#index, this.#blocked);
  }

  /** Consumer, after {@link block}: sleeps until a producer swaps the word, `limitMs` at most. */
  sleep(limitMs: number): void {
    // Reads the word and goes to sleep in one step: a swap before it ends the sleep at once.
    Atomics.wait(this.#control, this.#index, this.#blocked, limitMs);
  }

  /** Producer: a hint that publishing now, not at the end of the turn, wakes a sleeper sooner. */
  isParked(): boolean {
    return Atomics.load(this.#control, this.#index) !== AWAKE;
  }

  /**
   * Producer, after publishing: true when the consumer sleeps and this caller must ring. The swap
   * lets exactly one of several producers ring. A consumer that sleeps on the spot is woken here.
   * When the word has changed since it was loaded, another rings, or the consumer looks once more.
   */
  mustRing(): boolean {
    const word = Atomics.load(this.#control, this.#index);
    if (word === AWAKE || (word !== this.#parked && word !== this.#blocked)) return false;
    if (Atomics.compareExchange(this.#control, this.#index, word, AWAKE) !== word) return false;
    if (word === this.#blocked) Atomics.notify(this.#control, this.#index);
    return word === this.#parked;
  }
}

/** How many threads of the service are awake: polling pays only while there are cores for it. */
export class PollerBudget {
  readonly #control: Int32Array;
  readonly #parallelism: number;
  readonly #polling: number;

  constructor(region: Region, parallelism: number, thread: number) {
    this.#control = region.control;
    this.#parallelism = parallelism;
    this.#polling = pollingWordIndex(thread);
  }

  enter(): void {
    Atomics.store(this.#control, this.#polling, 1);
    Atomics.add(this.#control, REGION_POLLERS_INDEX, 1);
  }

  /** Also done by home for a thread that died awake; whoever takes the word back subtracts. */
  leave(): void {
    if (Atomics.exchange(this.#control, this.#polling, 0) === 0) return;
    Atomics.sub(this.#control, REGION_POLLERS_INDEX, 1);
  }

  /** True while every awake thread can have a core of its own. */
  hasRoom(): boolean {
    return Atomics.load(this.#control, REGION_POLLERS_INDEX) <= this.#parallelism;
  }
}
