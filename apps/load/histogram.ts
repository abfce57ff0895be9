import { createHistogram } from 'node:perf_hooks';

/** Latency at the usual percentiles, in microseconds; zeros when nothing was recorded. */
export interface LatencySummary {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly p9999Us: number;
  readonly maxUs: number;
}

/** Nothing recorded. */
export const NO_LATENCY: LatencySummary = {
  count: 0,
  meanUs: 0,
  p50Us: 0,
  p90Us: 0,
  p99Us: 0,
  p999Us: 0,
  p9999Us: 0,
  maxUs: 0,
};

/** Latencies in nanoseconds with three digits, whatever their range (HdrHistogram of Node). */
export class LatencyHistogram {
  #histogram = createHistogram();

  /** Records a latency; what is not above zero counts as one nanosecond. */
  recordMs(latencyMs: number): void {
    const ns = Math.round(latencyMs * 1e6);
    this.#histogram.record(ns >= 1 ? ns : 1);
  }

  get count(): number {
    return Number(this.#histogram.count);
  }

  percentileUs(percentile: number): number {
    if (this.count === 0) return 0;
    // The bucket of the largest value ends a little above it.
    return Math.min(this.#histogram.percentile(percentile), this.#histogram.max) / 1000;
  }

  /** Forgets everything, for the measured part after a warm-up. */
  reset(): void {
    this.#histogram.reset();
  }

  summary(): LatencySummary {
    if (this.count === 0) return NO_LATENCY;
    return {
      count: this.count,
      meanUs: this.#histogram.mean / 1000,
      p50Us: this.percentileUs(50),
      p90Us: this.percentileUs(90),
      p99Us: this.percentileUs(99),
      p999Us: this.percentileUs(99.9),
      p9999Us: this.percentileUs(99.99),
      maxUs: this.#histogram.max / 1000,
    };
  }
}
