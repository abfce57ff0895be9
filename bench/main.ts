import { writeFileSync } from 'node:fs';
import { type BenchArguments, parseArguments, USAGE } from './harness/arguments.js';
import { formatComparison, readReport, writeReport } from './harness/report.js';
import { formatReport, runBench } from './harness/run-bench.js';
import { renderReport } from './report/page.js';

async function bench(args: BenchArguments): Promise<void> {
  const before = args.comparePath === undefined ? undefined : readReport(args.comparePath);
  const { report, hasFailures } = await runBench(args);
  console.log(`\n${formatReport(report)}`);
  if (before !== undefined) console.log(`\n${formatComparison(before, report)}`);
  if (args.jsonPath !== undefined) writeReport(args.jsonPath, report);
  if (args.htmlPath !== undefined) writeFileSync(args.htmlPath, renderReport(report));
  if (hasFailures) process.exitCode = 1;
}

try {
  const args = parseArguments(process.argv.slice(2));
  if (args.isHelp) console.log(USAGE);
  else await bench(args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
