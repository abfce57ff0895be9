import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decodeTaskExecutorRegistrationSuccess,
  encodeTaskExecutorRegistration,
  randomId,
} from '../../core/internal.js';
import {
  COMPONENT_IDS,
  type JobGraph,
  MiniCluster,
  randomJobId,
  type TimedClusterEvent,
} from '../../cluster/index.js';
import {
  Bench,
  fixed,
  SettableLeader,
  startDouble,
  TestingJobMaster,
  TestingResourceManager,
  TestingTaskExecutor,
} from '../cluster/cluster-harness.js';
import { failure } from '../support/failure.js';
import { until } from '../support/until.js';

/*
 * Line 34 is made of calls that lines 1 to 33 hold on every path. So it is told twice: as a whole
 * cluster over threads and over processes, and step by step on a virtual clock, each component
 * against doubles of the others. `test/cluster` has the rest of each component.
 */

const QUICK = {
  heartbeat: { intervalMs: 50, timeoutMs: 5_000 },
  registration: { errorDelayMs: 50, refusedDelayMs: 50 },
};

function job(tasks: number, preferredTaskExecutor: string): JobGraph {
  return {
    jobId: randomJobId(),
    name: 'add',
    tasks: Array.from({ length: tasks }, (_, index) => ({
      taskId: `t${index}`,
      module: new URL('../cluster/test-tasks.js', import.meta.url).href,
      exportName: 'add',
      argument: { a: index, b: 1 },
      preferredTaskExecutor,
    })),
  };
}

for (const kind of ['thread', 'process'] as const) {
  test(`34 registers, works, and registers again with a new leader (${kind})`, async () => {
    const events: TimedClusterEvent[] = [];
    await using cluster = await MiniCluster.start({
      ...QUICK,
      taskExecutors: kind === 'thread' ? 1 : 0,
      slotsPerTaskExecutor: 2,
      onEvent: (event) => events.push(event),
    });
    if (kind === 'process') await cluster.addProcessTaskExecutor(2);
    const { resourceId } = cluster.taskExecutors[0]!;
    const count = (wanted: string): number =>
      events.filter((event) => event.kind === wanted && event.resourceId === resourceId).length;
    await until(() => count('firstHeartbeat') === 1, 'the first heartbeat');
    const steps = ['connected', 'handshakeDone', 'registered', 'slotsReported', 'firstHeartbeat'];
    for (const step of steps) equal(count(step), 1, step);
    const first = (await cluster.requestClusterOverview()).taskExecutors[0]!;
    deepEqual([first.resourceId, first.slots], [resourceId, 2]);

    const { state, tasks } = await cluster.executeJob(job(3, resourceId));
    equal(state, 'FINISHED');
    deepEqual(
      tasks.map(({ result }) => result),
      [1, 2, 3].map((sum) => ({ on: resourceId, sum })),
    );

    cluster.leadership.revokeLeadership(COMPONENT_IDS.resourceManager);
    cluster.leadership.grantLeadership(COMPONENT_IDS.resourceManager);
    await until(() => count('slotsReported') === 2, 'registered with the new leader');
    const again = (await cluster.requestClusterOverview()).taskExecutors[0]!;
    equal(again.resourceId, resourceId);
    notEqual(again.instanceId, first.instanceId);
    equal((await cluster.executeJob(job(1, resourceId))).state, 'FINISHED');
  });
}

const taskExecutor = (bench: Bench) =>
  startDouble<TestingTaskExecutor>((handle) =>
    bench.service.startServer(TestingTaskExecutor, { args: [handle], thread: 'home' }),
  );

const jobMaster = (bench: Bench, token: string) =>
  startDouble<TestingJobMaster>((handle) =>
    bench.service.startServer(TestingJobMaster, { args: [token, handle], thread: 'home' }),
  );

async function resourceManager(bench: Bench) {
  const sessionId = randomId();
  const { endpoint, server } = await startDouble<TestingResourceManager>((handle) =>
    bench.service.startServer(TestingResourceManager, {
      args: [sessionId, handle],
      thread: 'home',
    }),
  );
  return { endpoint, leader: { sessionId, address: server.address } };
}

const registration = (address: string, resourceId: string): Uint8Array =>
  encodeTaskExecutorRegistration({
    ...{ address, resourceId, dataPort: -1, cpuCores: 2, memoryBytes: 1_024, slots: 1 },
  });

