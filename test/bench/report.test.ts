import { deepEqual, equal, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { parseArguments } from '../../bench/harness/arguments.js';
import { BUDGETS } from '../../bench/harness/cell.js';
import { machineFacts } from '../../bench/harness/machine.js';
import { OthersWatch } from '../../bench/harness/others.js';
import { planRound } from '../../bench/harness/plan.js';
import {
  type BenchReport,
  formatComparison,
  makeReport,
  readReport,
  writeReport,
} from '../../bench/harness/report.js';
import { judgeRow } from '../../bench/harness/verdict.js';
import { ROWS } from '../../bench/rows.js';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ringlane-bench-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const plan = planRound({ rows: ROWS.filter(({ id }) => id === 'L2'), grids: [] });

function reportOf(values: readonly number[]): BenchReport {
  const rounds = {
    rounds: values.map((value) => [{ callsPerSecond: value }, { callsPerSecond: 10e6 }]),
    failures: new Map(),
    absences: new Map(),
  };
  const rows = plan.rows.map((planned) => judgeRow(planned, rounds));
  const machine = machineFacts(process.execPath);
  const budgets = { rowBudget: BUDGETS.tiny, gridBudget: BUDGETS.tiny };
  return makeReport({ machine, isQuick: true, ...budgets, plan, rounds, rows, grids: [] });
}

test('what is written can be read and holds every figure of every round', () => {
  const path = join(folder, 'report.json');
  const report = reportOf([5e6, 6e6]);
  writeReport(path, report);
  const read = readReport(path);
  deepEqual(read, JSON.parse(JSON.stringify(report)));
  deepEqual(read.cells[0], {
    cell: 'home-to-worker/ask-number/256',
    isForGrid: false,
    runs: [{ callsPerSecond: 5e6 }, { callsPerSecond: 6e6 }],
  });
  equal(read.machine.node, process.version);
});

test('a file of another kind is refused', () => {
  const path = join(folder, 'other.json');
  writeFileSync(path, '{"format":0}');
  throws(() => readReport(path), /is no report of this format/);
  throws(() => readReport(join(folder, 'missing.json')), /ENOENT/);
});

test('a change counts when it is larger than the noise of both runs', () => {
  const before = reportOf([4e6, 5e6]);
  const lineOf = (after: BenchReport): string =>
    formatComparison(before, after)
      .split('\n')
      .find((line) => line.startsWith('L2'))!;
  equal(/\+56 % {2}better$/.test(lineOf(reportOf([6e6, 8e6]))), true, lineOf(reportOf([6e6, 8e6])));
  equal(/-\d+ % {2}WORSE$/.test(lineOf(reportOf([1e6, 2e6]))), true);
  equal(/within the noise$/.test(lineOf(reportOf([4.5e6, 6e6]))), true);
});

test('the command line', () => {
  const args = parseArguments(['--quick', '--only', 'L1,L2', '--only', 'R1', '--json', 'x.json']);
  deepEqual(args.only, ['L1', 'L2', 'R1']);
  deepEqual([args.isQuick, args.rounds, args.jsonPath], [true, 3, 'x.json']);
  deepEqual([args.nodePath, args.comparePath], [process.execPath, undefined]);
  equal(parseArguments([]).rounds, 5);
  throws(() => parseArguments(['--rounds', '0']), /--rounds wants a whole number/);
  throws(() => parseArguments(['--slow']), /--slow/);
  throws(() => parseArguments(['--json', 'not/here/x.json']), /--json wants .* not not\/here/);
  throws(() => parseArguments(['--html', 'not/here/x.html']), /--html wants .* not not\/here/);
});

test('a Node that does not run is refused before anything is measured', () => {
  throws(() => machineFacts(join(folder, 'node')), /does not run/);
});

test('what others do is told in per cent, where the system tells', () => {
  const percent = new OthersWatch().busyPercent();
  equal(percent === undefined || (percent >= 0 && percent <= 100), true);
});
