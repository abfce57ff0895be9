import { performance } from 'node:perf_hooks';
import { type Budget, type Figures, WrongReply } from './cell.js';
import { cpuUs, memoryFigures } from './usage.js';

/** What is told over and over, and how the receiver says what has arrived. */
export interface Telling {
  /** Tells the number `value`. */
  readonly tell: (value: number) => void;
  /** Resolves when there is room again; awaited after every {@link Telling.batch} tells. */
  readonly ready: () => Promise<void>;
  readonly batch: number;
  /** How many arrived since the start, and their sum, once everything told so far was handled. */
  readonly received: () => Promise<Received>;
  /** CPU of other processes that take part, in microseconds. */
  readonly otherCpuUs?: () => Promise<number>;
}

/** What the receiver counted. */
export interface Received {
  readonly count: number;
  readonly sum: number;
}

interface Told {
  count: number;
  sum: number;
}

async function tellFor(telling: Telling, durationMs: number, maxCalls: number, told: Told) {
  const { batch } = telling;
  const startMs = performance.now();
  const goal = told.count + maxCalls;
  do {
    for (let i = 0; i < batch; i++) telling.tell(i);
    told.count += batch;
    told.sum += (batch * (batch - 1)) / 2;
    await telling.ready();
  } while (performance.now() - startMs < durationMs && told.count < goal);
  const received = await telling.received();
  if (received.count !== told.count || received.sum !== told.sum) {
    const arrived = `${received.count} arrived with sum ${received.sum}`;
    throw new WrongReply(`${told.count} tells with sum ${told.sum}, ${arrived}`);
  }
  return performance.now() - startMs;
}

/** Warms up, then measures from the first tell until the receiver says that all have arrived. */
export async function driveTells(telling: Telling, budget: Budget): Promise<Figures> {
  const told: Told = { count: 0, sum: 0 };
  await tellFor(telling, budget.warmUpMs, budget.maxCalls, told);
  const before = told.count;
  const otherBefore = (await telling.otherCpuUs?.()) ?? 0;
  const cpuBefore = cpuUs();
  const elapsedMs = await tellFor(telling, budget.measureMs, budget.maxCalls, told);
  const ownCpu = cpuUs() - cpuBefore;
  const otherCpu = ((await telling.otherCpuUs?.()) ?? 0) - otherBefore;
  const calls = told.count - before;
  return {
    callsPerSecond: (calls / elapsedMs) * 1000,
    cpuUsPerCall: (ownCpu + otherCpu) / calls,
    calls,
    ...memoryFigures(),
  };
}
