import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { GRIDS } from '../../bench/grids.js';
import { BUDGETS, type Figures } from '../../bench/harness/cell.js';
import { gridResult } from '../../bench/harness/grid-results.js';
import { machineFacts } from '../../bench/harness/machine.js';
import { planRound } from '../../bench/harness/plan.js';
import { type BenchReport, makeReport } from '../../bench/harness/report.js';
import { judgeRow } from '../../bench/harness/verdict.js';
import { renderReport } from '../../bench/report/page.js';
import { ROWS } from '../../bench/rows.js';

/** A report in which every cell gave what `figuresOf` says, comlink failed and nats is not here. */
function reportOf(figuresOf: (step: number) => Figures): BenchReport {
  const plan = planRound({ rows: ROWS, grids: GRIDS });
  const named = (part: string, reason: string): Map<string, string> =>
    new Map(
      plan.steps
        .filter(({ cell }) => cell.includes(part))
        .map(({ cell }): [string, string] => [cell, reason]),
    );
  const failures = named('comlink', 'call 7 was answered <8>');
  const absences = named('nats', 'no nats-server');
  const round = plan.steps.map(({ cell }, step) =>
    failures.has(cell) || absences.has(cell) ? undefined : figuresOf(step),
  );
  const rounds = { rounds: [round, round], failures, absences };
  return makeReport({
    machine: machineFacts(process.execPath),
    isQuick: false,
    rowBudget: BUDGETS.tiny,
    gridBudget: BUDGETS.tiny,
    plan,
    rounds,
    rows: plan.rows.map((planned) => judgeRow(planned, rounds)),
    grids: plan.grids.map((planned) => gridResult(planned, rounds)),
  });
}

const report = reportOf((step) => ({
  callsPerSecond: 1000 + step,
  bytesPerSecond: 1e6,
  p50Us: 10 + step,
  p99Us: 20 + step,
  p999Us: 30 + step,
  cpuUsPerCall: 2,
  rssMib: 60,
}));

test('the page is one file: no script, nothing from the network', () => {
  const page = renderReport(report);
  equal(/<script|https?:|@import|url\(|<link|<img/.test(page), false);
  equal(page.includes("default-src 'none'"), true);
  equal(page.includes('prefers-color-scheme: dark'), true);
});

test('every row, every grid, plots with their floors, losses and failures are on it', () => {
  const page = renderReport(report);
  for (const { id } of ROWS) equal(page.includes(`<td>${id} `), true, id);
  for (const { title } of GRIDS) equal(page.includes(`<h2>${title}</h2>`), true, title);
  for (const text of [
    'Asks of a number a second, by calls in flight',
    'Latency of one ask at a time, by percentile',
    'CPU of all threads and processes per ask',
    'floor: lanes',
    'floor: socket',
    'no nats-server',
    'call 7 was answered &#60;8&#62;',
    'class="bad"',
  ]) {
    equal(page.includes(text), true, text);
  }
  equal(/NaN|undefined|Infinity/.test(page), false);
});

test('a report without anything measured is a page all the same', () => {
  const page = renderReport({ ...report, rows: [], grids: [], cells: [] });
  equal(page.includes('<h1>ringlane bench</h1>'), true);
});
