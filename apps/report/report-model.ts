import type { LatencySummary } from '../load/histogram.js';
import type { LoadResult, ThroughputSeries } from '../load/load-model.js';
import type { MachineFacts } from './machine.js';

/** One TaskExecutor and where it lives. */
export interface MemberReport {
  readonly resourceId: string;
  readonly instanceId: string;
  readonly processId: number;
  /** Worker thread by number, or `home`. */
  readonly thread: number | 'home';
  /** It joined over TCP from a process of its own. */
  readonly isOwnProcess: boolean;
  /** From the start of the cluster until registered with its slots reported. */
  readonly registeredMs: number;
  /** What else ran on its thread. */
  readonly endpoints: readonly string[];
}

/** How the cluster formed. */
export interface ClusterReport {
  readonly taskExecutors: number;
  /** From the start until all TaskExecutors on threads were registered with slots reported. */
  readonly startMs: number;
  /** The same for the one in a process of its own; null when it did not come up. */
  readonly processJoinMs: number | null;
  readonly processId: number;
  readonly members: readonly MemberReport[];
}

/** One counting of the same text by both. */
export interface WordCountRound {
  readonly clusterMs: number;
  readonly plainMs: number;
}

/** The word count beside the plain one; milliseconds are medians of the rounds. */
export interface WordCountReport {
  readonly bytes: number;
  readonly words: number;
  readonly clusterMs: number;
  readonly plainMs: number;
  /** Every word has the same count in both; null when it ended before they were compared. */
  readonly equal: boolean | null;
  readonly speedUp: number;
  readonly files: number;
  readonly skipped: number;
  readonly distinctWords: number;
  readonly rounds: readonly WordCountRound[];
  readonly top: readonly { readonly word: string; readonly count: number }[];
  readonly shards: readonly { readonly taskExecutor: string; readonly distinctWords: number }[];
  readonly readers: readonly { readonly taskExecutor: string; readonly bytes: number }[];
}

/** Way of a call: to another thread of the process, or to another process. */
export type ReportPath = 'thread' | 'tcp';

/** One row of the load test. */
export interface LoadReport {
  readonly path: ReportPath;
  /** `ask` and `tell` are ringlane's; the raw ones are the floor measured beside them. */
  readonly kind: 'ask' | 'tell' | 'rawPostMessage' | 'rawSocket';
  readonly inFlight: number;
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly cpuUsPerCall: number;
  readonly verified: boolean;
  readonly latency: LatencySummary;
  readonly calls: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly wrong: number;
  readonly throughput: ThroughputSeries;
}

/** `report.json`: the first keys are stable, others may be added. */
export interface DemoReport {
  readonly machine: MachineFacts;
  readonly cluster: ClusterReport | null;
  readonly wordCount: WordCountReport | null;
  readonly load: readonly LoadReport[];
  readonly version: string;
  readonly createdAt: string;
  readonly interrupted: boolean;
}

/** A row from a result; figures get as many digits as they deserve. */
export function loadReport(
  row: Pick<LoadReport, 'path' | 'kind' | 'inFlight'>,
  result: LoadResult,
): LoadReport {
  const { latency, throughput } = result;
  const rounded = Object.fromEntries(
    Object.entries(latency).map(([key, value]) => [key, roundTo(value as number, 3)]),
  ) as unknown as LatencySummary;
  return {
    ...row,
    callsPerSecond: Math.round(result.callsPerSecond),
    p50Us: rounded.p50Us,
    p99Us: rounded.p99Us,
    p999Us: rounded.p999Us,
    cpuUsPerCall: roundTo(result.cpuUsPerCall, 3),
    verified: result.verified,
    latency: rounded,
    calls: result.calls,
    errors: result.errors,
    timeouts: result.timeouts,
    wrong: result.wrong,
    throughput: {
      intervalMs: roundTo(throughput.intervalMs, 3),
      callsPerSecond: throughput.callsPerSecond.map(Math.round),
    },
  };
}

/** Rounds for reports: 1.23456 with 3 digits is 1.235. */
export function roundTo(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
