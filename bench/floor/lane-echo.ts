import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BARE_LANE_BYTES, BareLane } from './bare-lane.js';
import { spinFor } from './spin.js';

/** Pending calls; a power of two above every window. */
const SLOTS = 1 << 16;
/** With fewer calls in flight than this, the answer is awaited on the spot for a moment. */
const FEW = 4;

type Settle = (value: number) => void;

/**
 * A thread that echoes numbers over two bare lanes, and this side of it: promises and nothing
 * else. It polls for as long as it lives, which no engine may do.
 */
export class LaneEcho {
  readonly #worker: Worker;
  readonly #out: BareLane;
  readonly #in: BareLane;
  readonly #resolvers = new Array<Settle | undefined>(SLOTS).fill(undefined);
  readonly #rejecters = new Array<Settle | undefined>(SLOTS).fill(undefined);
  readonly #onReply = (call: number, value: number): void => {
    const resolve = this.#resolvers[call];
    if (resolve === undefined) return;
    this.#resolvers[call] = undefined;
    this.#rejecters[call] = undefined;
    this.#inFlight--;
    resolve(value);
  };
  readonly #drain = (): number => this.#in.drain(this.#onReply);
  readonly #poll = (): void => {
    if (this.#drain() === 0) spinFor(this.#drain);
    this.#isPolling = this.#inFlight > 0;
    if (this.#isPolling) setImmediate(this.#poll);
  };
  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#out.publish();
    if (this.#inFlight < FEW) spinFor(this.#drain);
    if (this.#isPolling || this.#inFlight === 0) return;
    this.#isPolling = true;
    setImmediate(this.#poll);
  };
  #inFlight = 0;
  #nextCall = 0;
  #isPolling = false;
  #isFlushing = false;

  private constructor(worker: Worker, memory: SharedArrayBuffer) {
    this.#worker = worker;
    this.#out = new BareLane(memory, 0);
    this.#in = new BareLane(memory, BARE_LANE_BYTES);
  }

  /** Starts the thread; resolves when it polls. */
  static async start(): Promise<LaneEcho> {
    const memory = new SharedArrayBuffer(2 * BARE_LANE_BYTES);
    const worker = new Worker(new URL('./lane-echo-thread.js', import.meta.url), {
      workerData: memory,
    });
    await once(worker, 'message');
    return new LaneEcho(worker, memory);
  }

  /** Asks for `value` back, a 32-bit integer. */
  readonly ask = (value: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = this.#nextCall;
      this.#nextCall = (call + 1) & (SLOTS - 1);
      this.#resolvers[call] = resolve;
      this.#rejecters[call] = reject;
      this.#inFlight++;
      while (!this.#out.write(call, value | 0)) this.#out.publish();
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      queueMicrotask(this.#flush);
    });

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
