import { performance } from 'node:perf_hooks';
import { type Budget, type Figures, WrongReply } from './cell.js';
import { percentile } from './statistics.js';
import { cpuUs, memoryFigures } from './usage.js';

/** What is asked over and over. Floor, engine and peers are all driven by the same loop. */
export interface Question<Reply> {
  /** Calls in flight: they are started together, and the next ones when all are answered. */
  readonly window: number;
  /** Starts call number `index`. */
  readonly call: (index: number) => Promise<Reply>;
  /** True when `reply` is the right answer to call number `index`. */
  readonly isRight: (reply: Reply, index: number) => boolean;
  /** Bytes that one call carries there and back. */
  readonly bytesPerCall?: number;
  /** CPU of other processes that take part, in microseconds; beside that of this one. */
  readonly otherCpuUs?: () => Promise<number>;
}

/** Latencies that are kept; later ones take the place of the oldest. */
const SAMPLES_MAX = 1 << 18;

/** Latencies in microseconds, without allocating while the clock runs. */
class Samples {
  readonly #values = new Float64Array(SAMPLES_MAX);
  #count = 0;

  add(microseconds: number): void {
    this.#values[this.#count++ & (SAMPLES_MAX - 1)] = microseconds;
  }

  figures(): Figures {
    const sorted = this.#values.subarray(0, Math.min(this.#count, SAMPLES_MAX)).sort();
    return {
      p50Us: percentile(sorted, 0.5),
      p99Us: percentile(sorted, 0.99),
      p999Us: percentile(sorted, 0.999),
      maxUs: percentile(sorted, 1),
    };
  }
}

interface Phase {
  readonly durationMs: number;
  readonly maxCalls: number;
  readonly samples: Samples;
}

interface PhaseResult {
  readonly calls: number;
  readonly elapsedMs: number;
}

function wrong(index: number, reply: unknown): never {
  throw new WrongReply(`call ${index} was answered ${String(reply).slice(0, 80)}`);
}

/** One call after the other; the clock is read once a call, so that each one has a latency. */
async function runSequential<Reply>(q: Question<Reply>, phase: Phase): Promise<PhaseResult> {
  const startMs = performance.now();
  const endMs = startMs + phase.durationMs;
  let nowMs = startMs;
  let calls = 0;
  do {
    const reply = await q.call(calls);
    const answeredMs = performance.now();
    phase.samples.add((answeredMs - nowMs) * 1000);
    nowMs = answeredMs;
    if (!q.isRight(reply, calls)) wrong(calls, reply);
    calls++;
  } while (nowMs < endMs && calls < phase.maxCalls);
  return { calls, elapsedMs: nowMs - startMs };
}

/** Batches of `window`; one call of each batch is timed, another one each time. */
async function runWindow<Reply>(q: Question<Reply>, phase: Phase): Promise<PhaseResult> {
  const { window } = q;
  const startMs = performance.now();
  const endMs = startMs + phase.durationMs;
  let nowMs = startMs;
  let calls = 0;
  for (let batch = 0; nowMs < endMs && calls < phase.maxCalls; batch++) {
    const pending = new Array<Promise<Reply>>(window);
    const sampled = batch % window;
    let sampledMs = 0;
    for (let i = 0; i < window; i++) {
      if (i === sampled) sampledMs = performance.now();
      pending[i] = q.call(calls + i);
    }
    const noted = pending[sampled]!.then(() => {
      phase.samples.add((performance.now() - sampledMs) * 1000);
    });
    const replies = await Promise.all(pending);
    await noted;
    for (let i = 0; i < window; i++) {
      if (!q.isRight(replies[i]!, calls + i)) wrong(calls + i, replies[i]);
    }
    calls += window;
    nowMs = performance.now();
  }
  return { calls, elapsedMs: nowMs - startMs };
}

/** Warms up, then measures: rate, latencies, and CPU of all threads per call. */
export async function drive<Reply>(question: Question<Reply>, budget: Budget): Promise<Figures> {
  const run = question.window === 1 ? runSequential : runWindow;
  const { maxCalls } = budget;
  await run(question, { durationMs: budget.warmUpMs, maxCalls, samples: new Samples() });
  const samples = new Samples();
  const otherBefore = (await question.otherCpuUs?.()) ?? 0;
  const cpuBefore = cpuUs();
  const result = await run(question, { durationMs: budget.measureMs, maxCalls, samples });
  const ownCpu = cpuUs() - cpuBefore;
  const otherCpu = ((await question.otherCpuUs?.()) ?? 0) - otherBefore;
  const callsPerSecond = (result.calls / result.elapsedMs) * 1000;
  const { bytesPerCall } = question;
  return {
    callsPerSecond,
    ...(bytesPerCall === undefined ? {} : { bytesPerSecond: callsPerSecond * bytesPerCall }),
    ...samples.figures(),
    cpuUsPerCall: (ownCpu + otherCpu) / result.calls,
    calls: result.calls,
    ...memoryFigures(),
  };
}
