import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { planRound, quickRows, selectRows } from '../../bench/harness/plan.js';
import { ROWS } from '../../bench/rows.js';

const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

test('a row is named by its id, alone or with its letters', () => {
  deepEqual(ids(selectRows(ROWS, ['l1', 'L8'])), ['L1', 'L8a', 'L8b']);
  deepEqual(ids(selectRows(ROWS, ['R1'])), ['R1', 'R1w']);
  deepEqual(ids(selectRows(ROWS, ['R1w'])), ['R1w']);
  equal(selectRows(ROWS, []).length, ROWS.length);
});

test('an unknown name is refused with those that there are', () => {
  throws(() => selectRows(ROWS, ['L2', 'L99']), /no row is named L99; there are L1, L2/);
});

test('ids are unique', () => {
  equal(new Set(ids(ROWS)).size, ROWS.length);
});

test('every row is followed by its floor, and a cell runs once a round', () => {
  const plan = planRound(selectRows(ROWS, ['L2', 'L4', 'L8']), false);
  deepEqual(plan.steps, [
    'home-to-worker/ask-number/256',
    'floor/lanes/ask-number/256',
    'home-to-worker/ask-record/256',
    'floor/lanes/ask-number/256',
    'home-to-worker/cold-call',
  ]);
  deepEqual(
    plan.rows.map(({ step, besideStep }) => [step, besideStep]),
    [
      [0, 1],
      [2, 3],
      [4, 4],
      [4, 4],
    ],
  );
});

test('rows that share their floor have it once a round', () => {
  const plan = planRound(selectRows(ROWS, ['L2', 'L4']), true);
  equal(plan.steps.length, 3);
  deepEqual(
    plan.rows.map(({ besideStep }) => besideStep),
    [1, 1],
  );
});

test('a row that is measured beside another row has it run though nobody asked for it', () => {
  const plan = planRound(selectRows(ROWS, ['L10b']), false);
  deepEqual(plan.steps, ['worker-to-worker/ask-number/256', 'home-to-worker/ask-number/256']);
});

test('a quick run leaves out the floors that nothing is measured beside', () => {
  const quick = ids(quickRows(ROWS));
  equal(quick.includes('B2'), true);
  equal(quick.includes('B9') || quick.includes('M1'), false);
  deepEqual(ids(quickRows(selectRows(ROWS, ['B9']))), ['B9']);
});
