import { formatNumber, formatTable } from './format.js';
import { spreadOf, type Spread } from './statistics.js';
import type { RowResult } from './verdict.js';

/**
 * Flink 2.1's own RPC (Pekko, JVM 17, warm), measured in turns with the same floor: its figure
 * divided by the bare lanes, or by the bare socket for what goes between processes.
 */
interface FlinkRow {
  readonly id: string;
  readonly question: string;
  /** Our row, whose ratio is to the same floor. */
  readonly row: string;
  readonly ratio: number;
  /** How many times Flink we have to be, and want to be. */
  readonly required: number;
  readonly goal: number;
}

const FLINK_ROWS: readonly FlinkRow[] = [
  { id: 'F1', question: 'local ask, 256', row: 'L2', ratio: 0.06, required: 7, goal: 13 },
  { id: 'F2', question: 'remote ask, 256', row: 'R1', ratio: 0.0125, required: 28, goal: 55 },
  { id: 'F3', question: 'local tell', row: 'L7', ratio: 3.0 / 7.35, required: 5, goal: 13 },
  { id: 'F4', question: 'remote tell', row: 'R4', ratio: 0.037 / 1.5, required: 40, goal: 100 },
];

/** How many times as fast as Flink on this floor. */
export interface FlinkResult {
  readonly id: string;
  readonly question: string;
  readonly times: Spread;
  readonly isNoisy: boolean;
  readonly required: number;
  readonly goal: number;
}

/** For every row that has one beside Flink, from its ratio to the floor of this run. */
export function besideFlink(results: readonly RowResult[]): FlinkResult[] {
  return FLINK_ROWS.flatMap(({ id, question, row, ratio, required, goal }) => {
    const result = results.find((candidate) => candidate.id === row);
    const ours = result?.ratio;
    if (ours === undefined) return [];
    const isNoisy = result?.isNoisy ?? false;
    const times = spreadOf([ours.median, ours.min, ours.max].map((value) => value / ratio));
    return [{ id, question, times, isNoisy, required, goal }];
  });
}

function verdictOf({ times, isNoisy, required, goal }: FlinkResult): string {
  if (isNoisy) return 'unsure ?';
  if (times.median >= goal) return 'goal met';
  return times.median >= required ? 'met' : 'BELOW';
}

/** The table of them; empty without any. */
export function formatFlink(results: readonly FlinkResult[]): string {
  if (results.length === 0) return '';
  const header = ['row', 'beside Flink 2.1', 'times', 'min-max', 'required', 'goal', 'verdict'];
  const lines = results.map((result) => [
    result.id,
    result.question,
    `${formatNumber(result.times.median)} x`,
    `${formatNumber(result.times.min)}-${formatNumber(result.times.max)}`,
    `>= ${result.required} x`,
    `>= ${result.goal} x`,
    verdictOf(result),
  ]);
  return formatTable([header, ...lines], new Set([2, 3, 4, 5]));
}
