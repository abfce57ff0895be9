import { type BenchArguments, parseArguments, USAGE } from './harness/arguments.js';
import { BUDGETS } from './harness/cell.js';
import { besideFlink, formatFlink } from './harness/flink.js';
import { type MachineFacts, machineFacts } from './harness/machine.js';
import { planRound, quickRows, selectRows } from './harness/plan.js';
import { formatComparison, makeReport, readReport, writeReport } from './harness/report.js';
import { type Progress, runRounds } from './harness/rounds.js';
import { formatDetails, formatResults, summarize } from './harness/table.js';
import { judgeRow } from './harness/verdict.js';
import { ROWS } from './rows.js';

/** On a terminal one line that moves, elsewhere nothing: the table is what is kept. */
function showProgress({ round, cell, done, total }: Progress): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r\x1b[K[${done + 1}/${total}] round ${round + 1}: ${cell}`);
}

function describeMachine(machine: MachineFacts): string {
  return [
    `${machine.cpu}, ${machine.cores} cores (${machine.availableParallelism} usable)`,
    `${machine.memoryGib} GiB, ${machine.platform}, Node ${machine.node}`,
    `load ${machine.loadAverage.toFixed(2)}, commit ${machine.commit ?? 'unknown'}`,
  ].join('; ');
}

async function bench(args: BenchArguments): Promise<void> {
  const machine = machineFacts(args.nodePath);
  const before = args.comparePath === undefined ? undefined : readReport(args.comparePath);
  const selected = selectRows(ROWS, args.only);
  const plan = planRound(args.isQuick ? quickRows(selected) : selected, args.isQuick);
  const budget = args.isQuick ? BUDGETS.quick : BUDGETS.full;
  console.log(describeMachine(machine));
  const startMs = performance.now();
  const rounds = await runRounds(plan, {
    count: args.rounds,
    budget,
    nodePath: args.nodePath,
    onStep: showProgress,
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const rows = plan.rows.map((planned) => judgeRow(planned, rounds));
  const flink = besideFlink(rows);
  const report = makeReport({ machine, budget, plan, rounds, rows, flink });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(`${args.rounds} rounds in ${seconds} s, medians\n\n${formatResults(rows)}\n`);
  console.log(`${formatDetails(rows)}\n`);
  if (flink.length > 0) console.log(`${formatFlink(flink)}\n`);
  console.log(summarize(rows));
  if (before !== undefined) console.log(`\n${formatComparison(before, report)}`);
  if (args.jsonPath !== undefined) writeReport(args.jsonPath, report);
  if (rounds.failures.size > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const args = parseArguments(process.argv.slice(2));
  if (args.isHelp) console.log(USAGE);
  else await bench(args);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
