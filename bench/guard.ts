import { type BenchArguments, parseArguments } from './harness/arguments.js';
import { checkGuardArguments, doubtfulRows, guardVerdict } from './harness/guard-verdict.js';
import { formatReport, runBench } from './harness/run-bench.js';
import type { RowResult } from './harness/verdict.js';

const USAGE = `npm run bench:guard -- [--only NAMES] [--rounds N] [--node PATH]
Runs the quick cells and fails when a row is below what is required of it, as a ratio to the floor
of the same round. A row that is below, or that others disturbed, is measured once more, alone and
longer. Exit code: 0 all rows hold, 1 a row is below or failed, 2 a wrong command line, 3 others
used the machine too much to tell. By hand or at night; never among the tests.`;

const EXIT_BELOW = 1;
const EXIT_USAGE = 2;
const EXIT_UNSURE = 3;

async function measure(args: BenchArguments): Promise<readonly RowResult[]> {
  const { report } = await runBench(args);
  console.log(`\n${formatReport(report)}\n`);
  return report.rows;
}

async function guard(args: BenchArguments): Promise<number> {
  checkGuardArguments(args);
  const first = await measure({ ...args, isQuick: true });
  const only = doubtfulRows(first);
  if (only.length > 0) console.log(`Once more: ${only.join(', ')}`);
  const longer = { ...args, isQuick: false, only, rounds: args.rounds + 2 };
  const second = only.length === 0 ? [] : await measure(longer);
  const { below, unsure } = guardVerdict(first, second);
  if (unsure.length > 0) console.log(`Others were too busy to tell: ${unsure.join(', ')}`);
  if (below.length > 0) console.log(`Below what is required, or failed: ${below.join(', ')}`);
  if (below.length > 0) return EXIT_BELOW;
  if (unsure.length > 0) return EXIT_UNSURE;
  console.log('Every row holds what is required of it.');
  return 0;
}

try {
  const args = parseArguments(['--quick', ...process.argv.slice(2)]);
  if (args.isHelp) console.log(USAGE);
  else process.exitCode = await guard(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = EXIT_USAGE;
}
