import { type Clock, systemClock } from '../../core/internal.js';
import type { LatencySummary } from './histogram.js';

/** Time as a load run sees it; tests turn it. */
export interface LoadClock extends Clock {
  /** Runs `task` when the event loop has been around once. */
  nextTurn(task: () => void): void;
}

/** The time of the machine. */
export const systemLoadClock: LoadClock = {
  nowMs: () => systemClock.nowMs(),
  schedule: (task, delayMs, options) => systemClock.schedule(task, delayMs, options),
  nextTurn: (task) => void setImmediate(task),
};

/** How to load a target. */
export interface LoadOptions {
  /** Calls that may be waiting for their answers at once; for tells, calls between two pauses. */
  readonly inFlight: number;
  readonly durationMs: number;
  /** Load before measuring begins; not counted. */
  readonly warmupMs: number;
  /**
   * Calls a second, whether answers come or not (open loop): latency counts from when a call was
   * due, so that a stall is paid by every call that it delayed. Absent: a call for each answer.
   */
  readonly ratePerSecond?: number | undefined;
  /** How long to wait for answers that are missing at the end. */
  readonly drainMs: number;
  /** Ends the run early; what was measured is answered. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: LoadClock;
}

/** What became of a call: `refused` is a proper no, such as 429 of a rate limiter. */
export type Outcome = 'ok' | 'refused' | 'wrong';

/** Something that answers calls. */
export interface AskTarget<Reply = unknown> {
  /** Starts one call. */
  send(sequence: number): PromiseLike<Reply>;
  /** Whether this is the right reply to the call of that number. */
  judge(reply: Reply, sequence: number): Outcome;
}

/** What an endpoint says about the tells that reached it. */
export interface TellTotals {
  readonly received: number;
  /** Sum of the numbers received in 32 bits, when the endpoint adds them up. */
  readonly sum?: number;
  /** One-way latency, when the endpoint measures it. */
  readonly latency?: LatencySummary;
}

/** Something that is told and counts what it heard. */
export interface TellTarget {
  tell(sequence: number): void;
  /** A tell that also carries when it was due, so that the endpoint can measure its way. */
  tellTimed?(sequence: number, dueMs: number): void;
  /** Resolves when there is room again. */
  ready(): Promise<void>;
  /** Forgets what was heard before. */
  begin(): Promise<void>;
  /** Answers when everything that was told is counted. */
  settle(): Promise<TellTotals>;
}

/** What a run measured. */
export interface LoadResult {
  readonly measuredMs: number;
  /** Calls answered rightly; tells counted at the endpoint. */
  readonly calls: number;
  readonly refused: number;
  readonly errors: number;
  readonly timeouts: number;
  /** Replies that are not what they should be. */
  readonly wrong: number;
  /** Calls that were due in an open loop but could not even begin. */
  readonly notSent: number;
  /** Texts of the first few different errors, with how often each came. */
  readonly errorSamples: readonly (readonly [message: string, count: number])[];
  readonly requestedPerSecond: number | undefined;
  readonly callsPerSecond: number;
  readonly latency: LatencySummary;
  /** Open loop: how late the generator itself was, p99 in microseconds; it is part of `latency`. */
  readonly generatorLateP99Us: number;
  /** User and system time of the process, all its threads. */
  readonly cpuUsPerCall: number;
  readonly throughput: ThroughputSeries;
  /** Every reply was checked and right, and there was at least one. */
  readonly verified: boolean;
  readonly isInterrupted: boolean;
}

/** Calls a second over time. */
export interface ThroughputSeries {
  readonly intervalMs: number;
  readonly callsPerSecond: readonly number[];
}
