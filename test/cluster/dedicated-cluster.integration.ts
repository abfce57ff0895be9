import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ComponentProcess } from '../../cluster/component-process.js';
import {
  type JobGraph,
  MiniCluster,
  randomJobId,
  TASK_EXECUTOR_FATAL_EXIT_CODE,
  type TimedClusterEvent,
} from '../../cluster/index.js';
import { until } from '../support/until.js';

function job(tasks: number, exportName: string): JobGraph {
  return {
    jobId: randomJobId(),
    name: exportName,
    tasks: Array.from({ length: tasks }, (_, index) => ({
      taskId: `t${index}`,
      module: new URL('./test-tasks.js', import.meta.url).href,
      exportName,
      argument: { a: index, b: 1 },
    })),
  };
}

test('processes: every component in one of its own, over TCP', async () => {
  const events: TimedClusterEvent[] = [];
  const cluster = await MiniCluster.start({
    taskExecutors: 2,
    rpcServiceSharing: 'dedicated',
    heartbeat: { intervalMs: 50, timeoutMs: 5_000 },
    registration: { errorDelayMs: 50 },
    onEvent: (event) => events.push(event),
  });
  await using _closing = cluster;
  const pids = new Set([process.pid, ...cluster.taskExecutors.map(({ pid }) => pid)]);
  assert.equal(pids.size, 3);
  const byResourceManager = events.find(({ kind }) => kind === 'slotsReported')!;
  assert.ok(!pids.has(byResourceManager.pid), 'the ResourceManager has a process too');
  const result = await cluster.executeJob(job(4, 'add'));
  assert.equal(result.state, 'FINISHED', String(result.error));
  const client = await cluster.submitJob(job(2, 'hang'));
  const running = async (): Promise<boolean> =>
    (await client.status()).tasks.every(({ state }) => state === 'RUNNING');
  await until(running, 'both tasks run at the same time');
  const { tasks } = await client.status();
  assert.equal(new Set(tasks.map((task) => task.taskExecutor)).size, 2);
  await client.cancel();
  assert.match((await cluster.executeJob(job(1, 'fail'))).error!, /boom/);
  assert.throws(() => cluster.leadership, { code: 'INVALID_STATE' });

  const [first] = cluster.taskExecutors;
  process.kill(first!.pid, 'SIGKILL');
  const one = async (): Promise<boolean> =>
    (await cluster.requestClusterOverview()).taskExecutors.length === 1;
  await until(one, 'the dead one is dropped');
  const { resourceId } = await cluster.startTaskExecutor();
  assert.notEqual(resourceId, first!.resourceId);
  assert.equal((await cluster.executeJob(job(2, 'add'))).state, 'FINISHED');
});

test('a TaskExecutor that gives up ends its process with an exit code of its own', async () => {
  const child = new ComponentProcess();
  await child.start('ringlane', {
    component: 'taskExecutor',
    configuration: {
      resourceId: 'lonely',
      slots: 1,
      thread: 'home',
      leaders: {
        kind: 'fixed',
        addresses: { resourcemanager: 'ringlane.tcp://ringlane@127.0.0.1:1/user/rpc/nobody' },
      },
      times: { registrationTimeoutMs: 50, registration: { errorDelayMs: 10 } },
    },
  });
  assert.equal(await child.exited, `exit code ${TASK_EXECUTOR_FATAL_EXIT_CODE}`);
  await child.close();
});

test('a process that does not come up in time ends the start of the cluster', async () => {
  const started = MiniCluster.start({ rpcServiceSharing: 'dedicated', startTimeoutMs: 0 });
  const message = /the resourceManager was not up within 0 ms \(startTimeoutMs\)/;
  await assert.rejects(started, { code: 'TIMEOUT', message });
});
