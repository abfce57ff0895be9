import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { CellName } from '../../bench/cells.js';
import { BUDGETS } from '../../bench/harness/cell.js';
import { runCell } from '../../bench/harness/run-cell.js';

const run = { budget: BUDGETS.tiny, nodePath: process.execPath };

test('a cell runs in a process of its own and ends by itself', async () => {
  const outcome = await runCell({ ...run, cell: 'home-to-worker/ask-number/1' });
  equal(outcome.isOk, true, JSON.stringify(outcome));
  equal(outcome.isOk && outcome.figures.callsPerSecond! > 0, true);
});

test('a cell that fails gives a reason and no figure', async () => {
  const outcome = await runCell({ ...run, cell: 'nowhere/nothing' as CellName });
  equal(outcome.isOk, false);
  equal(!outcome.isOk && outcome.reason.length > 0, true);
});

test('a Node that does not exist is a failure', async () => {
  const cell = 'floor/memory/copy-1-mib';
  const outcome = await runCell({ ...run, cell, nodePath: '/does/not/exist' });
  deepEqual([outcome.isOk, !outcome.isOk && /ENOENT/.test(outcome.reason)], [false, true]);
});
