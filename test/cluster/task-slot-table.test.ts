import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TaskSlotTable } from '../../cluster/task-slot-table.js';
import { ManualClock } from '../support/manual-clock.js';

function table(slots = 2) {
  const clock = new ManualClock();
  const timedOut: string[] = [];
  const made = new TaskSlotTable({ slots, slotTimeoutMs: 10_000 });
  made.start({
    schedule: (task, delayMs) => clock.schedule(task, delayMs),
    onSlotTimeout: (allocationId) => timedOut.push(allocationId),
  });
  return { clock, timedOut, table: made };
}

test('a slot in use is refused to others; the same allocation again changes nothing', () => {
  const { table: slots } = table();
  slots.allocateSlot(0, 'job', 'a');
  slots.allocateSlot(0, 'job', 'a');
  const occupied = { code: 'INVALID_STATE' };
  assert.throws(() => slots.allocateSlot(0, 'job', 'b'), occupied);
  assert.throws(() => slots.allocateSlot(1, 'job', 'a'), occupied, 'one slot an allocation');
  assert.throws(() => slots.allocateSlot(2, 'job', 'c'), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => slots.allocateSlot(-1, 'job', 'c'), { code: 'INVALID_ARGUMENT' });
});

test('the report names every slot', () => {
  const { table: slots } = table();
  slots.allocateSlot(1, 'job', 'a');
  assert.deepEqual(slots.createSlotReport(), {
    slots: [
      { slot: 0, allocationId: '', jobId: '' },
      { slot: 1, allocationId: 'a', jobId: 'job' },
    ],
  });
});

test('an allocated slot that nobody takes times out; an active one does not', () => {
  const { clock, timedOut, table: slots } = table();
  slots.allocateSlot(0, 'job', 'a');
  slots.allocateSlot(1, 'job', 'b');
  assert.equal(slots.tryMarkSlotActive('other', 'a'), false);
  assert.equal(slots.tryMarkSlotActive('job', 'a'), true);
  assert.equal(clock.pendingTimers, 1);
  clock.advance(9_999);
  assert.deepEqual(timedOut, []);
  clock.advance(1);
  assert.deepEqual(timedOut, ['b']);
});

test('made inactive, a slot waits for its JobMaster once more', () => {
  const { clock, timedOut, table: slots } = table();
  slots.allocateSlot(0, 'job', 'a');
  slots.tryMarkSlotActive('job', 'a');
  clock.advance(60_000);
  slots.markSlotInactive('a');
  assert.deepEqual(
    slots.slotsOf('job', 'ALLOCATED').map((slot) => slot.allocationId),
    ['a'],
  );
  clock.advance(10_000);
  assert.deepEqual(timedOut, ['a']);
});

test('a freed slot can be given away again and leaves no timer', () => {
  const { clock, table: slots } = table(1);
  slots.allocateSlot(0, 'job', 'a');
  assert.equal(slots.freeSlot('a')?.index, 0);
  assert.equal(slots.freeSlot('a'), undefined);
  slots.allocateSlot(0, 'other', 'b');
  slots.close();
  assert.equal(clock.pendingTimers, 0);
});
