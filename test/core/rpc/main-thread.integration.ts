import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Logger, RpcEndpoint, RpcService } from '../../../index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { failure } from '../../support/failure.js';
import { until } from '../../support/until.js';
import { Busy, BusyGateway, Meddler, MeddlerGateway } from '../../support/rpc-busy-fixtures.js';

const clock = new ManualClock();
const errors: string[] = [];
const logger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (facts, message) =>
    errors.push(`${message}: ${String((facts as { error?: unknown }).error)}`),
};
let service: RpcService;
before(async () => {
  service = await RpcService.start({ threads: 1, clock, logger });
});
after(() => service.close());

async function busy(thread: 'home' | 0 = 'home') {
  const server = await service.startServer(Busy, { thread });
  await server.start();
  return { server, gateway: await service.connect(server.address, BusyGateway) };
}

test('runAsync, tells and asks of one sender start in the order of sending', async () => {
  for (const thread of ['home', 0] as const) {
    const { gateway } = await busy(thread);
    deepEqual(await gateway.mixed(), ['sync'], 'nothing of it before the handler has returned');
    // Another sender's call may come before what the endpoint sent to itself.
    const diary: string[] = [];
    for (let i = 0; i < 1000 && diary.length < 5; i++) diary.push(...(await gateway.diary()));
    deepEqual(diary, ['sync', 'run 1', 'run 2', 'tell', 'run 3']);
  }
});

test('a failing runAsync is logged, sync or async, and changes nothing', async () => {
  const { gateway } = await busy();
  errors.length = 0;
  gateway.runFailing('sync');
  gateway.runFailing('async');
  deepEqual(await gateway.diary(), []);
  await gateway.diary();
  deepEqual(errors.sort(), [
    'a call without a waiting caller failed: Error: async failed',
    'a call without a waiting caller failed: Error: sync failed',
  ]);
});

test('callAsync answers with the result, the failure or its time-out', async () => {
  const { gateway } = await busy(0);
  equal(await gateway.call('value', 1000), 'value');
  equal(await gateway.call('promise', 1000), 'promise');
  match((await failure('HANDLER_FAILED', gateway.call('fail', 1000))).message, /callAsync fail/);
  const late = await failure('HANDLER_FAILED', gateway.call('never', 20));
  match(String((late.cause as Error).message), /TIMEOUT|no result within 20 ms/);
  match((await failure('HANDLER_FAILED', gateway.call('value', -1))).message, /INVALID_ARGUMENT/);
});

test('what is scheduled runs when it is due, never before, and not once cancelled', async () => {
  const { server, gateway } = await busy();
  await gateway.schedule('first', 100);
  await gateway.schedule('second', 200);
  await gateway.scheduleCancelled('never', 150);
  clock.advance(99.9);
  deepEqual(await gateway.diary(), []);
  clock.advance(0.1);
  deepEqual(await gateway.diary(), ['first']);
  clock.advance(60);
  deepEqual(await gateway.diary(), []);
  clock.advance(40);
  deepEqual(await gateway.diary(), ['second']);
  await gateway.schedule('dropped', 10);
  const before = clock.pendingTimers;
  await server.close();
  ok(clock.pendingTimers < before, 'no timer outlives its endpoint');
});

test('an endpoint used in the turn of another one fails with WRONG_THREAD', async () => {
  const { gateway } = await busy();
  const meddler = await service.startServer(Meddler, { thread: 'home' });
  await meddler.start();
  await gateway.introduce();
  const other = await service.connect(meddler.address, MeddlerGateway);
  const error = await failure('HANDLER_FAILED', other.meddle());
  match(error.message, /WRONG_THREAD/);
  equal(await gateway.validate(), true);
});

test('deadlines of asks follow the clock of the service', async () => {
  const { gateway } = await busy();
  async function theCaller(): Promise<unknown> {
    return await gateway.never();
  }
  let isOver = false;
  const waiting = failure('TIMEOUT', theCaller()).finally(() => (isOver = true));
  clock.advance(499);
  await gateway.diary();
  equal(isOver, false);
  clock.advance(40);
  const error = await waiting;
  match(error.message, /500 ms/);
  match(String(error.stack), /at async theCaller .*main-thread\.integration/);
});

test('a worker serves a home thread whose clock stands still', async () => {
  const { gateway } = await busy(0);
  for (let i = 0; i < 100; i++) await gateway.diary();
  clock.advance(100_000);
  deepEqual(await gateway.diary(), []);
});

test('the service runs tasks and timers of its own until it is closed', async () => {
  const own = await RpcService.start({ systemName: 'own', threads: 0, clock, logger });
  const done: string[] = [];
  const finished = new Promise<void>((resolve) => own.execute(resolve));
  await finished;
  own.schedule(() => done.push('once'), 10);
  const periodic = own.schedule(() => done.push('tick'), 10, 5);
  own.schedule(() => done.push('never'), 12).cancel();
  clock.advance(21);
  deepEqual(done, ['once', 'tick', 'tick', 'tick']);
  periodic.cancel();
  own.schedule(() => done.push('too late'), 10, 5);
  errors.length = 0;
  // oxlint-disable-next-line no-misused-promises -- the type allows it, so users will do it
  own.schedule(() => Promise.reject(new Error('async task')), 1);
  clock.advance(2);
  await new Promise((resolve) => setImmediate(resolve));
  deepEqual(errors, ['a task of the service failed: Error: async task']);
  await own.close();
  clock.advance(1000);
  deepEqual(done, ['once', 'tick', 'tick', 'tick']);
});

test('offloaded work runs elsewhere and its failure comes back', async () => {
  for (const thread of ['home', 0] as const) {
    const { gateway } = await busy(thread);
    deepEqual(await gateway.work(21), { doubled: 42, isElsewhere: true });
    match((await failure('HANDLER_FAILED', gateway.work(-1))).message, /no negative work/);
  }
});

test('offloaded work that does not end ends with its service', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  let work: Promise<unknown> = Promise.resolve();
  class Tireless extends RpcEndpoint {
    override onStart(): void {
      work = this.offload(new URL('../../support/offload-forever.js', import.meta.url), word);
    }
  }
  const own = await RpcService.start({ systemName: 'own', threads: 0 });
  await (await own.startServer(Tireless, { thread: 'home' })).start();
  await until(() => Atomics.load(word, 0) === 1, 'it has begun');
  const ended = failure('SERVICE_CLOSED', work);
  await own.close();
  equal((await ended).effect, 'unknown');
});
