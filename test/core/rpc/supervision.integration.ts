import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  callOptions,
  isRpcError,
  move,
  type RpcError,
  type RpcServer,
  RpcService,
  type RpcServiceOptions,
  type ThreadSupervision,
} from '../../../index.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { failure } from '../../support/failure.js';
import {
  type Death,
  Dependent,
  DiesWhenRemade,
  endOf,
  FailsWhenRestarted,
  Given,
  Mortal,
  MortalGateway,
  Parent,
  SlowToMake,
} from '../../support/mortal-endpoints.js';
import { ManualClock } from '../../support/manual-clock.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const folder = await mkdtemp(join(tmpdir(), 'ringlane-'));
after(() => rm(folder, { recursive: true }));

const start = closedAfterEach();

function restarting(more: ThreadSupervision = {}): Pick<RpcServiceOptions, 'supervision'> {
  return { supervision: { strategy: 'restart', ...more } };
}

interface Subject {
  readonly server: RpcServer;
  readonly gateway: MortalGateway;
}

async function mortal(
  service: RpcService,
  thread: 'home' | number,
  endpointId?: string,
): Promise<Subject> {
  const server = await service.startServer(Mortal, {
    thread,
    args: [100],
    ...(endpointId === undefined ? {} : { endpointId }),
  });
  await server.start();
  return { server, gateway: await service.connect(server.address, MortalGateway) };
}

function dieSoon(gateway: MortalGateway, how: Death = 'exit'): void {
  gateway.die(how);
}

/** True once the endpoint behind the gateway serves. */
function answers(gateway: MortalGateway): () => Promise<boolean> {
  return () =>
    gateway.add(0).then(
      () => true,
      () => false,
    );
}

const DEATHS: readonly [Death, string, RegExp][] = [
  ['exit', 'process.exit', /exit 3/],
  ['throw', 'an uncaught exception', /TypeError: thrown by nobody/],
  ['reject', 'an unhandled rejection', /RangeError: rejected by nobody/],
  ['memory', 'running out of memory', /ERR_WORKER_OUT_OF_MEMORY|memory/],
  ['odd', 'a thrown value that cannot be printed', /a value that cannot be printed/],
  ['misnamed', 'an error whose name cannot be printed', /a value that cannot be printed/],
];

for (const [how, name, why] of DEATHS) {
  test(`${name} fails the endpoints of its thread with the cause, and nothing else`, async () => {
    const events: unknown[] = [];
    const onExit = (event: unknown): void => void events.push(event);
    channel('ringlane:thread-exit').subscribe(onExit);
    const service = await start({
      threads: 2,
      workerResourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
    });
    const doomed = await mortal(service, 0, 'doomed');
    const other = await mortal(service, 1);
    const ends = endOf(doomed.server);
    const waiting = failure('THREAD_TERMINATED', doomed.gateway.never());
    const elsewhere = failure('HANDLER_FAILED', other.gateway.waitAt(doomed.server.address));
    // The other thread's call must be under way before the thread dies.
    equal(await other.gateway.addAt(doomed.server.address, 1), 101);
    dieSoon(doomed.gateway, how);
    const error = await waiting;
    equal(error.effect, 'unknown');
    match(error.message, why);
    const far = (await elsewhere).cause as RpcError;
    equal(far.code, 'THREAD_TERMINATED');
    match(far.message, why);
    const end = await ends;
    ok(isRpcError(end) && end.code === 'THREAD_TERMINATED', String(end));
    if (how !== 'exit') match(String(end.cause), why);
    const next = await doomed.gateway.add(1).catch((e: unknown) => e as RpcError);
    ok(isRpcError(next) && next.effect === 'none', String(next));
    await failure('CONNECTION_FAILED', service.connect(doomed.server.address, MortalGateway));
    equal(await other.gateway.add(1), 101);
    equal(events.length, 1);
    channel('ringlane:thread-exit').unsubscribe(onExit);
    const again = await service.startServer(Mortal, { endpointId: 'doomed' });
    equal(again.thread, 1, 'any means any that lives, and the id is free');
    equal(service.metrics().total.restarts, 0);
  });
}

