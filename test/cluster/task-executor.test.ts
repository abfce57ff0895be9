import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomId, type RegistrationResponse, deferred } from '../../core/internal.js';
import {
  Bench,
  fixed,
  SettableLeader,
  startDouble,
  TestingJobMaster,
  TestingResourceManager,
} from './cluster-harness.js';

async function resourceManager(bench: Bench, sessionId = randomId()) {
  const { endpoint, server } = await startDouble<TestingResourceManager>((handle) =>
    bench.service.startServer(TestingResourceManager, {
      args: [sessionId, handle],
      thread: 'home',
    }),
  );
  return { endpoint, server, leader: { sessionId, address: server.address } };
}

const jobMaster = (bench: Bench, token: string) =>
  startDouble<TestingJobMaster>((handle) =>
    bench.service.startServer(TestingJobMaster, { args: [token, handle], thread: 'home' }),
  );

/** A registered TaskExecutor with a JobMaster that has one of its slots. */
async function withSlot(bench: Bench) {
  const manager = await resourceManager(bench);
  const worker = await bench.taskExecutor('worker', fixed(manager.leader), { slots: 2 });
  await bench.until(() => manager.endpoint.reports.length === 1, 'the slot report');
  const { gateway } = worker;
  const isUp = (): boolean => !bench.kinds('worker').includes('terminated');
  bench.everySecond.push(() => {
    if (isUp()) gateway.heartbeatFromResourceManager('resourcemanager').catch(() => {});
  });
  const token = randomId();
  const master = await jobMaster(bench, token);
  const request = {
    slot: 0,
    jobId: 'job',
    allocationId: 'allocation',
    jobMasterAddress: master.server.address,
    jobMasterId: token,
    resourceManagerId: manager.leader.sessionId,
  };
  return { manager, worker, master, token, request };
}

const deployment = (token: string, exportName: string, argument: unknown = null) => ({
  jobId: 'job',
  jobMasterId: token,
  allocationId: 'allocation',
  task: {
    taskId: `task-${exportName}`,
    module: new URL('./test-tasks.js', import.meta.url).href,
    exportName,
    argument,
  },
});

test('it registers with the leader and reports its slots', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const { fatal, server } = await bench.taskExecutor('worker', fixed(leader), { slots: 2 });
  await bench.until(() => endpoint.reports.length === 1, 'the slot report');
  const [registration] = endpoint.registrations;
  assert.equal(registration?.resourceId, 'worker');
  assert.equal(registration?.address, server.address);
  assert.equal(registration?.slots, 2);
  assert.ok(registration.cpuCores > 0 && registration.memoryBytes > 0);
  assert.equal(endpoint.reports[0]?.slots.length, 2);
  assert.deepEqual(bench.kinds('worker'), ['connected', 'registered']);
  await bench.advance(301, 1_000);
  assert.match(String(fatal), /^$/, 'the registration time-out is stopped');
});

test('a new leader is registered with, and the old one is left', async () => {
  await using bench = await Bench.start();
  const [first, second] = [await resourceManager(bench), await resourceManager(bench)];
  const leaders = new SettableLeader();
  await bench.taskExecutor('worker', leaders);
  leaders.set(first.leader);
  await bench.until(() => first.endpoint.reports.length === 1, 'the first leader');
  leaders.set(undefined);
  leaders.set(second.leader);
  await bench.until(() => second.endpoint.reports.length === 1, 'the second leader');
  await bench.advance(30);
  assert.equal(first.endpoint.registrations.length, 1);
});

test('an answer of the old leader that comes after the change is dropped', async () => {
  await using bench = await Bench.start();
  const [first, second] = [await resourceManager(bench), await resourceManager(bench)];
  const late = deferred<RegistrationResponse<Uint8Array, string>>();
  first.endpoint.answer = () => late.promise;
  const leaders = new SettableLeader();
  const { fatal } = await bench.taskExecutor('worker', leaders);
  leaders.set(first.leader);
  await bench.until(() => first.endpoint.registrations.length === 1, 'the first is asked');
  leaders.set(second.leader);
  await bench.until(() => second.endpoint.reports.length === 1, 'the second leader');
  late.resolve({ kind: 'rejection', rejection: 'too late' });
  await bench.advance(1);
  assert.deepEqual(fatal, []);
});

