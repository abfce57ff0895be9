import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { RpcService } from '../../../index.js';
import {
  Meeting,
  MeetingGateway,
  Striker,
  StrikerGateway,
  Struck,
  StruckGateway,
} from '../../support/rpc-replaced-fixtures.js';
import { Owing, OwingGateway } from '../../support/rpc-owed-bell-fixtures.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const start = closedAfterEach();
const VOLLEY = 64;

/** A gateway to the striker in the life after the one that called itself `before`. */
async function nextLife(
  service: RpcService,
  address: string,
  before: string,
): Promise<StrikerGateway> {
  let next: StrikerGateway | undefined;
  await until(async () => {
    next = await service.connect(address, StrikerGateway).catch(() => undefined);
    const life = await next?.life().catch(() => before);
    return life !== undefined && life !== before;
  }, 'the next life');
  return next!;
}

/**
 * A life of one thread has asked another much and is over, and the next one has begun, before that
 * other, which is blocked, has read anything: neither the calls nor of the end. `meets`: it will
 * meet the next life first.
 */
async function volley(meets: boolean) {
  const { word, service, struck, gateway } = await meetingScene();
  const striker = meets ? await gateway.startStriker() : await startStriker(service);
  const first = await service.connect(striker, StrikerGateway);
  await first.aim(struck.address);
  if (!meets) await gateway.greets(striker);
  const met = gateway.meet();
  await until(() => Atomics.load(word, 0) === 1, 'the handler blocks its thread');
  const before = await first.life();
  first.volley(VOLLEY);
  const next = await nextLife(service, striker, before);
  const goOn = async (): Promise<void> => {
    Atomics.store(word, 0, 2);
    Atomics.notify(word, 0);
    await met;
  };
  return { service, struck: struck.address, next, goOn };
}

/** Two threads; on the second one is struck, and one blocks until `word` is 2. */
async function meetingScene() {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const service = await start({ threads: 2, supervision: { strategy: 'restart' } });
  const struck = await service.startServer(Struck, { thread: 1 });
  const meeting = await service.startServer(Meeting, { thread: 1, args: [word] });
  await struck.start();
  await meeting.start();
  return { word, service, struck, gateway: await service.connect(meeting.address, MeetingGateway) };
}

async function startStriker(service: RpcService): Promise<string> {
  const striker = await service.startServer(Striker, { thread: 0 });
  await striker.start();
  return striker.address;
}

test('what a dead life has sent never runs inside of a handler that meets the next', async () => {
  const { word, service, struck, gateway: meets } = await meetingScene();
  const striker = await meets.startStriker();
  const strikes = await service.connect(striker, StrikerGateway);
  await strikes.aim(struck.address);

  const met = meets.meet();
  await until(() => Atomics.load(word, 0) === 1, 'the handler blocks its thread');
  const before = await strikes.life();
  strikes.strike();
  await nextLife(service, striker, before);
  Atomics.store(word, 0, 2);
  Atomics.notify(word, 0);

  ok(await met, 'its call is its own all the time');
  const hits = await service.connect(struck.address, StruckGateway);
  await until(async () => (await hits.hits()).length === 1, 'the hit');
  deepEqual(await hits.hits(), ['alone']);
});

test('who answers and calls a dead life leaves the next one its bell', async () => {
  const { service, struck, next, goOn } = await volley(false);
  await goOn();
  const hits = await service.connect(struck, StruckGateway);
  await until(async () => (await hits.hits()).length === VOLLEY, 'the hits');
  ok(await next.life(), 'it is not asleep for ever');
});

test('what is answered to a dead life does not reach the calls of the next', async () => {
  const { service, struck, next, goOn } = await volley(true);
  const silent = await service.startServer(Struck, { thread: 'home' });
  await silent.start();
  // The first calls of either life have the same numbers.
  await next.wait(silent.address, VOLLEY);
  await goOn();
  const hits = await service.connect(struck, StruckGateway);
  await until(async () => (await hits.hits()).length === VOLLEY, 'the hits');
  await next.aim(struck);
  equal(await next.answered(), 0);
});

test('a thread that dies owing a bell leaves nobody asleep', async () => {
  const service = await start({ threads: 2 });
  const owing = await service.startServer(Owing, { thread: 0 });
  const struck = await service.startServer(Struck, { thread: 1 });
  await owing.start();
  await struck.start();
  const hits = await service.connect(struck.address, StruckGateway);
  (await service.connect(owing.address, OwingGateway)).dieOwing(2);
  await rejects(owing.terminationFuture, { code: 'THREAD_TERMINATED' });
  deepEqual(await hits.hits(), []);
});
