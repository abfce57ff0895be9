import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeTaskExecutorRegistrationSuccess,
  encodeSlotReport,
  encodeTaskExecutorRegistration,
  randomId,
} from '../../core/internal.js';
import { ResourceManagerGateway } from '../../cluster/gateways.js';
import { Bench, startDouble, TestingJobMaster, TestingTaskExecutor } from './cluster-harness.js';

const worker = (bench: Bench) =>
  startDouble<TestingTaskExecutor>((handle) =>
    bench.service.startServer(TestingTaskExecutor, { args: [handle], thread: 'home' }),
  );

const jobMaster = (bench: Bench, token: string) =>
  startDouble<TestingJobMaster>((handle) =>
    bench.service.startServer(TestingJobMaster, { args: [token, handle], thread: 'home' }),
  );

const registration = (address: string, resourceId = 'worker'): Uint8Array =>
  encodeTaskExecutorRegistration({
    address,
    resourceId,
    dataPort: -1,
    cpuCores: 2,
    memoryBytes: 1024,
    slots: 1,
  });

const freeSlots = (count: number): Uint8Array =>
  encodeSlotReport({
    slots: Array.from({ length: count }, (_, slot) => ({ slot, allocationId: '', jobId: '' })),
  });

async function register(
  gateway: ResourceManagerGateway,
  address: string,
  resourceId = 'worker',
): Promise<string> {
  const response = await gateway.registerTaskExecutor(registration(address, resourceId));
  assert.equal(response.kind, 'success');
  if (response.kind !== 'success') throw new Error('unreachable');
  return decodeTaskExecutorRegistrationSuccess(response.success).instanceId;
}

test('success tells InstanceID, own ResourceID, heartbeat interval and blob address', async () => {
  await using bench = await Bench.start();
  const { gateway, leader } = await bench.resourceManager();
  const { server } = await worker(bench);
  const response = await gateway.registerTaskExecutor(registration(server.address));
  assert.equal(response.kind, 'success');
  if (response.kind !== 'success') return;
  const success = decodeTaskExecutorRegistrationSuccess(response.success);
  assert.match(success.instanceId, /^[0-9a-f-]{36}$/);
  assert.equal(success.resourceManagerId, `resourcemanager-${leader.sessionId}`);
  assert.equal(success.heartbeatIntervalMs, 1_000);
  assert.deepEqual([success.blobHost, success.blobPort], ['blob.example', 6124]);
  assert.deepEqual(bench.kinds('worker'), ['handshakeDone']);
});

test('calls of another leader session are refused', async () => {
  await using bench = await Bench.start();
  const { leader } = await bench.resourceManager();
  const stale = await bench.service.connect(leader.address, ResourceManagerGateway, {
    fencingToken: randomId(),
  });
  await assert.rejects(stale.registerTaskExecutor(registration('anywhere')), {
    code: 'FENCING_TOKEN_MISMATCH',
  });
});

test('a worker that cannot be connected back to is refused for now', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const nowhere = bench.service.addressOf('nowhere');
  const response = await gateway.registerTaskExecutor(registration(nowhere));
  assert.equal(response.kind, 'failure');
});

test('a worker that the driver does not know is declined for good', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager(randomId(), (id) => id === 'known');
  const { server } = await worker(bench);
  const declined = await gateway.registerTaskExecutor(registration(server.address, 'stranger'));
  assert.equal(declined.kind, 'rejection');
  await register(gateway, server.address, 'known');
});

test('an older registration of the same ResourceID is replaced', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const [older, newer] = [await worker(bench), await worker(bench)];
  const first = await register(gateway, older.server.address);
  await gateway.sendSlotReport('worker', first, freeSlots(1));
  const second = await register(gateway, newer.server.address);
  assert.notEqual(first, second, 'a new InstanceID');
  assert.equal((await gateway.requestClusterOverview()).slots, 0, 'the old slots are gone');
  await assert.rejects(gateway.sendSlotReport('worker', first, freeSlots(1)), {
    code: 'HANDLER_FAILED',
  });
  await gateway.sendSlotReport('worker', second, freeSlots(3));
  const { taskExecutors } = await gateway.requestClusterOverview();
  assert.deepEqual(
    taskExecutors.map(({ instanceId, slots }) => [instanceId, slots]),
    [[second, 3]],
  );
});

test('of two attempts at once only the newer one registers', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const { server } = await worker(bench);
  const [older, newer] = await Promise.all([
    gateway.registerTaskExecutor(registration(server.address)),
    gateway.registerTaskExecutor(registration(server.address)),
  ]);
  assert.deepEqual([older.kind, newer.kind], ['failure', 'success']);
});

test('a worker that stays silent is dropped and told so; one that answers is kept', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const [silent, alive] = [await worker(bench), await worker(bench)];
  alive.endpoint.answerHeartbeat = () =>
    void gateway.heartbeatFromTaskExecutor('alive', freeSlots(1));
  await register(gateway, silent.server.address, 'silent');
  const instanceId = await register(gateway, alive.server.address, 'alive');
  await gateway.sendSlotReport('alive', instanceId, freeSlots(1));
  await bench.advance(30);
  assert.deepEqual(silent.endpoint.heard, ['disconnect its heartbeat timed out']);
  assert.deepEqual(alive.endpoint.heard, []);
  assert.equal((await gateway.requestClusterOverview()).taskExecutors.length, 1);
  assert.deepEqual(bench.kinds('alive').slice(-2), ['slotsReported', 'firstHeartbeat']);
});

