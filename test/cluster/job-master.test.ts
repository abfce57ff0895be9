import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred, randomId, retryingRegistrationConfiguration } from '../../core/internal.js';
import type { RpcServer } from '../../index.js';
import { Dispatcher, type DispatcherServices } from '../../cluster/dispatcher.js';
import { DispatcherGateway, JobMasterGateway } from '../../cluster/gateways.js';
import { JobMaster } from '../../cluster/job-master.js';
import type { JobGraph } from '../../cluster/messages.js';
import {
  Bench,
  fixed,
  SettableLeader,
  startDouble,
  TestingResourceManager,
  TestingTaskExecutor,
} from './cluster-harness.js';
import { settle } from '../support/manual-executor.js';

const worker = (bench: Bench) =>
  startDouble<TestingTaskExecutor>((handle) =>
    bench.service.startServer(TestingTaskExecutor, { args: [handle], thread: 'home' }),
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

function graph(tasks: number, exportName = 'add', jobId = 'job'): JobGraph {
  return {
    jobId,
    name: exportName,
    tasks: Array.from({ length: tasks }, (_, index) => ({
      taskId: `t${index}`,
      module: new URL('./test-tasks.js', import.meta.url).href,
      exportName,
      argument: { a: index, b: 1 },
    })),
  };
}

async function startJobMaster(bench: Bench, tasks: number, leaders = new SettableLeader()) {
  const token = randomId();
  const server = await bench.service.startServer(JobMaster, {
    args: [
      token,
      {
        resourceId: 'jobmaster',
        job: graph(tasks),
        heartbeatServices: bench.heartbeatServices,
        registration: retryingRegistrationConfiguration(),
        slotRequestTimeoutMs: 300_000,
        resourceManagerRetrieval: () => leaders,
      },
    ],
    thread: 'home',
  });
  await server.start();
  return { server, gateway: server.getSelfGateway(JobMasterGateway), leaders };
}

/** A TaskExecutor that has registered and offered one slot for each given allocation. */
async function withSlots(bench: Bench, gateway: JobMasterGateway, ...allocationIds: string[]) {
  const { endpoint, server } = await worker(bench);
  const { address } = server;
  const response = await gateway.registerTaskExecutor({
    jobId: 'job',
    resourceId: 'worker',
    address,
    session: 'session',
  });
  assert.deepEqual(response, { kind: 'success', success: 'jobmaster' });
  const offers = allocationIds.map((allocationId, slot) => ({ allocationId, slot }));
  const accepted = await gateway.offerSlots('worker', offers);
  return { endpoint, server, accepted };
}

test('it registers with the ResourceManager and declares a slot for each task', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const { leaders } = await startJobMaster(bench, 3);
  leaders.set(leader);
  await bench.until(() => endpoint.declared.length === 1, 'the declaration');
  assert.deepEqual(endpoint.heard, ['job job']);
  assert.deepEqual(endpoint.declared, [[null, null, null]]);
});

test('a new ResourceManager is registered with and told anew what is needed', async () => {
  await using bench = await Bench.start();
  const [first, second] = [await resourceManager(bench), await resourceManager(bench)];
  const { leaders } = await startJobMaster(bench, 1);
  leaders.set(first.leader);
  await bench.until(() => first.endpoint.declared.length === 1, 'the first');
  leaders.set(second.leader);
  await bench.until(() => second.endpoint.declared.length === 1, 'the second');
});

test('a ResourceManager that enters it when its job is over is told so', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const gate = deferred<void>();
  endpoint.jobMasterGate = gate.promise;
  const { gateway, leaders } = await startJobMaster(bench, 1);
  leaders.set(leader);
  await bench.until(() => endpoint.heard.length === 1, 'the registration');
  await gateway.cancel();
  gate.resolve();
  await bench.until(() => endpoint.heard.length === 2, 'the farewell');
  assert.deepEqual(endpoint.heard, ['job job', 'done job the job is CANCELED']);
});

test('a job that ends while its JobMaster connects back declines the TaskExecutor', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  const { server } = await worker(bench);
  const self = { jobId: 'job', resourceId: 'worker', address: server.address, session: 'session' };
  const [answer] = await Promise.all([gateway.registerTaskExecutor(self), gateway.cancel()]);
  assert.equal(answer.kind, 'rejection');
});

test('a ResourceManager that falls silent is registered with again', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const { leaders } = await startJobMaster(bench, 1);
  leaders.set(leader);
  await bench.until(() => endpoint.declared.length === 1, 'the declaration');
  await bench.advance(6);
  assert.ok(endpoint.declared.length >= 2);
});

