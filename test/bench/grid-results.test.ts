import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  duelsOf,
  formatGrid,
  formatPeers,
  type GridResult,
  gridResult,
} from '../../bench/harness/grid-results.js';
import { planRound } from '../../bench/harness/plan.js';

const QUESTION = 'ask-number/256';
const PATHS = ['home-to-worker', 'floor/lanes', 'peers/piscina', 'peers/comlink', 'peers/knitting'];

/** Rates of ours, floor, piscina and comlink, round by round; knitting cannot be had. */
function resultOf(rounds: readonly (readonly number[])[]): GridResult {
  const grid = {
    id: 'P1',
    title: 'Peers',
    paths: PATHS,
    questions: [QUESTION],
    ours: PATHS[0]!,
    floor: PATHS[1]!,
  };
  const plan = planRound({ rows: [], grids: [grid] });
  const figures = rounds.map((rates) => [
    ...rates.map((callsPerSecond) => ({ callsPerSecond, cpuUsPerCall: 2, p50Us: 7 })),
    undefined,
  ]);
  const absences = new Map([[`peers/knitting/${QUESTION}`, 'no such package']]);
  return gridResult(plan.grids[0]!, { rounds: figures, failures: new Map(), absences });
}

test('a duel is won or lost only when the rounds of the two lie apart', () => {
  const result = resultOf([
    [5e6, 9e6, 1e6, 6e6],
    [4e6, 9e6, 2e6, 7e6],
  ]);
  deepEqual(
    duelsOf(result).map(({ peer, outcome }) => [peer, outcome]),
    [
      ['peers/piscina', 'win'],
      ['peers/comlink', 'loss'],
    ],
  );
  const close = resultOf([
    [5e6, 9e6, 1e6, 4e6],
    [3e6, 9e6, 1e6, 6e6],
  ]);
  equal(duelsOf(close)[1]?.outcome, 'tie');
});

test('losses and what is not here are printed, the floor is no peer', () => {
  const text = formatPeers(resultOf([[5e6, 9e6, 1e6, 6e6]]));
  for (const part of ['1 wins, 0 ties, 1 losses: comlink at', 'LOSS', 'no such package']) {
    equal(text.includes(part), true, `${part} in\n${text}`);
  }
  equal(/lanes.*x/.test(text), false, text);
});

test('a grid shows the median and how far the rounds lie apart', () => {
  const text = formatGrid(
    resultOf([
      [5e6, 9e6, 1e6, 6e6],
      [4e6, 9e6, 1e6, 6e6],
      [6e6, 9e6, 1e6, 6e6],
    ]),
  );
  equal(/home-to-worker +ask-number\/256 +5.00 M\/s +4.00-6.00/.test(text), true, text);
});

test('for one call in flight the latency decides', () => {
  const grid = { id: 'G', title: 'G', paths: ['home-to-worker'], questions: ['ask-number/1'] };
  const plan = planRound({ rows: [], grids: [grid] });
  const rounds = [[{ callsPerSecond: 5, p50Us: 3 }]];
  const result = gridResult(plan.grids[0]!, { rounds, failures: new Map(), absences: new Map() });
  deepEqual([result.lines[0]?.figure, result.lines[0]?.spread?.median], ['p50Us', 3]);
});
