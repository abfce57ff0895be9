import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import {
  COMPONENT_IDS,
  DispatcherGateway,
  type JobGraph,
  MiniCluster,
  type MiniClusterOptions,
  randomJobId,
  type TimedClusterEvent,
} from '../../cluster/index.js';
import { HELD_CHANNEL } from './test-tasks.js';
import { silentLogger } from '../../core/internal.js';
import { until } from '../support/until.js';

/** Short, so that what is lost is found while a test waits. */
const QUICK: MiniClusterOptions = {
  heartbeat: { intervalMs: 50, timeoutMs: 5_000 },
  registration: { errorDelayMs: 50, refusedDelayMs: 50 },
};

function job(tasks: number, exportName: string, preferredTaskExecutor?: string): JobGraph {
  return {
    jobId: randomJobId(),
    name: exportName,
    tasks: Array.from({ length: tasks }, (_, index) => ({
      taskId: `t${index}`,
      module: new URL('./test-tasks.js', import.meta.url).href,
      exportName,
      argument: { a: index, b: 1 },
      ...(preferredTaskExecutor === undefined ? {} : { preferredTaskExecutor }),
    })),
  };
}

async function start(options: MiniClusterOptions) {
  const events: TimedClusterEvent[] = [];
  const cluster = await MiniCluster.start({
    ...QUICK,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const count = (kind: string, resourceId?: string): number =>
    events.filter((e) => e.kind === kind && (resourceId ?? e.resourceId) === e.resourceId).length;
  return { cluster, events, count };
}

test('threads: every step is reported, and a job runs on all of them', async () => {
  const { cluster, events, count } = await start({ taskExecutors: 2, slotsPerTaskExecutor: 2 });
  await using _closing = cluster;
  assert.deepEqual(
    cluster.taskExecutors.map(({ kind, thread, slots }) => [kind, thread, slots]),
    [
      ['thread', 0, 2],
      ['thread', 1, 2],
    ],
  );
  await until(() => count('firstHeartbeat') === 2, 'the first heartbeats');
  for (const { resourceId } of cluster.taskExecutors) {
    for (const kind of ['connected', 'handshakeDone', 'registered', 'slotsReported']) {
      assert.equal(count(kind, resourceId), 1, `${resourceId} ${kind}`);
    }
  }
  assert.ok(events.every(({ atMs, pid }) => atMs >= 0 && atMs < 60_000 && pid === process.pid));
  const progress = new Map<string, unknown>();
  const result = await cluster.executeJob(job(6, 'add'), {
    onProgress: ({ taskId, value }) => progress.set(taskId, value),
  });
  assert.equal(result.state, 'FINISHED', String(result.error));
  const results = result.tasks.map((task) => task.result as { sum: number; on: string });
  assert.deepEqual(
    results.map(({ sum }) => sum),
    [1, 2, 3, 4, 5, 6],
  );
  assert.deepEqual(
    results.map(({ on }) => on),
    result.tasks.map((task) => task.taskExecutor),
  );
  assert.deepEqual(new Set(progress.values()), new Set([0, 1, 2, 3, 4, 5]));
  const all = async (): Promise<boolean> =>
    (await cluster.requestClusterOverview()).freeSlots === 4;
  await until(all, 'every slot is free again');
});

test('threads: a failing task fails its job, a cancelled job ends, no slot is kept', async () => {
  const { cluster } = await start({ taskExecutors: 1, slotsPerTaskExecutor: 2 });
  await using _closing = cluster;
  const failed = await cluster.executeJob(job(2, 'fail'));
  assert.equal(failed.state, 'FAILED');
  assert.match(failed.error!, /boom/);
  const unsendable = await cluster.executeJob(job(1, 'functionResult'));
  assert.match(unsendable.error!, /cannotTravel/);
  const client = await cluster.submitJob(job(2, 'hang'));
  const running = async (): Promise<boolean> =>
    (await client.status()).tasks.every(({ state }) => state === 'RUNNING');
  await until(running, 'both tasks run at the same time');
  await client.cancel();
  assert.equal((await client.result()).state, 'CANCELED');
  const all = async (): Promise<boolean> =>
    (await cluster.requestClusterOverview()).freeSlots === 2;
  await until(all, 'every slot is free again');
});

test('threads: a job that needs every slot runs on every TaskExecutor', async () => {
  const { cluster } = await start({ taskExecutors: 2, slotsPerTaskExecutor: 2 });
  await using _closing = cluster;
  const client = await cluster.submitJob(job(4, 'hang'));
  const running = async (): Promise<boolean> =>
    (await client.status()).tasks.every(({ state }) => state === 'RUNNING');
  await until(running, 'all four tasks run at the same time');
  const { tasks } = await client.status();
  assert.equal(new Set(tasks.map((task) => task.taskExecutor)).size, 2);
  await client.cancel();
});

test('threads: tasks go to the TaskExecutor they prefer', async () => {
  const { cluster } = await start({ taskExecutors: 2, slotsPerTaskExecutor: 2 });
  await using _closing = cluster;
  const wish = cluster.taskExecutors[1]!.resourceId;
  const { tasks } = await cluster.executeJob(job(2, 'add', wish));
  assert.deepEqual(
    tasks.map((task) => task.taskExecutor),
    [wish, wish],
  );
});

test('threads: a new leader is registered with; calls of the old session are over', async () => {
  const { cluster, count } = await start({ taskExecutors: 2 });
  await using _closing = cluster;
  cluster.leadership.revokeLeadership(COMPONENT_IDS.resourceManager);
  await until(() => count('disconnected') === 2, 'both have lost their ResourceManager');
  cluster.leadership.grantLeadership(COMPONENT_IDS.resourceManager);
  await until(() => count('slotsReported') === 4, 'both are registered again');
  assert.equal((await cluster.requestClusterOverview()).taskExecutors.length, 2);
  assert.equal((await cluster.executeJob(job(2, 'add'))).state, 'FINISHED');
});

test('threads: a job that runs does not notice a change of the ResourceManager', async () => {
  const { cluster, count } = await start({ taskExecutors: 1 });
  await using _closing = cluster;
  const client = await cluster.submitJob(job(1, 'hang'));
  const running = async (): Promise<boolean> =>
    (await client.status()).tasks[0]?.state === 'RUNNING';
  await until(running, 'the task runs');
  cluster.leadership.revokeLeadership(COMPONENT_IDS.resourceManager);
  cluster.leadership.grantLeadership(COMPONENT_IDS.resourceManager);
  await until(() => count('slotsReported') === 2, 'registered again');
  const { freeSlots, slots } = await cluster.requestClusterOverview();
  assert.deepEqual([slots, freeSlots], [1, 0], 'the new one knows whose the slot is');
  assert.equal((await client.status()).state, 'RUNNING');
  await client.cancel();
});

test('threads: TaskExecutors come and go; a waiting job takes a new ones slot', async () => {
  const { cluster, count } = await start({ taskExecutors: 1, threads: 2 });
  await using _closing = cluster;
  const first = await cluster.submitJob(job(1, 'hang'));
  await until(async () => (await first.status()).tasks[0]?.state === 'RUNNING', 'the task runs');
  const second = await cluster.submitJob(job(1, 'add'));
  const { resourceId, thread } = await cluster.startTaskExecutor();
  assert.equal(thread, 1, 'on the emptier thread');
  const { state, tasks } = await second.result();
  assert.deepEqual([state, tasks[0]?.taskExecutor], ['FINISHED', resourceId]);
  await cluster.terminateTaskExecutor(0);
  assert.equal(count('terminated', 'taskexecutor-0'), 1);
  const lost = await first.result();
  assert.equal(lost.state, 'FAILED');
  assert.match(lost.error!, /taskexecutor-0/);
  assert.equal((await cluster.requestClusterOverview()).taskExecutors.length, 1);
  await assert.rejects(cluster.terminateTaskExecutor('taskexecutor-0'), {
    code: 'INVALID_ARGUMENT',
  });
});

test('threads: one that has ended gets no TaskExecutor while another lives', async () => {
  const { cluster } = await start({ taskExecutors: 2 });
  await using _closing = cluster;
  const endThread = async (thread: number, left: number): Promise<void> => {
    const { error } = await cluster.executeJob(job(1, 'endThread', `taskexecutor-${thread}`));
    assert.match(error!, /THREAD_TERMINATED/);
    await until(() => cluster.taskExecutors.length === left, 'the end is known');
  };
  await endThread(0, 1);
  assert.equal((await cluster.startTaskExecutor()).thread, 1);
  await endThread(1, 0);
  const none = { code: 'THREAD_TERMINATED', message: /every worker thread of the cluster/ };
  await assert.rejects(cluster.startTaskExecutor(), none);
});

test('a TaskExecutor that has not come up when the cluster closes is not waited for', async () => {
  const { cluster } = await start({ taskExecutors: 1, threads: 2 });
  const more = assert.rejects(cluster.startTaskExecutor(), { code: 'ENDPOINT_START_FAILED' });
  await cluster.close();
  await more;
});

test('threads and a process: it joins over TCP, works, and its violent end is seen', async () => {
  const { cluster, count } = await start({ taskExecutors: 1 });
  await using _closing = cluster;
  const { resourceId, pid, kind } = await cluster.addProcessTaskExecutor(2);
  assert.equal(kind, 'process');
  assert.notEqual(pid, process.pid);
  await until(() => count('firstHeartbeat', resourceId) === 1, 'its first heartbeat');
  const result = await cluster.executeJob(job(2, 'add', resourceId));
  assert.equal(result.state, 'FINISHED', String(result.error));
  assert.deepEqual(new Set(result.tasks.map((task) => task.taskExecutor)), new Set([resourceId]));

  // A wish is a wish: while no slot there is free the task would go elsewhere.
  const isFree = async (): Promise<boolean> =>
    (await cluster.requestClusterOverview()).freeSlots === 3;
  await until(isFree, 'the slots of the first job');
  const client = await cluster.submitJob(job(1, 'hang', resourceId));
  await until(async () => (await client.status()).tasks[0]?.state === 'RUNNING', 'the task runs');
  process.kill(pid, 'SIGKILL');
  const lost = await client.result();
  assert.equal(lost.state, 'FAILED');
  assert.match(lost.error!, new RegExp(resourceId));
  await until(() => count('terminated', resourceId) === 1, 'the end of the process');
  const one = async (): Promise<boolean> =>
    (await cluster.requestClusterOverview()).taskExecutors.length === 1;
  await until(one, 'the ResourceManager has dropped it');
  assert.equal((await cluster.executeJob(job(1, 'add'))).state, 'FINISHED', 'the rest goes on');
});

test('a task that is too large for its way to a process fails its job', async () => {
  const { cluster } = await start({ taskExecutors: 0 });
  await using _closing = cluster;
  await cluster.addProcessTaskExecutor();
  const [task] = job(1, 'add').tasks;
  const tasks = [{ ...task!, argument: new Uint8Array(11_000_000) }];
  const { state, error } = await cluster.executeJob({ ...job(0, 'add'), tasks });
  assert.equal(state, 'FAILED');
  assert.match(error!, /t0 could not be submitted: .*maximumFramesize/);
});

test('closing with jobs under way takes less than 2 s, and twice is one closing', async () => {
  const { cluster } = await start({ taskExecutors: 2 });
  await cluster.addProcessTaskExecutor();
  const client = await cluster.submitJob(job(3, 'hang'));
  await until(
    async () => (await client.status()).tasks.every(({ state }) => state === 'RUNNING'),
    'all run',
  );
  const startMs = performance.now();
  await Promise.all([cluster.close(), cluster.close()]);
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < 2_000, `it took ${tookMs} ms`);
  await assert.rejects(cluster.submitJob(job(1, 'add')), { code: 'SERVICE_CLOSED' });
});

test('closing while a task holds its thread: a time-out, but the service closes', async () => {
  const { cluster } = await start({ taskExecutors: 1 });
  const channel = new BroadcastChannel(HELD_CHANNEL);
  const held = new Promise((resolve) => (channel.onmessage = resolve));
  const client = await cluster.submitJob(job(1, 'hold'));
  const controller = new AbortController();
  await client.followProgress(() => controller.abort(), controller.signal);
  // Known to run is not yet stuck: a task that lets its thread go ends in time.
  await held;
  channel.close();
  const nobody = cluster.rpcService.addressOf('nobody');
  await assert.rejects(cluster.close(), { code: 'TIMEOUT' });
  const connected = cluster.rpcService.connect(nobody, DispatcherGateway);
  await assert.rejects(connected, { code: 'SERVICE_CLOSED' });
});

test('a listener of progress that throws changes nothing; the logger hears of it', async () => {
  const logged: string[] = [];
  const logger = { ...silentLogger, error: (_: object, text: string) => void logged.push(text) };
  const { cluster } = await start({ taskExecutors: 1, logger });
  await using _closing = cluster;
  let calls = 0;
  const onProgress = (): void => {
    calls++;
    throw new Error('the listener');
  };
  const failsLater = async (): Promise<void> => onProgress();
  for (const listener of [onProgress, failsLater]) {
    const { state } = await cluster.executeJob(job(1, 'add'), { onProgress: listener });
    assert.equal(state, 'FINISHED');
  }
  const text = 'a progress listener failed';
  assert.deepEqual([calls, logged], [2, [text, text]]);
});

test('a listener of events that fails later changes nothing either', async () => {
  const logged: string[] = [];
  const logger = { ...silentLogger, error: (_: object, text: string) => void logged.push(text) };
  const events: string[] = [];
  const failsLater: (event: TimedClusterEvent) => unknown = async ({ kind }) => {
    events.push(kind);
    throw new Error('the listener');
  };
  const { cluster } = await start({ taskExecutors: 1, logger, onEvent: failsLater });
  await cluster.close();
  assert.deepEqual(
    logged,
    events.map(() => 'onEvent failed'),
  );
});

test('following a job that has nothing to tell ends as its signal is aborted', async () => {
  const { cluster } = await start({ taskExecutors: 1 });
  await using _closing = cluster;
  const client = await cluster.submitJob(job(1, 'hang'));
  const controller = new AbortController();
  const following = client.followProgress(() => {}, controller.signal);
  // By now it waits for news that will not come.
  await client.status();
  controller.abort();
  await following;
  assert.equal((await client.status()).state, 'RUNNING', 'the job goes on');
  await client.cancel();
});

test('closed as a job with a listener is handed in: one rejection, none unhandled', async () => {
  const { cluster } = await start({ taskExecutors: 1 });
  const { signal } = new AbortController();
  // It is listened to between the submission and the first question for progress.
  signal.addEventListener = () => void cluster.close();
  const executed = cluster.executeJob(job(1, 'hang'), { signal, onProgress: () => {} });
  await assert.rejects(executed, { code: 'SERVICE_CLOSED' });
  await cluster.close();
});

test('a closed cluster takes no TaskExecutor, and says so by a rejection', async () => {
  const { cluster } = await start({ taskExecutors: 1 });
  await cluster.close();
  for (const more of [() => cluster.startTaskExecutor(), () => cluster.addProcessTaskExecutor()]) {
    await assert.rejects(more(), { code: 'SERVICE_CLOSED' });
  }
});

test('options that make no sense are refused before anything starts', async () => {
  const wrong: readonly object[] = [
    { taskExecutors: -1 },
    { slotsPerTaskExecutor: 0 },
    { slotsPerTaskExecutor: 1.5 },
    { rpcServiceSharing: 'both' },
    { slotTimeoutMs: Number.NaN },
    { slotRequestTimeoutMs: Number.POSITIVE_INFINITY },
    { registrationTimeoutMs: -1 },
    { registration: { initialTimeoutMs: 0 } },
    { heartbeat: { intervalMs: 0 } },
  ];
  for (const options of wrong) {
    for (const sharing of [{}, { rpcServiceSharing: 'dedicated' }] as const) {
      const [name] = Object.keys(options);
      const refused = { code: 'INVALID_ARGUMENT' };
      await assert.rejects(MiniCluster.start({ ...sharing, ...options }), refused, name);
    }
  }
});

test('a cluster that cannot start says why and leaves nothing open', async () => {
  await assert.rejects(start({ taskExecutors: 1, startTimeoutMs: 0 }), { code: 'TIMEOUT' });
});
