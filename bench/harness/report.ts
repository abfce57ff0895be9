import { readFileSync, writeFileSync } from 'node:fs';
import type { Budget, Figures } from './cell.js';
import { formatNumber, formatTable } from './format.js';
import type { GridResult } from './grid-results.js';
import type { MachineFacts } from './machine.js';
import type { Plan } from './plan.js';
import type { Rounds } from './rounds.js';
import { areApart } from './statistics.js';
import type { RowResult } from './verdict.js';

/** Changes when a key of the report changes its meaning. */
const FORMAT = 2;

/** Everything that a run measured; what `--json` writes and `--compare` reads. */
export interface BenchReport {
  readonly format: number;
  readonly machine: MachineFacts;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly rowBudget: Budget;
  readonly gridBudget: Budget;
  readonly rows: readonly RowResult[];
  readonly grids: readonly GridResult[];
  /** Every figure of every run, in the order in which the rounds list their cells. */
  readonly cells: readonly {
    readonly cell: string;
    readonly isForGrid: boolean;
    readonly runs: readonly (Figures | null)[];
  }[];
}

/** What a report is made of. */
export interface ReportParts {
  readonly machine: MachineFacts;
  readonly isQuick: boolean;
  readonly rowBudget: Budget;
  readonly gridBudget: Budget;
  readonly plan: Plan;
  readonly rounds: Rounds;
  readonly rows: readonly RowResult[];
  readonly grids: readonly GridResult[];
}

/** Puts a report together. */
export function makeReport({ plan, rounds, ...parts }: ReportParts): BenchReport {
  const cells = plan.steps.map(({ cell, isForGrid }, step) => ({
    cell,
    isForGrid,
    runs: rounds.rounds.map((round) => round[step] ?? null),
  }));
  return { format: FORMAT, rounds: rounds.rounds.length, ...parts, cells };
}

/** Writes a report; throws when the file cannot be written. */
export function writeReport(path: string, report: BenchReport): void {
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** Reads a report that this version can compare with; throws what is wrong with it. */
export function readReport(path: string): BenchReport {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Partial<BenchReport>;
  if (report.format !== FORMAT || !Array.isArray(report.rows)) {
    throw new Error(`${path} is no report of this format (${FORMAT})`);
  }
  return report as BenchReport;
}

/**
 * The two runs side by side: ratios to the floor where there are some, because machines differ
 * from hour to hour. A change counts when no round of one run lies among those of the other.
 */
export function formatComparison(before: BenchReport, after: BenchReport): string {
  const header = ['row', 'question', 'before', 'after', 'change', ''];
  const lines = after.rows.flatMap((row) => {
    const old = before.rows.find(({ id }) => id === row.id);
    const isRatio = row.ratio !== undefined && old?.ratio !== undefined;
    const then = isRatio ? old.ratio : old?.figure;
    const now = isRatio ? row.ratio : row.figure;
    if (then === undefined || now === undefined) return [];
    const change = now.median / then.median - 1;
    const isBetter = row.better === 'higher' ? change > 0 : change < 0;
    const meaning = areApart(then, now) ? (isBetter ? 'better' : 'WORSE') : 'within the noise';
    return [
      [
        row.id,
        row.question,
        formatNumber(then.median),
        formatNumber(now.median),
        `${change >= 0 ? '+' : ''}${(change * 100).toFixed(0)} %`,
        meaning,
      ],
    ];
  });
  const { machine } = before;
  const source = `${machine.commit ?? 'no commit'}, ${machine.node}`;
  const title = `Compared with ${machine.startedAt} (${source})`;
  return `${title}\n${formatTable([header, ...lines], new Set([2, 3, 4]))}`;
}