test('a rejection is fatal', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  endpoint.answer = async () => ({ kind: 'rejection', rejection: 'unknown worker' });
  const { fatal } = await bench.taskExecutor('worker', fixed(leader));
  await bench.until(() => fatal.length === 1, 'the fatal error');
  assert.match(String(fatal[0]), /REGISTRATION_REJECTED.*unknown worker/);
  assert.equal(bench.kinds('worker').at(-1), 'fatal');
});

test('not registered within five minutes is fatal, and not a second before', async () => {
  await using bench = await Bench.start();
  const leaders = new SettableLeader();
  const { fatal } = await bench.taskExecutor('worker', leaders);
  await bench.advance(299, 1_000);
  assert.deepEqual(fatal, []);
  await bench.advance(1);
  assert.match(String(fatal[0]), /not registered within 300000 ms/);
});

test('a slot report that fails makes it register again', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  endpoint.refuseReports = true;
  await bench.taskExecutor('worker', fixed(leader));
  await bench.until(() => endpoint.registrations.length >= 2, 'another registration');
  endpoint.refuseReports = false;
  await bench.until(() => endpoint.reports.length === 1, 'the report is taken at last');
});

test('told to disconnect, it registers again; told by a stranger, it does not', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const { gateway } = await bench.taskExecutor('worker', fixed(leader));
  await bench.until(() => endpoint.reports.length === 1, 'the slot report');
  gateway.disconnectResourceManager(randomId(), 'not my leader');
  await bench.advance(1);
  assert.equal(endpoint.registrations.length, 1);
  gateway.disconnectResourceManager(leader.sessionId, 'lost you');
  await bench.until(() => endpoint.reports.length === 2, 'registered again');
  assert.equal(bench.kinds('worker').filter((kind) => kind === 'disconnected').length, 1);
});

test('a ResourceManager that falls silent is registered with again', async () => {
  await using bench = await Bench.start();
  const { endpoint, leader } = await resourceManager(bench);
  const { gateway } = await bench.taskExecutor('worker', fixed(leader));
  await bench.until(() => endpoint.reports.length === 1, 'the slot report');
  await gateway.heartbeatFromResourceManager('resourcemanager');
  await bench.until(() => endpoint.heartbeats.length === 1, 'the answer with a slot report');
  await bench.advance(6);
  await bench.until(() => endpoint.registrations.length === 2, 'registered again');
});

test('a slot: registered with the JobMaster, offered, taken, reported as allocated', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length > 0, 'the offer');
  assert.equal(master.endpoint.registrations[0]?.resourceId, 'worker');
  assert.deepEqual(master.endpoint.offers[0], [{ allocationId: 'allocation', slot: 0 }]);
  bench.everySecond.push(
    () => void worker.gateway.heartbeatFromJobMaster('jobmaster', ['allocation']),
  );
  await bench.advance(20);
  assert.deepEqual(manager.endpoint.available, [], 'taken: it does not time out');
});

test('requests of another ResourceManager session and for a taken slot are refused', async () => {
  await using bench = await Bench.start();
  const { worker, request } = await withSlot(bench);
  const refused = { code: 'HANDLER_FAILED' };
  const stale = { ...request, resourceManagerId: randomId() };
  await assert.rejects(worker.gateway.requestSlot(stale), refused);
  await worker.gateway.requestSlot(request);
  const other = { ...request, allocationId: 'other' };
  await assert.rejects(worker.gateway.requestSlot(other), refused);
});

test('a slot that is not taken is free again, and the ResourceManager hears it', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, request } = await withSlot(bench);
  master.endpoint.accept = () => [];
  await worker.gateway.requestSlot(request);
  await bench.until(() => manager.endpoint.available.length === 1, 'the slot is available');
  assert.deepEqual(manager.endpoint.available, ['instance-1 0 allocation']);
});

