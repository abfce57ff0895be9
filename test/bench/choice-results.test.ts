import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS } from '../../bench/cells.js';
import { CHOICES } from '../../bench/choices.js';
import { GRIDS } from '../../bench/grids.js';
import { formatChoices, worthsOf } from '../../bench/harness/choice-results.js';
import { gridResult } from '../../bench/harness/grid-results.js';
import { planRound } from '../../bench/harness/plan.js';

const plan = planRound({ rows: [], grids: GRIDS.filter(({ id }) => id === 'G7') });

test('the grid of the choices has both cells of each and no others', () => {
  const wanted = new Set(CHOICES.flatMap((choice) => [choice.with, choice.without]));
  deepEqual(new Set(plan.steps.map(({ cell }) => cell)), wanted);
  for (const cell of wanted) equal(cell in CELLS, true, cell);
});

test('worth is how many times as fast, for times and for rates, and noise is called so', () => {
  const round = plan.steps.map(({ cell }) => {
    if (cell === 'micro/codec/stamp-and-read') return { nsPerOperation: 20 };
    if (cell === 'micro/choice/build-and-read') return { nsPerOperation: 300 };
    if (cell === 'stacks-on/ask-number/256') return { callsPerSecond: 1e6 };
    return cell.startsWith('micro/') ? { nsPerOperation: 10 } : { callsPerSecond: 4e6, p50Us: 2 };
  });
  const rounds = { rounds: [round, round], failures: new Map(), absences: new Map() };
  const result = gridResult(plan.grids[0]!, rounds);
  const worths = worthsOf(result);
  equal(worths.length, CHOICES.length);
  equal(worths[0]?.times, 15);
  equal(worths.find(({ decision }) => decision.startsWith('call stacks'))?.times, 4);
  equal(worths.find(({ instead }) => instead === 'JSON')?.isClear, false);
  equal(formatChoices(result).includes('(within the noise)'), true);
});
