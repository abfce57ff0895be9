import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobExecution } from '../../cluster/job-execution.js';

function job(...wishes: (string | undefined)[]): JobExecution {
  return new JobExecution({
    jobId: 'job',
    name: 'test',
    tasks: wishes.map((wish, index) => ({
      taskId: `t${index}`,
      module: 'file:///none.js',
      exportName: 'run',
      argument: index,
      ...(wish === undefined ? {} : { preferredTaskExecutor: wish }),
    })),
  });
}

const offer = (allocationId: string) => ({ allocationId, slot: 0 });

function taskOf(assigned: ReturnType<JobExecution['acceptSlot']>): string | undefined {
  return typeof assigned === 'object' ? assigned.task.taskId : assigned;
}

test('each slot takes one task; offered again it is known, with no task left it is refused', () => {
  const execution = job(undefined, undefined);
  assert.equal(taskOf(execution.acceptSlot('a', offer('1'))), 't0');
  assert.equal(execution.acceptSlot('a', offer('1')), 'known');
  assert.equal(taskOf(execution.acceptSlot('b', offer('2'))), 't1');
  assert.equal(execution.acceptSlot('b', offer('3')), undefined);
});

test('tasks go where they wish, then anywhere', () => {
  const execution = job('b', undefined, 'c');
  assert.equal(taskOf(execution.acceptSlot('a', offer('1'))), 't1', 'no wish: anywhere');
  assert.equal(taskOf(execution.acceptSlot('b', offer('2'))), 't0');
  assert.equal(taskOf(execution.acceptSlot('a', offer('3'))), 't2', 'better there than nowhere');
});

test('a slot whose task has ended takes the next one, or is given up', () => {
  const execution = job(undefined, undefined);
  execution.acceptSlot('a', offer('1'));
  const t0 = { taskId: 't0', allocationId: '1' };
  assert.equal(execution.update({ ...t0, state: 'FINISHED', result: 7 }), true);
  assert.deepEqual(execution.requiredSlots, [null]);
  const next = execution.reuseSlot('1');
  assert.ok(next && 'task' in next && next.task.taskId === 't1');
  execution.update({ taskId: 't1', allocationId: '1', state: 'FINISHED' });
  assert.deepEqual(execution.reuseSlot('1'), { allocationId: '1', resourceId: 'a' });
  assert.equal(execution.reuseSlot('1'), undefined);
  assert.equal(execution.isFinished, true);
  assert.equal(execution.statuses()[0]?.result, 7);
});

test('a lost slot: a task that did not run yet waits for another, a running one has failed', () => {
  const execution = job(undefined, undefined);
  execution.acceptSlot('a', offer('1'));
  execution.acceptSlot('a', offer('2'));
  const t1 = { taskId: 't1', allocationId: '2' };
  execution.update({ ...t1, state: 'RUNNING' });
  assert.deepEqual(execution.runningOn('a'), [t1]);
  assert.equal(execution.loseSlot('1'), undefined);
  assert.equal(execution.isWaitingForSlots, true);
  assert.equal(taskOf(execution.acceptSlot('b', offer('3'))), 't0');
  assert.deepEqual(execution.loseSlot('2'), t1);
  assert.equal(execution.take({ taskId: 't0', allocationId: '1' }), false, 'the slot of before');
  const t0 = { taskId: 't0', allocationId: '3' };
  assert.equal(execution.take(t0), true);
  assert.deepEqual(execution.loseSlot('3'), t0, 'taken, it may have begun');
});

test('the first final state of a task stands', () => {
  const execution = job(undefined);
  execution.acceptSlot('a', offer('1'));
  const t0 = { taskId: 't0', allocationId: '1' };
  execution.update({ ...t0, state: 'FAILED', error: 'why' });
  assert.equal(execution.update({ ...t0, state: 'FINISHED' }), false);
  assert.equal(execution.update({ ...t0, taskId: 'stranger', state: 'RUNNING' }), false);
  execution.cancelAll();
  const [status] = execution.statuses();
  assert.deepEqual([status?.state, status?.error], ['FAILED', 'why']);
});