test('a slot whose JobMaster cannot be reached is freed when its time is up', async () => {
  await using bench = await Bench.start();
  const { manager, worker, request } = await withSlot(bench);
  const jobMasterAddress = bench.service.addressOf('nowhere');
  await worker.gateway.requestSlot({ ...request, jobMasterAddress });
  await bench.advance(9);
  assert.deepEqual(manager.endpoint.available, []);
  await bench.advance(1);
  assert.deepEqual(manager.endpoint.available, ['instance-1 0 allocation']);
});

test('a JobMaster that says a final no loses the slots', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, request } = await withSlot(bench);
  master.endpoint.registrationAnswer = { kind: 'rejection', rejection: 'wrong job' };
  await worker.gateway.requestSlot(request);
  await bench.until(() => manager.endpoint.available.length === 1, 'the slot is available');
});

test('an offer without an answer is made again', async () => {
  await using bench = await Bench.start();
  const { worker, master, request } = await withSlot(bench);
  master.endpoint.accept = () => new Promise(() => {});
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the first offer');
  const isAlive = (): Promise<void> => worker.gateway.heartbeatFromJobMaster('jobmaster', []);
  bench.everySecond.push(() => void isAlive().catch(() => {}));
  await bench.advance(11);
  assert.ok(master.endpoint.offers.length >= 2, 'offered again after the ask timed out');
});

test('a silent JobMaster: its tasks end, its slots are offered again once it is back', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await worker.gateway.submitTask(deployment(token, 'hang'));
  await bench.until(() => master.endpoint.states.length === 1, 'the task runs');
  await bench.advance(5);
  await bench.until(() => master.endpoint.registrations.length === 2, 'registered again');
  await bench.until(() => master.endpoint.offers.length === 2, 'offered again');
  const { state, error } = master.endpoint.states.at(-1)!;
  assert.equal(state, 'FAILED', 'nobody cancelled it');
  assert.match(error!, /the JobMaster is lost: its heartbeat timed out/);
  assert.deepEqual(manager.endpoint.available, []);
});

test('a silent JobMaster that has no slot here is not looked for', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await bench.advance(1);
  await worker.gateway.freeSlot('allocation', 'its task has ended');
  await bench.until(() => manager.endpoint.available.length === 1, 'the slot is free');
  await bench.advance(30);
  assert.equal(master.endpoint.registrations.length, 1);
});

test('a JobMaster that has gone for good: the slot is freed when its time is up', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await master.server.close();
  await bench.advance(16);
  assert.deepEqual(manager.endpoint.available, ['instance-1 0 allocation']);
});