test('restart: a new incarnation without the state, at the same address, by itself', async () => {
  const service = await start({ threads: 2, ...restarting() });
  const { server, gateway } = await mortal(service, 0, 'phoenix_1');
  const other = await mortal(service, 1);
  equal(await gateway.add(5), 105);
  const waiting = failure('THREAD_TERMINATED', gateway.never());
  dieSoon(gateway);
  equal((await waiting).effect, 'unknown');
  const refused = await failure('RECIPIENT_UNREACHABLE', gateway.add(1));
  equal(refused.effect, 'none');
  // Who looks for it at once waits until it is there; here and on another thread.
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'it runs again');
  equal(await again.add(5), 105);
  equal(await other.gateway.addAt(server.address, 1), 106);
  const wild = server.address.replace('_1', '_*');
  equal(await (await service.connect(wild, MortalGateway)).add(1), 107);
  equal((await failure('RECIPIENT_UNREACHABLE', gateway.add(1))).effect, 'none');
  equal(service.metrics().workers[0]!.restarts, 1);
  equal(service.metrics().total.restarts, 1);
});

test('restart: the server value follows its endpoint from life to life', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const { server, gateway } = await mortal(service, 0);
  const lives: string[] = [];
  void server.terminationFuture.then(() => lives.push('over'));
  dieSoon(gateway);
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'it runs again');
  equal(await server.getSelfGateway(MortalGateway).add(1), 101);
  await server.stop();
  await failure('ENDPOINT_NOT_STARTED', again.add(1));
  await server.start();
  equal(await again.add(1), 102);
  deepEqual(lives, []);
  await service.stopServer(server);
  deepEqual(lives, ['over']);
  await failure('CONNECTION_FAILED', service.connect(server.address, MortalGateway));
  (await service.startServer(Mortal, { endpointId: server.endpointId })) satisfies RpcServer;
});

test('restart: only what was started is started again; what had ended stays away', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const { gateway } = await mortal(service, 0);
  const never = await service.startServer(Mortal, { endpointId: 'never' });
  const paused = await mortal(service, 0, 'paused');
  await paused.server.stop();
  const ended = await mortal(service, 0, 'ended');
  await ended.server.close();
  dieSoon(gateway);
  for (const server of [never, paused.server]) {
    const stopped = await service.connect(server.address, MortalGateway);
    await failure('ENDPOINT_NOT_STARTED', stopped.add(1));
  }
  await failure('CONNECTION_FAILED', service.connect(ended.server.address, MortalGateway));
  equal(await endOf(ended.server), 'ended well');
});

test('restart: endpoints are started again in the order in which they came to run', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const late = await service.startServer(Dependent, {
    args: [service.addressOf('base')],
    endpointId: 'dependent',
  });
  const base = await mortal(service, 0, 'base');
  await late.start();
  equal(await base.gateway.add(0), 1100);
  dieSoon(base.gateway);
  const again = await service.connect(late.address, MortalGateway);
  await until(answers(again), 'the dependent runs again');
  equal(await (await service.connect(base.server.address, MortalGateway)).add(0), 1100);
});

test('restart: at most as often as allowed, then the endpoints stop with the cause', async () => {
  const service = await start({ threads: 1, ...restarting({ maxRestarts: 3 }) });
  const { server } = await mortal(service, 0);
  const ends = endOf(server);
  for (let life = 1; life <= 4; life++) {
    const gateway = await service.connect(server.address, MortalGateway);
    const dead = failure('THREAD_TERMINATED', gateway.never()).catch(() => {});
    await until(answers(gateway), `life ${life}`);
    dieSoon(gateway, 'throw');
    await dead;
  }
  const end = await ends;
  ok(isRpcError(end) && end.code === 'THREAD_TERMINATED', String(end));
  match(end.message, /thrown by nobody/);
  equal(service.metrics().total.restarts, 3);
  await failure('CONNECTION_FAILED', service.connect(server.address, MortalGateway));
  await failure('THREAD_TERMINATED', service.startServer(Mortal, { thread: 0 }));
});

test('restart: who kills the thread when made again uses the restarts up, and ends', async () => {
  const service = await start({ threads: 1, ...restarting({ maxRestarts: 2 }) });
  const file = join(folder, 'lives');
  const killer = await service.startServer(DiesWhenRemade, { args: [file] });
  const bystander = await mortal(service, 0);
  const ends = [endOf(killer), endOf(bystander.server)];
  const looking = service.connect(bystander.server.address, MortalGateway);
  dieSoon(await looking);
  for (const end of await Promise.all(ends)) {
    ok(isRpcError(end) && end.code === 'THREAD_TERMINATED', String(end));
    match(end.message, /exit 5/);
  }
  equal(service.metrics().total.restarts, 2);
  equal(await readFile(file, 'utf8'), '...');
});

