import { describeThrown } from '../../core/internal.js';
import { LatencyHistogram, type LatencySummary } from './histogram.js';
import type { LoadOptions, LoadResult, Outcome } from './load-model.js';

/** Different errors that are kept with their text. */
const ERROR_SAMPLES_MAX = 5;
/** Points of the curve of throughput over time, and the shortest distance between two. */
const SERIES_POINTS = 40;
const SERIES_INTERVAL_MIN_MS = 25;

/** Counts what happens between the start and the end of the measured part. */
export class LoadRecorder {
  readonly histogram = new LatencyHistogram();
  /** How late the generator began calls that nothing but itself held up. */
  readonly lateness = new LatencyHistogram();
  readonly startMs: number;
  readonly #options: LoadOptions;
  readonly #startCpu = process.cpuUsage();
  readonly #intervalMs: number;
  readonly #completed: number[] = [];
  readonly #errorSamples = new Map<string, number>();
  readonly #counts = { ok: 0, refused: 0, wrong: 0, errors: 0, timeouts: 0 };

  constructor(options: LoadOptions, startMs: number) {
    this.#options = options;
    this.startMs = startMs;
    this.#intervalMs = Math.max(SERIES_INTERVAL_MIN_MS, options.durationMs / SERIES_POINTS);
  }

  answered(outcome: Outcome, latencyMs: number): void {
    this.#counts[outcome]++;
    if (outcome === 'ok') this.histogram.recordMs(latencyMs);
  }

  /** One or more calls completed at `nowMs`, for the curve over time. */
  completed(nowMs: number, calls = 1): void {
    const index = Math.floor((nowMs - this.startMs) / this.#intervalMs);
    while (this.#completed.length <= index) this.#completed.push(0);
    this.#completed[index]! += calls;
  }

  failed(error: unknown): void {
    if (isTimeout(error)) this.#counts.timeouts++;
    else this.#counts.errors++;
    const text = describeThrown(error);
    const known = this.#errorSamples.get(text);
    if (known !== undefined) this.#errorSamples.set(text, known + 1);
    else if (this.#errorSamples.size < ERROR_SAMPLES_MAX) this.#errorSamples.set(text, 1);
  }

  /** Calls that never got an answer. */
  unanswered(calls: number): void {
    this.#counts.timeouts += calls;
  }

  get succeeded(): number {
    return this.#counts.ok;
  }

  get problems(): number {
    const { wrong, errors, timeouts } = this.#counts;
    return wrong + errors + timeouts;
  }

  /** What was measured until `endMs`; CPU time is read now. */
  result(endMs: number, facts: ResultFacts): LoadResult {
    const { ok, refused, errors, timeouts, wrong } = this.#counts;
    const calls = facts.calls ?? ok;
    const measuredMs = Math.max(endMs - this.startMs, 1e-3);
    const cpu = process.cpuUsage(this.#startCpu);
    const handled = calls + refused;
    return {
      measuredMs,
      calls,
      refused,
      errors,
      timeouts,
      wrong,
      notSent: facts.notSent ?? 0,
      errorSamples: [...this.#errorSamples],
      requestedPerSecond: this.#options.ratePerSecond,
      callsPerSecond: ((facts.callsInTime ?? calls) / measuredMs) * 1000,
      latency: facts.latency ?? this.histogram.summary(),
      generatorLateP99Us: this.lateness.percentileUs(99),
      cpuUsPerCall: handled === 0 ? 0 : (cpu.user + cpu.system) / handled,
      throughput: {
        intervalMs: this.#intervalMs,
        callsPerSecond: this.#wholeIntervals(measuredMs),
      },
      verified: handled > 0 && wrong + errors + timeouts === 0 && (facts.isRight ?? true),
      isInterrupted: this.#options.signal?.aborted === true,
    };
  }

  /** The last interval is left out unless it is whole: half of one would look like a drop. */
  #wholeIntervals(measuredMs: number): number[] {
    const whole = Math.floor(measuredMs / this.#intervalMs + 1e-6);
    return Array.from(
      { length: whole },
      (_, i) => ((this.#completed[i] ?? 0) / this.#intervalMs) * 1000,
    );
  }
}

/** What the recorder cannot know. */
export interface ResultFacts {
  /** Calls counted elsewhere, as tells are at their endpoint. */
  readonly calls?: number;
  /** Calls completed before the end: what arrives while draining is no throughput. */
  readonly callsInTime?: number;
  readonly notSent?: number;
  readonly latency?: LatencySummary;
  readonly isRight?: boolean;
}

function isTimeout(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code === 'TIMEOUT' || code === 'ETIMEDOUT' || name === 'TimeoutError';
}