test('a task runs, tells its progress and its result', async () => {
  await using bench = await Bench.start();
  const { worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await worker.gateway.submitTask(deployment(token, 'add', { a: 1, b: 2 }));
  const { states } = master.endpoint;
  await bench.until(() => states.at(-1)?.state === 'FINISHED', 'the end of the task');
  const attempt = { taskId: 'task-add', allocationId: 'allocation' };
  assert.deepEqual(states, [
    { ...attempt, state: 'RUNNING' },
    { ...attempt, state: 'FINISHED', result: { sum: 3, on: 'worker' } },
  ]);
  assert.deepEqual(master.endpoint.heard, ['progress task-add 1']);
});

test('a task that throws, is not there, or is no function has failed', async () => {
  await using bench = await Bench.start();
  const { worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  const { states } = master.endpoint;
  const failures = async (count: number): Promise<string> => {
    const failed = () => states.filter(({ state }) => state === 'FAILED');
    await bench.until(() => failed().length === count, `failure ${count}`);
    return failed().at(-1)!.error!;
  };
  await worker.gateway.submitTask(deployment(token, 'fail'));
  assert.match(await failures(1), /boom/);
  await worker.gateway.submitTask(deployment(token, 'notAFunction'));
  assert.match(await failures(2), /exports no function notAFunction/);
  const missing = deployment(token, 'run');
  const module = new URL('./missing.js', import.meta.url).href;
  await worker.gateway.submitTask({ ...missing, task: { ...missing.task, module } });
  assert.match(await failures(3), /missing\.js/);
});

test('tasks are taken only from the JobMaster that has the slot', async () => {
  await using bench = await Bench.start();
  const { worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  const refused = { code: 'HANDLER_FAILED' };
  const submit = (one: ReturnType<typeof deployment>) => worker.gateway.submitTask(one);
  await assert.rejects(submit(deployment(randomId(), 'add')), refused);
  await assert.rejects(submit({ ...deployment(token, 'add'), allocationId: 'other' }), refused);
  await submit(deployment(token, 'hang'));
  await assert.rejects(submit(deployment(token, 'hang')), refused, 'once');
});

test('two jobs may have tasks of one id; a task is cancelled by its job and its id', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, token, request } = await withSlot(bench);
  const otherToken = randomId();
  const other = await jobMaster(bench, otherToken);
  await worker.gateway.requestSlot(request);
  await worker.gateway.requestSlot({
    ...request,
    slot: 1,
    jobId: 'other',
    allocationId: 'of-other',
    jobMasterAddress: other.server.address,
    jobMasterId: otherToken,
  });
  const ofBoth = [master.endpoint, other.endpoint];
  await bench.until(() => ofBoth.every(({ offers }) => offers.length === 1), 'both offers');
  const mine = deployment(token, 'hang');
  const theirs = { ...mine, jobId: 'other', jobMasterId: otherToken, allocationId: 'of-other' };
  await worker.gateway.submitTask(mine);
  await worker.gateway.submitTask(theirs);
  await bench.until(() => ofBoth.every(({ states }) => states.length === 1), 'both run');
  await worker.gateway.cancelTask('other', 'task-hang');
  await bench.until(() => other.endpoint.states.length === 2, 'the end of the one');
  assert.equal(other.endpoint.states[1]?.state, 'CANCELED');
  assert.equal(master.endpoint.states.length, 1, 'the other goes on');
  await worker.gateway.freeSlot('allocation', 'over');
  await bench.until(() => manager.endpoint.available.length === 1, 'its slot');
  assert.equal(master.endpoint.states[1]?.state, 'CANCELED');
});

test('a slot with a task is free only when the task has ended', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await worker.gateway.submitTask(deployment(token, 'hang'));
  await bench.until(() => master.endpoint.states.length === 1, 'the task runs');
  await worker.gateway.freeSlot('allocation', 'over');
  await bench.until(() => manager.endpoint.available.length === 1, 'the slot is available');
  assert.equal(master.endpoint.states.at(-1)?.state, 'CANCELED', 'its task had ended before');
});

test('what the JobMaster believes and what is here are brought in line', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await worker.gateway.submitTask(deployment(token, 'hang'));
  await worker.gateway.heartbeatFromJobMaster('jobmaster', ['allocation', 'imagined']);
  await bench.until(() => master.endpoint.heard.length === 1, 'the JobMaster is told');
  assert.deepEqual(master.endpoint.heard, ['fail imagined']);
  await bench.until(() => master.endpoint.taskReports.length === 1, 'the tasks are reported');
  assert.deepEqual(master.endpoint.taskReports, [['task-hang']]);
  await worker.gateway.heartbeatFromJobMaster('jobmaster', []);
  await bench.until(() => manager.endpoint.available.length === 1, 'the slot is given up');
});

test('stopping, it says good-bye to both sides and cancels what runs', async () => {
  await using bench = await Bench.start();
  const { manager, worker, master, token, request } = await withSlot(bench);
  await worker.gateway.requestSlot(request);
  await bench.until(() => master.endpoint.offers.length === 1, 'the offer');
  await worker.gateway.submitTask(deployment(token, 'hang'));
  await worker.server.close();
  await bench.until(() => manager.endpoint.heard.length === 1, 'the ResourceManager hears it');
  assert.match(manager.endpoint.heard[0]!, /^lost worker/);
  assert.match(master.endpoint.heard.join(), /lost worker/);
  assert.equal(bench.kinds('worker').at(-1), 'terminated');
  await bench.service.close();
  assert.equal(bench.clock.pendingTimers, 0, 'no timer is left');
});
