import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PackedCounts } from './packed-counts.js';
import type { InputFile } from './pieces.js';
import type { PlainAnswer, PlainOrder } from './plain-count.js';

/** The thread of the plain count; kept between rounds, so that both sides are equally warm. */
export class PlainCounter {
  readonly #worker = new Worker(new URL('./plain-count.js', import.meta.url));

  constructor() {
    // Whoever waits hears of a failure; nobody waits while it is closed.
    this.#worker.on('error', () => {});
  }

  /** Counts all files; time is taken on the thread itself, around nothing but the counting. */
  async count(
    files: readonly InputFile[],
    signal: AbortSignal,
  ): Promise<{ readonly plainMs: number; readonly words: number }> {
    const answer = await this.#ask({ kind: 'count', files }, signal);
    if (answer.kind !== 'counted') throw new Error('the plain counter is out of step');
    return answer;
  }

  /** The table of the last count, page by page. */
  async *pages(signal: AbortSignal): AsyncGenerator<PackedCounts> {
    for (;;) {
      const answer = await this.#ask({ kind: 'page' }, signal);
      if (answer.kind !== 'page' || answer.packed === null) return;
      yield answer.packed;
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(order: PlainOrder, signal: AbortSignal): Promise<PlainAnswer> {
    const answer = once(this.#worker, 'message', { signal });
    this.#worker.postMessage(order);
    const [message] = (await answer) as [PlainAnswer];
    return message;
  }
}