test('offered slots get tasks, surplus ones are refused; the job ends with results', async () => {
  await using bench = await Bench.start();
  const { endpoint: manager, leader } = await resourceManager(bench);
  const { gateway, leaders } = await startJobMaster(bench, 2);
  leaders.set(leader);
  const result = gateway.requestJobResult();
  const { endpoint, accepted } = await withSlots(bench, gateway, 'a', 'b', 'c');
  assert.deepEqual(accepted, ['a', 'b']);
  await bench.until(() => endpoint.deployments.length === 2, 'both tasks');
  for (const { task, allocationId } of endpoint.deployments) {
    await gateway.updateTaskExecutionState({ taskId: task.taskId, allocationId, state: 'RUNNING' });
  }
  assert.equal((await gateway.requestJobStatus()).tasks[1]?.state, 'RUNNING');
  gateway.reportProgress('t0', 'a', 'half');
  assert.deepEqual(await gateway.requestProgress(0), {
    version: 1,
    isOver: false,
    reports: [{ taskId: 't0', value: 'half', version: 1 }],
  });
  const next = gateway.requestProgress(1);
  await gateway.updateTaskExecutionState({
    taskId: 't0',
    allocationId: 'a',
    state: 'FINISHED',
    result: 1,
  });
  await bench.until(() => endpoint.heard.includes('free a'), 'the slot is given back');
  await gateway.updateTaskExecutionState({
    taskId: 't1',
    allocationId: 'b',
    state: 'FINISHED',
    result: 2,
  });
  const { state, tasks, error } = await result;
  assert.deepEqual([state, error], ['FINISHED', null]);
  assert.deepEqual(
    tasks.map((task) => [task.state, task.result, task.taskExecutor]),
    [
      ['FINISHED', 1, 'worker'],
      ['FINISHED', 2, 'worker'],
    ],
  );
  assert.equal((await next).isOver, true);
  await bench.until(() => endpoint.heard.length === 2, 'the farewell');
  assert.match(endpoint.heard[1]!, /disconnect job the job is FINISHED/);
  assert.deepEqual(manager.declared.at(-1), [null], 'one slot less after the first task');
  assert.match(manager.heard.at(-1)!, /done job/);
});

test('with fewer slots than tasks, a slot takes one after the other', async () => {
  await using bench = await Bench.start();
  const { endpoint: manager, leader } = await resourceManager(bench);
  const { gateway, leaders } = await startJobMaster(bench, 3);
  leaders.set(leader);
  await bench.until(() => manager.declared.length === 1, 'the declaration');
  const { endpoint } = await withSlots(bench, gateway, 'a');
  const done: string[] = [];
  for (let i = 0; i < 3; i++) {
    await bench.until(() => endpoint.deployments.length === i + 1, `task ${i}`);
    const { task, allocationId } = endpoint.deployments[i]!;
    assert.equal(allocationId, 'a');
    done.push(task.taskId);
    await gateway.updateTaskExecutionState({
      taskId: task.taskId,
      allocationId,
      state: 'FINISHED',
    });
  }
  assert.deepEqual(done, ['t0', 't1', 't2']);
  assert.equal((await gateway.requestJobResult()).state, 'FINISHED');
  const declared = manager.declared.map(({ length }) => length);
  assert.deepEqual(declared, [3, 2, 1], 'a task that has ended needs no slot any more');
});

test('one failed task fails the job, and the others count as cancelled', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 2);
  await withSlots(bench, gateway, 'a', 'b');
  await gateway.updateTaskExecutionState({
    taskId: 't1',
    allocationId: 'b',
    state: 'FAILED',
    error: 'boom',
  });
  const { state, error, tasks } = await gateway.requestJobResult();
  assert.equal(state, 'FAILED');
  assert.match(error!, /t1 failed: boom/);
  assert.deepEqual(
    tasks.map((task) => task.state),
    ['CANCELED', 'FAILED'],
  );
});

test('losing a TaskExecutor: what ran there has failed, with why', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  await withSlots(bench, gateway, 'a');
  await gateway.updateTaskExecutionState({ taskId: 't0', allocationId: 'a', state: 'RUNNING' });
  await bench.advance(6);
  const { error } = await gateway.requestJobResult();
  assert.match(error!, /TaskExecutor worker is lost: its heartbeat timed out/);
});

