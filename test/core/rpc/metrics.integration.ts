import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import {
  callOptions,
  type DeadLetterReport,
  type RpcService,
  type RpcServer,
} from '../../../index.js';
import { failure } from '../../support/failure.js';
import { answerTooLate } from '../../support/late-answers.js';
import { FencedGateway, ProbeGateway } from '../../support/rpc-contracts.js';
import { FencedProbe, Probe } from '../../support/rpc-fixtures.js';
import { FENCING_TOKEN, OTHER_TOKEN } from '../../support/rpc-scenarios.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const start = closedAfterEach();

async function probe(
  service: RpcService,
  thread: 'home' | number,
): Promise<{ readonly server: RpcServer; readonly gateway: ProbeGateway }> {
  const server = await service.startServer(Probe, { thread });
  await server.start();
  return { server, gateway: await service.connect(server.address, ProbeGateway) };
}

const ZERO = {
  deadLetters: 0,
  tellsNotStarted: 0,
  unhandledMessages: 0,
  failedTells: 0,
  lateAnswers: 0,
  expiredCalls: 0,
  fencingRefusals: 0,
  timeoutWakeUps: 0,
  callbackErrors: 0,
  restarts: 0,
  blockedReports: 0,
  protocolErrors: 0,
};

test('a service that had no trouble has counted nothing', async () => {
  const service = await start({ threads: 2 });
  const { gateway } = await probe(service, 1);
  for (let i = 0; i < 100; i++) equal(await gateway.add(i, 1), i + 1);
  const { total, home, workers } = service.metrics();
  // A bell may be late when the machine is busy; that is the only thing that may be seen.
  const calm = { ...ZERO, timeoutWakeUps: total.timeoutWakeUps };
  deepEqual(total, calm);
  equal(workers.length, 2);
  equal(home.deadLetters, 0);
});

for (const thread of ['home', 0] as const) {
  test(`what fails with nobody waiting is counted on ${thread}, and nowhere else`, async () => {
    const service = await start({ threads: 2 });
    const { server, gateway } = await probe(service, thread);
    const counted = (): typeof ZERO => {
      const { home, workers } = service.metrics();
      return { ...(thread === 'home' ? home : workers[0]!) };
    };
    await server.stop();
    gateway.note(1);
    await failure('ENDPOINT_NOT_STARTED', gateway.add(1, 2));
    await server.start();
    gateway.failTell('error');
    gateway.failTell('null');
    equal(await gateway.add(1, 2), 3);
    const seen = counted();
    deepEqual([seen.deadLetters, seen.tellsNotStarted, seen.failedTells], [1, 1, 2]);
    equal(service.metrics().workers[1]!.deadLetters, 0);
    equal(service.metrics().total.failedTells, 2);
  });

  test(`calls that came too late or with a wrong token are counted on ${thread}`, async () => {
    const service = await start({ threads: 1 });
    const { gateway } = await probe(service, thread);
    const fenced = await service.startServer(FencedProbe, { thread, args: [FENCING_TOKEN] });
    await fenced.start();
    const counted = (): typeof ZERO => {
      const { home, workers } = service.metrics();
      return { ...(thread === 'home' ? home : workers[0]!) };
    };
    const token = { fencingToken: OTHER_TOKEN };
    const wrong = await service.connect(fenced.address, FencedGateway, token);
    await failure('FENCING_TOKEN_MISMATCH', wrong.run());
    wrong.poke();
    const bare = await service.connect(fenced.address, FencedGateway);
    await failure('FENCING_TOKEN_MISSING', bare.run());
    equal(counted().fencingRefusals, 3);
    equal(counted().deadLetters, 1);
    const blocked = gateway.spin(400);
    await failure('TIMEOUT', gateway.noteLater(1, callOptions({ timeoutMs: 20 })));
    await blocked;
    await until(() => counted().expiredCalls === 1, 'the expired call has had its turn');
    deepEqual(await gateway.notes(), []);
  });
}

