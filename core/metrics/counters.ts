import {
  blockIndex,
  COUNTER_NAMES,
  type CounterName,
  type MetricsMemory,
  METRICS_LISTENERS_INDEX,
  type ThreadMetrics,
} from './metrics-descriptor.js';

/** What a service has counted, over all its threads and by thread. */
export interface ServiceMetrics {
  readonly total: ThreadMetrics;
  readonly home: ThreadMetrics;
  /** By the number of the worker thread. */
  readonly workers: readonly ThreadMetrics[];
}

/** Reads all counters; each is exact, all together are no single moment. */
export function readMetrics(memory: MetricsMemory): ServiceMetrics {
  const all = Array.from({ length: memory.threads }, (_, thread) => readThread(memory, thread));
  const [home, ...workers] = all as [ThreadMetrics, ...ThreadMetrics[]];
  const total = snapshot((name) => all.reduce((sum, thread) => sum + thread[name], 0));
  return { total, home, workers };
}

function readThread(memory: MetricsMemory, thread: number): ThreadMetrics {
  const counters = new Counters(memory, thread);
  return snapshot((name) => counters.value(name));
}

function snapshot(valueOf: (name: CounterName) => number): ThreadMetrics {
  const entries = COUNTER_NAMES.map((name) => [name, valueOf(name)] as const);
  return Object.fromEntries(entries) as unknown as ThreadMetrics;
}

/** The counters of one thread. Nothing that is counted here happens in a call that succeeds. */
export class Counters {
  readonly #memory: MetricsMemory;
  readonly #first: number;

  constructor(memory: MetricsMemory, thread: number) {
    this.#memory = memory;
    this.#first = blockIndex(thread);
  }

  add(name: CounterName): void {
    Atomics.add(this.#memory.counters, this.#first + COUNTER_NAMES.indexOf(name), 1n);
  }

  value(name: CounterName): number {
    const index = this.#first + COUNTER_NAMES.indexOf(name);
    return Number(Atomics.load(this.#memory.counters, index));
  }
}

/** Whether anybody listens to the dead letters of the service: written by home, read by all. */
export class DeadLetterDemand {
  readonly #header: Int32Array;

  constructor(memory: MetricsMemory) {
    this.#header = memory.header;
  }

  add(by: 1 | -1): void {
    Atomics.add(this.#header, METRICS_LISTENERS_INDEX, by);
  }

  exists(): boolean {
    return Atomics.load(this.#header, METRICS_LISTENERS_INDEX) > 0;
  }
}
