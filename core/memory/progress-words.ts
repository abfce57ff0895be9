import { progressWordIndex, type Region } from './region-descriptor.js';

/** What others see of the work of a thread. */
export interface Progress {
  /** Changes with every call and every tick; 0: the thread has not begun. */
  readonly count: number;
  /** Recipient number and method of the last call; method -1 is a task of the endpoint. */
  readonly recipient: number;
  readonly method: number;
}

/**
 * Lets others see that this thread gets on, and with what. The stores of a call are plain: there is
 * one writer, a reader only compares what it saw some time ago, and a thread that is blocked has
 * long since written all of them. The tick publishes them in order.
 */
export class ProgressWriter {
  readonly #words: Int32Array;
  readonly #index: number;
  #count = 0;

  constructor(region: Region, thread: number) {
    this.#words = region.control;
    this.#index = progressWordIndex(thread);
  }

  /** A call or task begins. */
  enter(recipient: number, method: number): void {
    const words = this.#words;
    const at = this.#index;
    this.#count = (this.#count + 1) | 0;
    words[at] = this.#count;
    words[at + 1] = recipient;
    words[at + 2] = method;
  }

  /** The event loop has come round. */
  tick(): void {
    this.#count = (this.#count + 1) | 0;
    Atomics.store(this.#words, this.#index, this.#count);
  }
}

export function readProgress(region: Region, thread: number): Progress {
  const at = progressWordIndex(thread);
  return {
    count: Atomics.load(region.control, at),
    recipient: Atomics.load(region.control, at + 1),
    method: Atomics.load(region.control, at + 2),
  };
}

/** Home, for a thread that has died: its next life has not begun. */
export function clearProgress(region: Region, thread: number): void {
  const at = progressWordIndex(thread);
  for (let i = 0; i < 3; i++) Atomics.store(region.control, at + i, 0);
}