test('restart: an endpoint that fails to start again ends alone, with its failure', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const fragile = await service.startServer(FailsWhenRestarted, {
    args: [join(folder, 'starts')],
  });
  await fragile.start();
  const { server, gateway } = await mortal(service, 0);
  dieSoon(gateway);
  const end = await endOf(fragile);
  ok(isRpcError(end) && end.code === 'ENDPOINT_START_FAILED', String(end));
  match(end.message, /once is enough/);
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'the other one runs');
});

test('restart: the arguments are those of the call, whatever became of them since', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const from = { start: 100 };
  const server = await service.startServer(Given, { args: [from, move(new Uint8Array(7))] });
  await server.start();
  from.start = 0;
  const gateway = await service.connect(server.address, MortalGateway);
  equal(await gateway.add(1), 108);
  dieSoon(gateway);
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'it runs again');
  equal(await again.add(1), 108);
});

test('restart: names that are given in a later life are new ones', async () => {
  const service = await start({ threads: 1, ...restarting() });
  const parent = await service.startServer(Parent, { thread: 0 });
  await parent.start();
  dieSoon(parent.getSelfGateway(MortalGateway));
  const again = await service.connect(parent.address, MortalGateway);
  await until(answers(again), 'it has started one more');
});

test('escalate: the service stops with the cause', async () => {
  const clock = new ManualClock();
  const service = await start({ threads: 2, supervision: { strategy: 'escalate' }, clock });
  service.schedule(() => {}, 10, 10);
  const { gateway } = await mortal(service, 0);
  const other = await mortal(service, 1);
  dieSoon(gateway, 'throw');
  const error = await failure('THREAD_TERMINATED', service.terminationFuture);
  match(error.message, /thrown by nobody/);
  equal(await endOf(other.server), 'ended well');
  equal(clock.pendingTimers, 0, 'timers of the service too');
  await failure('SERVICE_CLOSED', service.startServer(Mortal));
  await service.close();
});

test('a service that is closed ends its termination future well', async () => {
  const service = await start({ threads: 1 });
  await service.close();
  await service.terminationFuture;
});

test('supervision takes no other strategies and no odd numbers', async () => {
  for (const supervision of [
    { strategy: 'resume' as 'stop' },
    { maxRestarts: -1 },
    { maxRestarts: 1.5 },
    { withinMs: Number.NaN },
  ]) {
    await rejects(RpcService.start({ threads: 0, supervision }), { code: 'INVALID_ARGUMENT' });
  }
});

test('two threads that die at once are both started again', async () => {
  const service = await start({ threads: 3, ...restarting() });
  const both = [await mortal(service, 0), await mortal(service, 1)];
  const witness = await mortal(service, 2);
  // Each waits for the other when both die.
  const [first, second] = both as [Subject, Subject];
  const waits = [
    failure('THREAD_TERMINATED', first.gateway.waitAt(second.server.address)),
    failure('THREAD_TERMINATED', second.gateway.waitAt(first.server.address)),
  ];
  equal(await first.gateway.addAt(second.server.address, 1), 101);
  for (const { gateway } of both) dieSoon(gateway, 'throw');
  await Promise.all(waits);
  for (const { server } of both) {
    const again = await service.connect(server.address, MortalGateway);
    await until(answers(again), 'it runs again');
    equal(await witness.gateway.addAt(server.address, 1), 101);
  }
  equal(await first.server.getSelfGateway(MortalGateway).addAt(second.server.address, 1), 102);
  equal(service.metrics().total.restarts, 2);
});

test('closing the service during a restart ends everything within its time', async () => {
  const service = await start({ threads: 2, ...restarting() });
  const { server, gateway } = await mortal(service, 0);
  const slow = await service.startServer(SlowToMake, { thread: 0, args: [50] });
  await slow.start();
  const ends = [endOf(server), endOf(slow)];
  const dead = failure('THREAD_TERMINATED', gateway.never());
  dieSoon(gateway);
  await dead;
  const looking = service.connect(slow.address, MortalGateway).catch((e: unknown) => e);
  await service.close();
  for (const end of await Promise.all(ends)) {
    const codes = ['SERVICE_CLOSED', 'THREAD_TERMINATED'];
    ok(end === 'ended well' || (isRpcError(end) && codes.includes(end.code)), String(end));
  }
  await looking;
});