/** A TaskExecutor that is gone when its slot is taken: nothing can be submitted to it. */
async function goneWithSlot(bench: Bench, gateway: JobMasterGateway, allocationId: string) {
  const { server } = await worker(bench);
  const self = { jobId: 'job', resourceId: 'gone', address: server.address, session: 'session' };
  assert.equal((await gateway.registerTaskExecutor(self)).kind, 'success');
  await server.close();
  await gateway.offerSlots('gone', [{ allocationId, slot: 0 }]);
}

test('losing a TaskExecutor: what it has taken may have begun, and has failed', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  const { endpoint } = await withSlots(bench, gateway, 'a');
  await bench.until(() => endpoint.deployments.length === 1, 'the task');
  await settle(1);
  gateway.disconnectTaskExecutor('worker', 'killed by SIGKILL');
  const { state, error } = await gateway.requestJobResult();
  assert.equal(state, 'FAILED');
  assert.match(error!, /t0 failed: TaskExecutor worker is lost: killed by SIGKILL/);
});

test('losing a TaskExecutor: what could not be submitted gets another slot', async () => {
  await using bench = await Bench.start();
  const { endpoint: manager, leader } = await resourceManager(bench);
  const { gateway, leaders } = await startJobMaster(bench, 1);
  leaders.set(leader);
  await bench.until(() => manager.declared.length === 1, 'the declaration');
  await goneWithSlot(bench, gateway, 'a');
  await bench.until(() => manager.declared.length === 2, 'a slot is missing again');
  const { endpoint } = await withSlots(bench, gateway, 'b');
  await bench.until(() => endpoint.deployments.length === 1, 'the task');
});

test('what an attempt says that another has taken the place of, changes nothing', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  await goneWithSlot(bench, gateway, 'a');
  await settle(1);
  const { endpoint } = await withSlots(bench, gateway, 'b');
  await bench.until(() => endpoint.deployments.length === 1, 'the second attempt');
  gateway.reportProgress('t0', 'a', 'late');
  await gateway.updateTaskExecutionState({ taskId: 't0', allocationId: 'a', state: 'CANCELED' });
  assert.equal((await gateway.requestJobStatus()).state, 'RUNNING');
  gateway.reportProgress('t0', 'b', 'news');
  await gateway.updateTaskExecutionState({ taskId: 't0', allocationId: 'b', state: 'FINISHED' });
  assert.equal((await gateway.requestJobResult()).state, 'FINISHED');
  const { reports } = await gateway.requestProgress(0);
  assert.deepEqual(
    reports.map(({ value }) => value),
    ['news'],
  );
});

test('a TaskExecutor that has forgotten a running task fails it', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  await withSlots(bench, gateway, 'a');
  await gateway.updateTaskExecutionState({ taskId: 't0', allocationId: 'a', state: 'RUNNING' });
  await gateway.heartbeatFromTaskExecutor('worker', ['t0']);
  assert.equal((await gateway.requestJobStatus()).state, 'RUNNING');
  await gateway.heartbeatFromTaskExecutor('worker', []);
  assert.match((await gateway.requestJobResult()).error!, /does not run it any more/);
});

test('a TaskExecutor of another job is declined; a restarted one replaces itself', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  const { endpoint, server } = await withSlots(bench, gateway, 'a');
  const self = { jobId: 'job', resourceId: 'worker', address: server.address };
  const other = await gateway.registerTaskExecutor({ ...self, jobId: 'other', session: 's' });
  assert.equal(other.kind, 'rejection');
  await gateway.registerTaskExecutor({ ...self, session: 'session' });
  assert.deepEqual(endpoint.heard, [], 'the same session again changes nothing');
  await gateway.registerTaskExecutor({ ...self, session: 'another' });
  await bench.until(() => endpoint.heard.length === 1, 'the older one is told');
  assert.match(endpoint.heard[0]!, /it started anew/);
});

test('offers of a TaskExecutor that is not registered are an error', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  const offer = gateway.offerSlots('stranger', [{ allocationId: 'a', slot: 0 }]);
  await assert.rejects(offer, { code: 'HANDLER_FAILED' });
});

test('without any slot for five minutes the job fails', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 1);
  const result = gateway.requestJobResult();
  await bench.advance(301, 1_000);
  assert.match((await result).error!, /no slot within 300000 ms/);
});

test('a job without tasks is finished at once', async () => {
  await using bench = await Bench.start();
  const { gateway } = await startJobMaster(bench, 0);
  assert.equal((await gateway.requestJobResult()).state, 'FINISHED');
});

