import { deepEqual, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import {
  Meeting,
  MeetingGateway,
  StrikerGateway,
  Struck,
  StruckGateway,
} from '../../support/rpc-replaced-fixtures.js';
import { Owing, OwingGateway } from '../../support/rpc-owed-bell-fixtures.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const start = closedAfterEach();

test('what a dead life has sent never runs inside of a handler that meets the next', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const service = await start({ threads: 2, supervision: { strategy: 'restart' } });
  const struck = await service.startServer(Struck, { thread: 1 });
  const meeting = await service.startServer(Meeting, { thread: 1, args: [word] });
  await struck.start();
  await meeting.start();
  const meets = await service.connect(meeting.address, MeetingGateway);
  const striker = await meets.startStriker();
  const strikes = await service.connect(striker, StrikerGateway);
  await strikes.aim(struck.address);

  const met = meets.meet();
  await until(() => Atomics.load(word, 0) === 1, 'the handler blocks its thread');
  const before = await strikes.life();
  strikes.strike();
  await until(async () => {
    const next = await service.connect(striker, StrikerGateway).catch(() => undefined);
    const life = await next?.life().catch(() => before);
    return life !== undefined && life !== before;
  }, 'the next life');
  Atomics.store(word, 0, 2);
  Atomics.notify(word, 0);

  ok(await met, 'its call is its own all the time');
  const hits = await service.connect(struck.address, StruckGateway);
  await until(async () => (await hits.hits()).length === 1, 'the hit');
  deepEqual(await hits.hits(), ['alone']);
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
