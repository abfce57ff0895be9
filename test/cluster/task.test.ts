import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobMasterGateway } from '../../cluster/gateways.js';
import type { TaskExecutionState } from '../../cluster/messages.js';
import { Task } from '../../cluster/task.js';
import { RpcError, type RpcService } from '../../index.js';

/** A task whose JobMaster has no room for the first report of each state. */
function crowded(exportName: string) {
  const refused = new Set<string>();
  const heard: TaskExecutionState[] = [];
  const updateTaskExecutionState = async (update: TaskExecutionState): Promise<void> => {
    if (refused.has(update.state)) return void heard.push(update);
    refused.add(update.state);
    throw new RpcError('MAILBOX_FULL', 'no room now');
  };
  const task = new Task({
    deployment: {
      jobId: 'job',
      jobMasterId: 'token',
      allocationId: 'allocation',
      task: {
        taskId: 'task',
        module: new URL('./test-tasks.js', import.meta.url).href,
        exportName,
        argument: { a: 1, b: 2 },
      },
    },
    slot: 0,
    resourceId: 'worker',
    rpcService: {} as RpcService,
    jobMaster: { updateTaskExecutionState, reportProgress() {} } as unknown as JobMasterGateway,
  });
  const last = (): TaskExecutionState | undefined => heard.find(({ state }) => state !== 'RUNNING');
  return { task, last };
}

test('a state that finds no room is told again: no result is lost', async () => {
  const { task, last } = crowded('add');
  task.start();
  await task.ended;
  assert.deepEqual(last(), {
    taskId: 'task',
    allocationId: 'allocation',
    state: 'FINISHED',
    result: { sum: 3, on: 'worker' },
  });
});

test('the first reason to end stands: what has failed is not cancelled', async () => {
  for (const [first, state, error] of [
    ['fail', 'FAILED', 'the JobMaster is lost'],
    ['cancel', 'CANCELED', 'RpcError: CANCELLED: over'],
  ] as const) {
    const { task, last } = crowded('hang');
    task.start();
    if (first === 'fail') task.fail('the JobMaster is lost');
    task.cancel('over');
    task.fail('the JobMaster is lost');
    await task.ended;
    assert.deepEqual([last()?.state, last()?.error], [state, error]);
  }
});

test('a task that is cancelled says so, also when there is no room at first', async () => {
  const { task, last } = crowded('hang');
  task.start();
  task.cancel('over');
  await task.ended;
  assert.equal(last()?.state, 'CANCELED');
});
