import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Received } from '../harness/drive-tells.js';
import { BARE_LANE_BYTES, BareLane } from './bare-lane.js';

/** A thread that counts one-way records of a bare lane, and this side of it. */
export class LaneTell {
  readonly #worker: Worker;
  readonly #lane: BareLane;

  private constructor(worker: Worker, memory: SharedArrayBuffer) {
    this.#worker = worker;
    this.#lane = new BareLane(memory, 0);
  }

  /** Starts the thread; resolves when it polls. */
  static async start(): Promise<LaneTell> {
    const memory = new SharedArrayBuffer(BARE_LANE_BYTES);
    const worker = new Worker(new URL('./lane-tell-thread.js', import.meta.url), {
      workerData: memory,
    });
    await once(worker, 'message');
    return new LaneTell(worker, memory);
  }

  readonly tell = (value: number): void => {
    while (!this.#lane.write(1, value)) this.#lane.publish();
  };

  /** Publishes the batch; a bare lane makes its producer spin when it is full. */
  readonly ready = async (): Promise<void> => this.#lane.publish();

  /** A record with call number 0 asks for the count. */
  readonly received = async (): Promise<Received> => {
    while (!this.#lane.write(0, 0)) this.#lane.publish();
    this.#lane.publish();
    const [received] = (await once(this.#worker, 'message')) as [Received];
    return received;
  };

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
