import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A call or its answer. */
export interface PostedNumber {
  readonly id: number;
  readonly value: number;
}

/** What everybody builds first: `postMessage` and a Map of promises. */
export class PostEcho {
  readonly #worker: Worker;
  readonly #pending = new Map<number, (value: number) => void>();
  #nextId = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', ({ id, value }: PostedNumber) => {
      const resolve = this.#pending.get(id);
      this.#pending.delete(id);
      resolve?.(value);
    });
  }

  /** Starts the thread; resolves when it listens. */
  static async start(): Promise<PostEcho> {
    const worker = new Worker(new URL('./post-echo-thread.js', import.meta.url));
    await once(worker, 'message');
    return new PostEcho(worker);
  }

  readonly ask = (value: number): Promise<number> =>
    new Promise((resolve) => {
      const id = this.#nextId++;
      this.#pending.set(id, resolve);
      this.#worker.postMessage({ id, value } satisfies PostedNumber);
    });

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
