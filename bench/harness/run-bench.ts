import { CELLS } from '../cells.js';
import { GRIDS } from '../grids.js';
import { ROWS } from '../rows.js';
import type { BenchArguments } from './arguments.js';
import { BUDGETS } from './cell.js';
import { formatChoices } from './choice-results.js';
import { formatGrid, formatPeers, type GridResult, gridResult } from './grid-results.js';
import { describeMachine, machineFacts } from './machine.js';
import { planRound, select } from './plan.js';
import { type BenchReport, makeReport } from './report.js';
import { formatRivals } from './rivals.js';
import { type Progress, runRounds } from './rounds.js';
import { formatDetails, formatResults, summarize } from './table.js';
import { judgeRow } from './verdict.js';

/** On a terminal one line that moves, elsewhere nothing: the table is what is kept. */
function showProgress({ round, cell, done, total }: Progress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K[${done + 1}/${total}] round ${round + 1}: ${cell}`);
}

/** What a run gave, and whether a cell failed. */
export interface BenchOutcome {
  readonly report: BenchReport;
  readonly hasFailures: boolean;
}

/** Runs what the arguments ask for; throws when they name nothing that there is. */
export async function runBench(args: BenchArguments): Promise<BenchOutcome> {
  const machine = machineFacts(args.nodePath);
  const catalogue = { rows: ROWS, grids: GRIDS, cells: Object.keys(CELLS) };
  const plan = planRound(select(catalogue, args.only, args.isQuick));
  const rowBudget = args.isQuick ? BUDGETS.quick : BUDGETS.full;
  const gridBudget = BUDGETS.grid;
  console.log(describeMachine(machine));
  const startMs = performance.now();
  const rounds = await runRounds(plan, {
    count: args.rounds,
    rowBudget,
    gridBudget,
    nodePath: args.nodePath,
    repeatsNoisy: !args.isQuick,
    onStep: showProgress,
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(`${args.rounds} rounds in ${seconds} s, medians`);
  const rows = plan.rows.map((planned) => judgeRow(planned, rounds));
  const grids = plan.grids.map((planned) => gridResult(planned, rounds));
  const { isQuick } = args;
  const parts = { machine, isQuick, rowBudget, gridBudget, plan, rounds, rows, grids };
  return { report: makeReport(parts), hasFailures: rounds.failures.size > 0 };
}

function formatGridResult(result: GridResult): string {
  if (result.ours !== undefined) return formatPeers(result);
  const choices = formatChoices(result);
  return choices === '' ? formatGrid(result) : `${formatGrid(result)}\n\n${choices}`;
}

/** Everything that the terminal shows of a report. */
export function formatReport({ rows, grids }: BenchReport): string {
  const parts =
    rows.length === 0
      ? []
      : [formatResults(rows), formatDetails(rows), formatRivals(rows), summarize(rows)];
  return [...parts, ...grids.map(formatGridResult)].filter((part) => part !== '').join('\n\n');
}