test('death during connect: it fails with effect none, or finds the next life', async () => {
  const service = await start({ threads: 2, ...restarting({ maxRestarts: 100 }) });
  const { server } = await mortal(service, 0);
  for (let round = 0; round < 5; round++) {
    const gateway = await service.connect(server.address, MortalGateway);
    await until(answers(gateway), 'it runs again');
    gateway.dieAfter(20);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => service.connect(server.address, MortalGateway)),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const error: unknown = outcome.reason;
      ok(isRpcError(error) && error.effect === 'none', String(error));
    }
  }
});

test('death while the lane is full: what never left the sender has effect none', async () => {
  const service = await start({
    threads: 1,
    mailboxCapacityBytes: 256 * 1024,
    ...restarting(),
  });
  const { server, gateway } = await mortal(service, 0);
  gateway.dieAfter(100);
  const calls = Array.from({ length: 20_000 }, () =>
    gateway.add(1).then(
      () => 'answered',
      (error: unknown) => (isRpcError(error) ? `${error.code} ${error.effect}` : String(error)),
    ),
  );
  for (let i = 0; i < 1_000; i++) gateway.note();
  const outcomes = new Map<string, number>();
  for (const outcome of await Promise.all(calls)) {
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const sure = outcomes.get('THREAD_TERMINATED none') ?? 0;
  const unsure = outcomes.get('THREAD_TERMINATED unknown') ?? 0;
  equal(sure + unsure, 20_000, [...outcomes].join('; '));
  ok(sure > 10_000 && unsure > 1_000, `${sure} surely not run, ${unsure} perhaps`);
  equal(service.metrics().home.deadLetters, 1_000, 'tells that never left are dead letters');
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'it runs again');
  equal(await again.add(0), 100, 'nothing of the old life reaches the new one');
});

test('what another process asks of a dying thread fails; it may connect again', async () => {
  const far = await start({
    systemName: 'far',
    threads: 1,
    listen: { port: 0 },
    ...restarting(),
  });
  const near = await start({ threads: 1 });
  const { server, gateway: inside } = await mortal(far, 0);
  const { gateway: caller } = await mortal(near, 0);
  const gateway = await near.connect(server.address, MortalGateway);
  const waits = [
    failure('THREAD_TERMINATED', gateway.never()),
    failure('THREAD_TERMINATED', caller.waitAt(server.address)).catch((e: unknown) => e),
  ];
  equal(await caller.addAt(server.address, 1), 101);
  dieSoon(inside);
  await waits[0];
  await waits[1];
  equal((await failure('RECIPIENT_UNREACHABLE', gateway.add(1))).effect, 'none');
  const again = await near.connect(server.address, MortalGateway);
  await until(answers(again), 'it runs again');
  equal(await caller.addAt(server.address, 1), 101);
  equal((await failure('RECIPIENT_UNREACHABLE', gateway.add(1))).effect, 'none');
});

test('fifty restarts leave nothing behind', async () => {
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const target = await mortal(far, 'home');
  const service = await start({ threads: 2, ...restarting({ maxRestarts: 1_000 }) });
  const { server } = await mortal(service, 0);
  const other = await mortal(service, 1);
  const ports = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  const memoryMb = (): number => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers / 2 ** 20;
  };
  let before: { readonly ports: number; readonly memoryMb: number } | undefined;
  for (let life = 0; life < 50; life++) {
    const gateway = await service.connect(server.address, MortalGateway);
    await until(answers(gateway), `life ${life}`);
    equal(await other.gateway.addAt(server.address, 1), 101);
    // Big values beside the lane, and calls of the dying thread that nobody will answer.
    equal((await gateway.give(300_000)).length, 300_000);
    const lost = [
      gateway.never().catch(() => {}),
      gateway.waitAt(other.server.address).catch(() => {}),
      gateway.waitAt(target.server.address).catch(() => {}),
      gateway.give(300_000).catch(() => {}),
    ];
    equal(await gateway.addAt(target.server.address, 0), 100);
    dieSoon(gateway);
    await Promise.all(lost);
    if (life === 9) before = { ports: ports(), memoryMb: memoryMb() };
  }
  const again = await service.connect(server.address, MortalGateway);
  await until(answers(again), 'the last life');
  equal(await again.add(1, callOptions({ timeoutMs: 5_000 })), 101);
  equal(service.metrics().total.restarts, 50);
  await until(() => ports() <= before!.ports + 2, `at most ${before!.ports} ports and two`);
  await until(() => memoryMb() < before!.memoryMb + 20, 'what the dead held is free');
});
