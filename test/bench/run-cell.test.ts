import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { BUDGETS } from '../../bench/harness/cell.js';
import { runCell } from '../../bench/harness/run-cell.js';

const run = { budget: BUDGETS.tiny, nodePath: process.execPath };

test('a cell runs in a process of its own and ends by itself', async () => {
  const outcome = await runCell({ ...run, cell: 'home-to-worker/ask-number/1' });
  equal(outcome.kind, 'figures', JSON.stringify(outcome));
  equal(outcome.kind === 'figures' && outcome.figures.callsPerSecond! > 0, true);
});

test('a cell that fails gives a reason and no figure', async () => {
  const outcome = await runCell({ ...run, cell: 'nowhere/nothing' });
  deepEqual(outcome, { kind: 'failure', reason: 'there is no cell nowhere/nothing' });
});

test('a peer that cannot be had is absent, not wrong, and gives no figure', async () => {
  const outcome = await runCell({ ...run, cell: 'peers/knitting/ask-number/1' });
  deepEqual(outcome, { kind: 'absence', reason: 'no such package on npm' });
});

test('a Node that does not exist is a failure', async () => {
  const cell = 'floor/memory/copy-1-mib';
  const outcome = await runCell({ ...run, cell, nodePath: '/does/not/exist' });
  equal(outcome.kind === 'failure' && /ENOENT/.test(outcome.reason), true);
});