test('an answer that comes after its deadline is counted where it comes', async () => {
  const service = await start({ threads: 1 });
  const { gateway } = await probe(service, 0);
  await answerTooLate(gateway);
  await until(() => service.metrics().home.lateAnswers === 1, 'the late answer');
  equal(service.metrics().workers[0]!.lateAnswers, 0);
});

test('listeners hear of the dead letters of every thread until they unsubscribe', async () => {
  const service = await start({ threads: 2 });
  const heard: DeadLetterReport[] = [];
  const stop = service.onDeadLetter((report) => heard.push(report));
  const more: DeadLetterReport[] = [];
  const stopMore = service.onDeadLetter((report) => more.push(report));
  const servers = [];
  for (const thread of ['home', 0, 1] as const) {
    const { server, gateway } = await probe(service, thread);
    await server.stop();
    gateway.note(1);
    servers.push(gateway);
  }
  await until(() => heard.length === 3, 'a report of each thread');
  deepEqual(new Set(heard.map((report) => report.thread)), new Set(['home', 0, 1]));
  for (const report of heard) {
    equal(report.reason, 'not started');
    equal(report.method, 'note');
    match(report.path, /^\/user\/rpc\/Probe_/);
    match(report.error ?? '', /ENDPOINT_NOT_STARTED/);
    equal(report.omitted, 0);
  }
  equal(more.length, 3);
  stop();
  stop();
  servers[1]!.note(2);
  await until(() => more.length === 4, 'the other listener still hears');
  stopMore();
  servers[1]!.note(3);
  await until(() => service.metrics().total.deadLetters === 5, 'the letter that nobody hears of');
  equal(heard.length, 3);
});

test('a flood of dead letters is counted whole and reported within bounds', async () => {
  const service = await start({ threads: 1 });
  const heard: DeadLetterReport[] = [];
  service.onDeadLetter((report) => heard.push(report));
  const { server, gateway } = await probe(service, 0);
  await server.stop();
  const count = 20_000;
  for (let i = 0; i < count; i++) gateway.note(i);
  await until(() => service.metrics().workers[0]!.deadLetters === count, 'every letter counted');
  await until(async () => {
    gateway.note(0);
    return heard.some((report) => report.omitted > 0);
  }, 'a report that says how many were left out');
  const omitted = heard.reduce((sum, report) => sum + report.omitted, 0);
  const { deadLetters } = service.metrics().workers[0]!;
  ok(heard.length < deadLetters - 10_000, `${heard.length} reports of ${deadLetters}`);
  ok(omitted + heard.length <= deadLetters && omitted > 10_000, `${omitted} omitted`);
});

test('loggers and listeners that throw are counted and change nothing', async () => {
  const broken = (): never => {
    throw new Error('a broken callback');
  };
  const logger = { debug: broken, info: broken, warn: broken, error: broken };
  const service = await start({ threads: 1, logger });
  const heard: DeadLetterReport[] = [];
  service.onDeadLetter(broken);
  service.onDeadLetter(() => Promise.reject(new Error('an async one')) as unknown as void);
  service.onDeadLetter((report) => heard.push(report));
  service.execute(broken);
  const { server, gateway } = await probe(service, 0);
  gateway.failTell('error');
  await server.stop();
  gateway.note(1);
  await until(() => heard.length === 1, 'the listener after the broken ones');
  await server.start();
  equal(await gateway.add(1, 2), 3);
  const { home, workers } = service.metrics();
  ok(home.callbackErrors >= 4, `${home.callbackErrors}`);
  equal(workers[0]!.failedTells, 1);
});

test('a closed service still knows what it has counted; a listener is a function', async () => {
  const service = await start({ threads: 1 });
  const { gateway } = await probe(service, 0);
  gateway.failTell('error');
  equal(await gateway.add(1, 2), 3);
  await service.close();
  equal(service.metrics().total.failedTells, 1);
  throws(() => service.onDeadLetter(undefined as never), { code: 'INVALID_ARGUMENT' });
});