async function startDispatcher(
  bench: Bench,
  createJobMaster: DispatcherServices['createJobMaster'] = createOn(bench),
) {
  const { leader } = await resourceManager(bench);
  const server = await bench.service.startServer(Dispatcher, {
    args: [
      randomId(),
      {
        heartbeatServices: bench.heartbeatServices,
        registration: retryingRegistrationConfiguration(),
        slotRequestTimeoutMs: 300_000,
        resourceManagerRetrieval: () => fixed(leader),
        createJobMaster,
      },
    ],
    thread: 'home',
  });
  await server.start();
  return { server, dispatcher: server.getSelfGateway(DispatcherGateway) };
}

function createOn(bench: Bench): DispatcherServices['createJobMaster'] {
  return ({ jobMasterId, endpointId, ...plan }) =>
    bench.service.startServer(JobMaster, {
      endpointId,
      args: [jobMasterId, plan],
      thread: 'home',
    });
}

test('a job that is handed in while the Dispatcher stops leaves no JobMaster behind', async () => {
  await using bench = await Bench.start();
  const gate = deferred<void>();
  const made: RpcServer[] = [];
  const { server, dispatcher } = await startDispatcher(bench, async (plan) => {
    await gate.promise;
    made.push(await createOn(bench)(plan));
    return made[0]!;
  });
  const refused = { code: 'HANDLER_FAILED', message: /the Dispatcher is stopping/ };
  const held = assert.rejects(dispatcher.submitJob(graph(1)), refused);
  await settle(1);
  const closed = server.close();
  const late = assert.rejects(dispatcher.submitJob(graph(1, 'add', 'late')), refused);
  await settle(1);
  gate.resolve();
  await Promise.all([held, late, closed]);
  assert.equal(made.length, 1, 'nothing was started for the late one');
  await made[0]!.terminationFuture;
});

test('the Dispatcher takes a job once, and keeps its result and progress', async () => {
  await using bench = await Bench.start();
  const { dispatcher } = await startDispatcher(bench);
  await dispatcher.submitJob(graph(1, 'hang'));
  const refused = { code: 'HANDLER_FAILED', message: /was submitted already/ };
  await assert.rejects(dispatcher.submitJob(graph(1, 'hang')), refused);
  assert.equal((await dispatcher.requestJobStatus('job')).state, 'RUNNING');
  const result = dispatcher.requestJobResult('job');
  const progress = dispatcher.requestProgress('job', 0);
  await dispatcher.cancelJob('job');
  assert.equal((await result).state, 'CANCELED');
  assert.equal((await progress).isOver, true);
  await bench.until(() => bench.clock.pendingTimers >= 0, 'the JobMaster to end');
  assert.equal((await dispatcher.requestJobResult('job')).state, 'CANCELED');
  assert.equal((await dispatcher.requestJobStatus('job')).state, 'CANCELED');
  assert.equal((await dispatcher.requestProgress('job', 0)).isOver, true);
  await dispatcher.cancelJob('job');
  await assert.rejects(dispatcher.submitJob(graph(1)), refused, 'not even when it has ended');
  assert.equal((await dispatcher.listJobs()).length, 1);
});

/** Its end is heard, and then it is gone. */
class GoneJobMaster extends JobMaster {
  override requestProgress(): never {
    throw new Error('gone');
  }
}

test('a JobMaster that is gone with its reports takes no result along', async () => {
  await using bench = await Bench.start();
  const { dispatcher } = await startDispatcher(bench, ({ jobMasterId, endpointId, ...plan }) =>
    bench.service.startServer(GoneJobMaster, {
      endpointId,
      args: [jobMasterId, plan],
      thread: 'home',
    }),
  );
  await dispatcher.submitJob(graph(1, 'hang'));
  const result = dispatcher.requestJobResult('job');
  await dispatcher.cancelJob('job');
  const { state, error } = await result;
  assert.deepEqual([state, error], ['CANCELED', 'the job was cancelled']);
  const { isOver, reports } = await dispatcher.requestProgress('job', 0);
  assert.deepEqual([isOver, reports], [true, []]);
});

test('the Dispatcher refuses unknown jobs, jobs without id, and two tasks of one id', async () => {
  await using bench = await Bench.start();
  const { dispatcher } = await startDispatcher(bench);
  const refused = { code: 'HANDLER_FAILED' };
  await assert.rejects(dispatcher.requestJobResult('none'), refused);
  await assert.rejects(dispatcher.requestJobStatus('none'), refused);
  await assert.rejects(dispatcher.cancelJob('none'), refused);
  await assert.rejects(dispatcher.submitJob(graph(1, 'add', '')), refused);
  const [task] = graph(1).tasks;
  const twice = { ...graph(1), tasks: [task!, task!] };
  await assert.rejects(dispatcher.submitJob(twice), refused);
});
