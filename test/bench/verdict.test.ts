import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { CellName } from '../../bench/cells.js';
import type { Figures } from '../../bench/harness/cell.js';
import { planRound } from '../../bench/harness/plan.js';
import { formatRivals } from '../../bench/harness/rivals.js';
import type { Rounds } from '../../bench/harness/rounds.js';
import { ratioBound, type Row } from '../../bench/harness/row.js';
import { formatDetails, formatResults, summarize } from '../../bench/harness/table.js';
import { judgeRow, type RowResult } from '../../bench/harness/verdict.js';

const ROW: Row = {
  id: 'L2',
  question: 'ask',
  measure: { cell: 'home-to-worker/ask-number/256', figure: 'callsPerSecond' },
  better: 'higher',
  beside: {
    cell: 'floor/lanes/ask-number/256',
    figure: 'callsPerSecond',
    name: 'lanes',
    reference: 10e6,
  },
  required: { value: 4e6, ratio: 0.45 },
  goal: { value: 8e6 },
};

/** Rounds of the figures of a row and its floor. */
function roundsOf(pairs: readonly (readonly [number, number])[], extra: Figures = {}): Rounds {
  const rounds = pairs.map(([ours, floor]) => [
    { callsPerSecond: ours, ...extra },
    { callsPerSecond: floor },
  ]);
  return { rounds, failures: new Map(), absences: new Map() };
}

function judge(row: Row, rounds: Rounds): RowResult {
  return judgeRow(planRound({ rows: [row], grids: [] }).rows[0]!, rounds);
}

test('the strictest of an absolute bound, scaled by the floor, and a ratio holds', () => {
  equal(ratioBound(ROW, { value: 4e6, ratio: 0.45 }), 0.45);
  equal(ratioBound(ROW, { value: 8e6, ratio: 0.45 }), 0.8);
  equal(ratioBound({ ...ROW, better: 'lower' }, { value: 4e6, ratio: 0.45 }), 0.4);
  const { beside: _, ...alone } = ROW;
  equal(ratioBound(alone, { value: 4e6 }), undefined);
});

test('the ratio of the same round decides, whatever the machine gave', () => {
  const slow = judge(
    ROW,
    roundsOf([
      [0.5e6, 1e6],
      [2.5e6, 5e6],
      [5e6, 10e6],
    ]),
  );
  equal(slow.verdict, 'met');
  deepEqual(slow.ratio, { median: 0.5, min: 0.5, max: 0.5 });
  deepEqual(slow.figure, { median: 2.5e6, min: 0.5e6, max: 5e6 });
  deepEqual(slow.required, { value: 0.45 * 5e6, ratio: 0.45 });
  equal(judge(ROW, roundsOf([[0.8e6, 1e6]])).verdict, 'goal');
  equal(judge(ROW, roundsOf([[4.4e6, 10e6]])).verdict, 'below');
});

test('without a floor the absolute figure decides', () => {
  const { beside: _, ...alone } = ROW;
  const row: Row = { ...alone, better: 'lower', required: { value: 5 }, goal: { value: 1 } };
  const verdictOf = (value: number): string =>
    judgeRow({ row, step: 0, besideStep: undefined }, roundsOf([[value, 1]])).verdict;
  deepEqual([1, 5, 5.1].map(verdictOf), ['goal', 'met', 'below']);
});

test('a failed cell is an error and never a number, also when only the floor failed', () => {
  for (const cell of [ROW.measure.cell, ROW.beside!.cell] as CellName[]) {
    const failures = new Map([[cell, 'call 7 was answered 8']]);
    const result = judge(ROW, { ...roundsOf([[1, 1]]), failures });
    equal(result.verdict, 'error');
    equal(result.figure, undefined);
    const text = formatResults([result]);
    equal(text.includes('ERROR') && text.includes('call 7 was answered 8'), true);
  }
});

test('a missing figure is an error too', () => {
  const result = judge(ROW, {
    rounds: [[{ callsPerSecond: 1 }, undefined]],
    failures: new Map(),
    absences: new Map(),
  });
  deepEqual([result.verdict, result.reason], ['error', 'a figure is missing']);
});

test('rounds beside busy neighbours do not count, and without quiet ones nothing is sure', () => {
  const round = (ours: number, floor: number, busy: number): readonly Figures[] => [
    { callsPerSecond: ours, othersBusyPercent: 0 },
    { callsPerSecond: floor, othersBusyPercent: busy },
  ];
  const failures = new Map<CellName, string>();
  const absences = new Map<CellName, string>();
  const rounds = [round(9e6, 1e6, 60), round(5e6, 10e6, 2), round(9e6, 2e6, 11)];
  const mixed = judge(ROW, { rounds, failures, absences });
  deepEqual([mixed.verdict, mixed.countedRounds, mixed.ratio?.max], ['met', 1, 0.5]);
  const noisy = judge(ROW, { rounds: [rounds[0]!], failures, absences });
  deepEqual([noisy.verdict, noisy.countedRounds, noisy.isNoisy], ['unsure', 1, true]);
  equal(formatResults([noisy]).includes('unsure ?'), true);
  equal(formatResults([mixed]).includes('?'), false);
});

test('the tables show figures in their units, losses by name', () => {
  const won = judge(ROW, roundsOf([[9e6, 10e6]], { p50Us: 12.34, cpuUsPerCall: 0.5 }));
  const lost: RowResult = { ...judge(ROW, roundsOf([[123_456, 10e6]])), id: 'L3' };
  const text = formatResults([won, lost]);
  for (const part of ['9.00 M/s', 'lanes 10.0 M/s', '>= 4.50 M/s (0.45)', '123 k/s', 'BELOW']) {
    equal(text.includes(part), true, `${part} in\n${text}`);
  }
  equal(formatDetails([won]).includes('12.3'), true);
  equal(
    summarize([won, lost]),
    'goal met: 1 (L2); required met: 0; below: 1 (L3); unsure: 0; errors: 0',
  );
});

test('a row with a rival says how many times as fast as it we are on the same floor', () => {
  const row: Row = {
    ...ROW,
    rival: { name: 'Flink 2.1', ratio: 0.06 },
    required: { ratio: 7 * 0.06 },
    goal: { ratio: 13 * 0.06 },
  };
  const text = formatRivals([judge(row, roundsOf([[6e6, 10e6]]))]);
  for (const part of ['10.0 x', '>= 7.00 x', '>= 13.0 x', 'met']) {
    equal(text.includes(part), true, `${part} in\n${text}`);
  }
  equal(formatRivals([judge(ROW, roundsOf([[6e6, 10e6]]))]), '');
});

test('a cell that ran in the first round only is judged by that round', () => {
  const rounds = roundsOf([[5e6, 10e6]]);
  const later = { ...rounds, rounds: [...rounds.rounds, [undefined, { callsPerSecond: 1 }]] };
  const result = judge(ROW, later);
  deepEqual([result.verdict, result.countedRounds], ['met', 1]);
});
