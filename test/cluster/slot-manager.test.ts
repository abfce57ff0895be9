import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Allocation, SlotManager } from '../../cluster/slot-manager.js';
import type { SlotReport } from '../../core/internal.js';

const worker = (name: string) => ({ resourceId: name, instanceId: `${name}-1` });

/** A report of free slots, but for the given allocations by slot. */
function report(slots: number, taken: Record<number, Allocation> = {}): SlotReport {
  return {
    slots: Array.from({ length: slots }, (_, slot) => ({
      slot,
      allocationId: taken[slot]?.allocationId ?? '',
      jobId: taken[slot]?.jobId ?? '',
    })),
  };
}

function require(manager: SlotManager, jobId: string, ...slots: (string | null)[]): void {
  manager.processRequirements({ jobId, slots });
}

test('free slots are given to a job that needs them, and no more than it needs', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(3));
  require(manager, 'job', null, null);
  const allocations = manager.nextAllocations();
  assert.deepEqual(
    allocations.map(({ slot, jobId }) => [slot, jobId]),
    [
      [0, 'job'],
      [1, 'job'],
    ],
  );
  assert.deepEqual(manager.nextAllocations(), [], 'what is pending is not missing');
  assert.deepEqual(manager.count('a-1'), { slots: 3, freeSlots: 1 });
});

test('what does not fit waits for the next TaskExecutor', () => {
  const manager = new SlotManager();
  require(manager, 'job', null, null);
  assert.deepEqual(manager.nextAllocations(), []);
  manager.registerTaskExecutor(worker('a'), report(1));
  assert.equal(manager.nextAllocations().length, 1);
  manager.registerTaskExecutor(worker('b'), report(1));
  assert.equal(manager.nextAllocations()[0]?.worker.resourceId, 'b');
});

test('load spreads over the TaskExecutors', () => {
  const manager = new SlotManager();
  for (const name of ['a', 'b', 'c']) manager.registerTaskExecutor(worker(name), report(2));
  require(manager, 'job', null, null, null);
  const names = manager.nextAllocations().map((allocation) => allocation.worker.resourceId);
  assert.deepEqual(names, ['a', 'b', 'c']);
});

test('wishes are met first, and softly', () => {
  const manager = new SlotManager();
  for (const name of ['a', 'b']) manager.registerTaskExecutor(worker(name), report(2));
  require(manager, 'job', null, 'b', 'b', 'nobody');
  const names = manager.nextAllocations().map((allocation) => allocation.worker.resourceId);
  assert.deepEqual(names.slice(0, 2), ['b', 'b']);
  assert.deepEqual(names.slice(2), ['a', 'a']);
});

test('a refused request makes the slot free again', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(1));
  require(manager, 'job', null);
  const [first] = manager.nextAllocations();
  manager.allocationFailed(first!);
  const [second] = manager.nextAllocations();
  assert.notEqual(second?.allocationId, first?.allocationId);
  manager.allocationFailed(first!);
  assert.deepEqual(manager.nextAllocations(), [], 'an answer to an older request changes nothing');
});

test('a slot that comes free serves the job that waits', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(1));
  require(manager, 'first', null);
  const [allocation] = manager.nextAllocations();
  manager.allocationSucceeded(allocation!);
  require(manager, 'second', null);
  assert.deepEqual(manager.nextAllocations(), []);
  require(manager, 'first');
  manager.freeSlot('a-1', 0, 'another allocation');
  assert.deepEqual(manager.nextAllocations(), [], 'only the present allocation frees it');
  manager.freeSlot('a-1', 0, allocation!.allocationId);
  assert.equal(manager.nextAllocations()[0]?.jobId, 'second');
});

test('reports: allocated and not reported is freed, pending and not reported is kept', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(2));
  require(manager, 'job', null, null);
  const [first, second] = manager.nextAllocations();
  manager.allocationSucceeded(first!);
  assert.equal(manager.reportSlotStatus('a-1', report(2)), true);
  assert.deepEqual(manager.count('a-1'), { slots: 2, freeSlots: 1 });
  manager.reportSlotStatus('a-1', report(2, { [second!.slot]: second! }));
  assert.deepEqual(manager.allocationsOf('job'), [second]);
});

test('reports: what is allocated there and unknown here is taken over', () => {
  const manager = new SlotManager();
  const known = { worker: worker('a'), slot: 1, allocationId: 'x', jobId: 'job' };
  manager.registerTaskExecutor(worker('a'), report(2, { 1: known }));
  require(manager, 'job', null);
  assert.deepEqual(manager.nextAllocations(), [], 'the job has its slot already');
  assert.deepEqual(manager.allocationsOf('job'), [known]);
});

test('a lost TaskExecutor makes its slots missing again', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(1));
  require(manager, 'job', null);
  manager.allocationSucceeded(manager.nextAllocations()[0]!);
  assert.equal(manager.unregisterTaskExecutor('a-1'), true);
  assert.equal(manager.unregisterTaskExecutor('a-1'), false);
  assert.equal(manager.reportSlotStatus('a-1', report(1)), false);
  manager.registerTaskExecutor(worker('b'), report(1));
  assert.equal(manager.nextAllocations()[0]?.worker.resourceId, 'b');
});

test('jobs that cannot take slots at present wait, without being in the way of others', () => {
  const manager = new SlotManager();
  manager.registerTaskExecutor(worker('a'), report(1));
  require(manager, 'absent', null);
  require(manager, 'present', null);
  const [only] = manager.nextAllocations((jobId) => jobId === 'present');
  assert.equal(only?.jobId, 'present');
});