test('a worker that is gone is dropped after two unreachable heartbeats', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const { server } = await worker(bench);
  const instanceId = await register(gateway, server.address);
  await gateway.sendSlotReport('worker', instanceId, freeSlots(1));
  await server.close();
  await bench.advance(3);
  assert.equal((await gateway.requestClusterOverview()).taskExecutors.length, 0);
});

test('slots are requested for a job, refused ones elsewhere, freed ones for the next', async () => {
  await using bench = await Bench.start();
  const { gateway, leader } = await bench.resourceManager();
  const [a, b] = [await worker(bench), await worker(bench)];
  a.endpoint.refuseSlots = true;
  const instanceA = await register(gateway, a.server.address, 'a');
  const instanceB = await register(gateway, b.server.address, 'b');
  const token = randomId();
  const master = await jobMaster(bench, token);
  const job = {
    jobId: 'job',
    jobMasterId: token,
    resourceId: 'jm',
    address: master.server.address,
  };
  await assert.rejects(gateway.declareRequiredResources(token, { jobId: 'job', slots: [null] }), {
    code: 'HANDLER_FAILED',
  });
  await gateway.registerJobMaster(job);
  await gateway.declareRequiredResources(token, { jobId: 'job', slots: [null] });
  await gateway.sendSlotReport('a', instanceA, freeSlots(1));
  await bench.until(() => a.endpoint.slotRequests.length > 0, 'a request to a');
  const [refused] = a.endpoint.slotRequests;
  assert.equal(refused?.resourceManagerId, leader.sessionId);
  assert.equal(refused?.jobMasterAddress, master.server.address);
  await gateway.sendSlotReport('b', instanceB, freeSlots(2));
  await bench.advance(1);
  const all = [...a.endpoint.slotRequests, ...b.endpoint.slotRequests];
  assert.equal(b.endpoint.slotRequests.length, 1, `asked ${all.length} times in all`);
  gateway.disconnectJobMaster('job', token, 'the job is FINISHED');
  await bench.until(() => b.endpoint.heard.length > 0, 'slots of an ended job are taken back');
  const { allocationId, slot } = b.endpoint.slotRequests[0]!;
  gateway.notifySlotAvailable(instanceB, slot, allocationId);
  const { freeSlots: free, jobMasters } = await gateway.requestClusterOverview();
  assert.deepEqual([free, jobMasters], [3, 0]);
});

test('a slot that its job gives back is for others at once, for itself after a pause', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const { server, endpoint } = await worker(bench);
  const instanceId = await register(gateway, server.address);
  const declareOne = async (jobId: string): Promise<void> => {
    const token = randomId();
    const master = await jobMaster(bench, token);
    const { address } = master.server;
    await gateway.registerJobMaster({ jobId, jobMasterId: token, resourceId: jobId, address });
    await gateway.declareRequiredResources(token, { jobId, slots: [null] });
  };
  const giveBack = async (): Promise<void> => {
    const { allocationId } = endpoint.slotRequests.at(-1)!;
    gateway.notifySlotAvailable(instanceId, 0, allocationId);
    await gateway.requestClusterOverview();
  };
  await declareOne('surplus');
  await gateway.sendSlotReport('worker', instanceId, freeSlots(1));
  await bench.until(() => endpoint.slotRequests.length === 1, 'the first request');
  await giveBack();
  assert.equal((await gateway.requestClusterOverview()).freeSlots, 1, 'not asked for again yet');
  await bench.advance(0.1);
  assert.equal(endpoint.slotRequests.length, 2, 'asked for again');
  await declareOne('other');
  await giveBack();
  await bench.until(() => endpoint.slotRequests.length === 3, 'the request for the other');
  assert.equal(endpoint.slotRequests[2]?.jobId, 'other');
});

test('losing a TaskExecutor is told to every JobMaster', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const { server } = await worker(bench);
  await register(gateway, server.address);
  const token = randomId();
  const master = await jobMaster(bench, token);
  const { address } = master.server;
  await gateway.registerJobMaster({ jobId: 'job', jobMasterId: token, resourceId: 'jm', address });
  gateway.disconnectTaskExecutor('worker', 'it is stopping');
  await bench.until(() => master.endpoint.heard.length > 0, 'the JobMaster hears it');
  assert.deepEqual(master.endpoint.heard, ['lost worker it is stopping']);
});

test('a JobMaster that is gone leaves; another of the same job takes its place', async () => {
  await using bench = await Bench.start();
  const { gateway } = await bench.resourceManager();
  const [first, second] = [randomId(), randomId()];
  const older = await jobMaster(bench, first);
  const newer = await jobMaster(bench, second);
  const as = (jobMasterId: string, resourceId: string, address: string) =>
    gateway.registerJobMaster({ jobId: 'job', jobMasterId, resourceId, address });
  await as(first, 'jm-1', older.server.address);
  await as(second, 'jm-2', newer.server.address);
  await bench.until(() => older.endpoint.heard.length > 0, 'the older one hears it');
  assert.match(older.endpoint.heard[0]!, /another JobMaster leads/);
  assert.equal((await gateway.requestClusterOverview()).jobMasters, 1);
  await newer.server.close();
  await bench.advance(3);
  assert.equal((await gateway.requestClusterOverview()).jobMasters, 0);
});
