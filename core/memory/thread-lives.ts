import { lifeWordIndex, type Region } from './region-descriptor.js';

/**
 * Which life each thread of the service is in: a thread that died may be started again under its
 * number. The home thread writes, before it tells anybody; all read.
 */
export class ThreadLives {
  readonly #control: Int32Array;

  constructor(region: Region) {
    this.#control = region.control;
  }

  /** Home: a thread is about to be started; answers the number of its new life, from 1. */
  begin(thread: number): number {
    const life = this.current(thread) + 1;
    Atomics.store(this.#control, lifeWordIndex(thread), life);
    return life;
  }

  /** Home: a thread has ended. */
  end(thread: number): void {
    Atomics.store(this.#control, lifeWordIndex(thread), -this.current(thread));
  }

  /** The life that a thread is in, or was in last. */
  current(thread: number): number {
    return Math.abs(Atomics.load(this.#control, lifeWordIndex(thread)));
  }

  hasEnded(thread: number, life: number): boolean {
    const word = Atomics.load(this.#control, lifeWordIndex(thread));
    return Math.abs(word) > life || (word < 0 && -word === life);
  }
}
