import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A call or its answer. */
export interface Posted {
  readonly id: number;
  readonly value: unknown;
}

/** What everybody builds first: `postMessage` and a Map of promises. */
export class PostEcho {
  readonly #worker: Worker;
  readonly #pending = new Map<number, (value: unknown) => void>();
  #nextId = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', ({ id, value }: Posted) => {
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

  /** Answers a structured clone of `value`, made on the way there and on the way back. */
  readonly ask = <Value>(value: Value): Promise<Value> =>
    new Promise((resolve) => {
      const id = this.#nextId++;
      this.#pending.set(id, resolve as (value: unknown) => void);
      this.#worker.postMessage({ id, value } satisfies Posted);
    });

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
