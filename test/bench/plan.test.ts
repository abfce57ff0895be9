import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS } from '../../bench/cells.js';
import { GRIDS } from '../../bench/grids.js';
import { type Plan, planRound, quickRows, select } from '../../bench/harness/plan.js';
import type { Row } from '../../bench/harness/row.js';
import { ROWS } from '../../bench/rows.js';

const ALL = { rows: ROWS, grids: GRIDS, cells: Object.keys(CELLS) };

function selectRows(names: readonly string[]): readonly Row[] {
  return select(ALL, names, false).rows;
}

const cellsOfSteps = (plan: Plan): string[] => plan.steps.map(({ cell }) => cell);
const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

test('a row is named by its id, alone or with its letters', () => {
  deepEqual(ids(selectRows(['l1', 'L8'])), ['L1', 'L8a', 'L8b', 'L8c']);
  deepEqual(ids(selectRows(['R1'])), ['R1', 'R1w']);
  deepEqual(ids(selectRows(['R1w'])), ['R1w']);
  deepEqual(ids(selectRows(['f'])), ['F1', 'F2', 'F3', 'F4']);
  equal(selectRows([]).length, ROWS.length);
});

test('an unknown name is refused with those that there are', () => {
  throws(() => selectRows(['L2', 'L99']), /nothing is named L99; there are L1, L2/);
});

test('ids are unique', () => {
  equal(new Set(ids(ROWS)).size, ROWS.length);
});

test('a row and its floor run once a round, the floor after the first row that wants it', () => {
  const plan = planRound({ rows: selectRows(['L2', 'L4', 'L8']), grids: [] });
  deepEqual(cellsOfSteps(plan), [
    'home-to-worker/ask-number/256',
    'floor/lanes/ask-number/256',
    'home-to-worker/ask-record/256',
    'home-to-worker/cold-call',
  ]);
  deepEqual(
    plan.rows.map(({ step, besideStep }) => [step, besideStep]),
    [
      [0, 1],
      [2, 1],
      [3, 3],
      [3, 3],
      [3, 3],
    ],
  );
});

test('a row that is measured beside another row has it run though nobody asked for it', () => {
  const plan = planRound({ rows: selectRows(['L10b']), grids: [] });
  deepEqual(cellsOfSteps(plan), [
    'worker-to-worker/ask-number/256',
    'home-to-worker/ask-number/256',
  ]);
});

test('a quick run has what is bounded and what that is measured beside', () => {
  const quick = ids(quickRows(ROWS));
  for (const id of ['L1', 'B2', 'L12c']) equal(quick.includes(id), true, id);
  for (const id of ['B9', 'M1', 'R1w']) equal(quick.includes(id), false, id);
  deepEqual(ids(quickRows(selectRows(['B9']))), ['B9']);
});

test('grids and cells are named too, and a cell that two grids show runs once', () => {
  deepEqual(ids(select(ALL, ['p1'], false).grids), ['P1']);
  const named = select(ALL, ['unix-socket/', 'floor/socket/ask-number/1'], false);
  deepEqual([named.rows.length, ids(named.grids)], [0, ['G0', 'G0']]);
  deepEqual(cellsOfSteps(planRound(named)), [
    'floor/socket/ask-number/1',
    'unix-socket/ask-number/1',
    'unix-socket/ask-number/256',
  ]);
  const twice = planRound(select(ALL, ['G1', 'P1'], false));
  const ours = twice.steps.filter(({ cell }) => cell === 'home-to-worker/ask-number/256');
  deepEqual(ours, [{ cell: ours[0]!.cell, isForGrid: true, isOnce: false }]);
});

test('a quick run has rows only; what takes long runs once in every run', () => {
  const quick = select(ALL, [], true);
  deepEqual(quick.grids, []);
  const once = planRound(quick).steps.filter(({ isOnce }) => isOnce);
  deepEqual(
    once.map(({ cell }) => cell),
    ['home-to-worker/idle', 'endpoints-100000/ask-number/256', 'mini-cluster/word-count'],
  );
});