describe('the ResourceManager', () => {
  test('34 connects back and answers InstanceID, ResourceID, interval, blob address', async () => {
    await using bench = await Bench.start();
    const { gateway, leader } = await bench.resourceManager();
    const { server } = await taskExecutor(bench);
    const nowhere = bench.service.addressOf('nowhere');
    const lost = await gateway.registerTaskExecutor(registration(nowhere, 'lost'));
    equal(lost.kind, 'failure', 'who cannot be connected back to is refused for now');
    const answer = await gateway.registerTaskExecutor(registration(server.address, 'worker'));
    ok(answer.kind === 'success');
    const success = decodeTaskExecutorRegistrationSuccess(answer.success);
    match(success.instanceId, /^[0-9a-f-]{36}$/);
    equal(success.resourceManagerId, `resourcemanager-${leader.sessionId}`);
    equal(success.heartbeatIntervalMs, 1_000);
    deepEqual([success.blobHost, success.blobPort], ['blob.example', 6124]);
  });

  test('34 drops an older registration of the same ResourceID', async () => {
    await using bench = await Bench.start();
    const { gateway } = await bench.resourceManager();
    const ids: string[] = [];
    const { server } = await taskExecutor(bench);
    for (let i = 0; i < 2; i++) {
      const answer = await gateway.registerTaskExecutor(registration(server.address, 'worker'));
      ok(answer.kind === 'success');
      ids.push(decodeTaskExecutorRegistrationSuccess(answer.success).instanceId);
    }
    notEqual(ids[0], ids[1], 'another InstanceID');
    const overview = await gateway.requestClusterOverview();
    ok(overview.taskExecutors.every(({ instanceId }) => instanceId !== ids[0]));
    const report = gateway.sendSlotReport('worker', ids[0]!, new Uint8Array());
    await failure('HANDLER_FAILED', report);
  });

  test('34 declines a worker that its driver does not know, for good', async () => {
    await using bench = await Bench.start();
    const { leader } = await bench.resourceManager(randomId(), (id) => id === 'known');
    const stranger = await bench.taskExecutor('stranger', fixed(leader));
    await bench.taskExecutor('known', fixed(leader));
    await bench.until(() => stranger.fatal.length === 1, 'the stranger ends');
    match(String(stranger.fatal[0]), /REGISTRATION_REJECTED/);
    await bench.until(() => bench.kinds('known').includes('slotsReported'), 'the known one');
  });
});

describe('the TaskExecutor', () => {
  test('34 registers with the token of the leader, reports its slots, is in time', async () => {
    await using bench = await Bench.start();
    const { endpoint, leader } = await resourceManager(bench);
    const wrong = await resourceManager(bench);
    const leaders = new SettableLeader();
    const { fatal } = await bench.taskExecutor('worker', leaders, { slots: 2 });
    leaders.set({ address: wrong.leader.address, sessionId: randomId() });
    await bench.advance(1);
    deepEqual(wrong.endpoint.registrations, [], 'another token than that of the leader');
    leaders.set(leader);
    await bench.until(() => endpoint.reports.length === 1, 'the slot report');
    equal(endpoint.reports[0]!.slots.length, 2);
    await bench.advance(301, 1_000);
    deepEqual(fatal, [], 'registered: the registration time-out is stopped');
  });

  test('34 not registered in 5 minutes is fatal, and not a second before', async () => {
    await using bench = await Bench.start();
    const { fatal } = await bench.taskExecutor('worker', new SettableLeader());
    await bench.advance(299, 1_000);
    deepEqual(fatal, []);
    await bench.advance(1);
    match(String(fatal[0]), /not registered within 300000 ms/);
  });

  test('34 registers again on leader change, disconnect and lost heartbeats', async () => {
    await using bench = await Bench.start();
    const [first, second] = [await resourceManager(bench), await resourceManager(bench)];
    const leaders = new SettableLeader();
    const { gateway } = await bench.taskExecutor('worker', leaders);
    leaders.set(first.leader);
    await bench.until(() => first.endpoint.reports.length === 1, 'the first leader');
    leaders.set(second.leader);
    await bench.until(() => second.endpoint.reports.length === 1, 'the second leader');
    gateway.disconnectResourceManager(second.leader.sessionId, 'lost you');
    await bench.until(() => second.endpoint.reports.length === 2, 'after a disconnect');
    await gateway.heartbeatFromResourceManager('resourcemanager');
    await bench.advance(6);
    await bench.until(() => second.endpoint.reports.length >= 3, 'after silence');
    equal(first.endpoint.registrations.length, 1);
  });

  test('34 requestSlot: registers with the JobMaster, offers the slot, gives it back', async () => {
    await using bench = await Bench.start();
    const manager = await resourceManager(bench);
    const { gateway } = await bench.taskExecutor('worker', fixed(manager.leader));
    await bench.until(() => manager.endpoint.reports.length === 1, 'the slot report');
    bench.everySecond.push(
      () => void gateway.heartbeatFromResourceManager('resourcemanager').catch(() => {}),
    );
    const token = randomId();
    const master = await jobMaster(bench, token);
    await gateway.requestSlot({
      slot: 0,
      jobId: 'job',
      allocationId: 'allocation',
      jobMasterAddress: master.server.address,
      jobMasterId: token,
      resourceManagerId: manager.leader.sessionId,
    });
    await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
    equal(master.endpoint.registrations[0]!.resourceId, 'worker');
    deepEqual(master.endpoint.offers[0], [{ allocationId: 'allocation', slot: 0 }]);
    await master.server.close();
    await bench.advance(30);
    ok(manager.endpoint.available.some((line) => line.endsWith('0 allocation')));
  });
});
