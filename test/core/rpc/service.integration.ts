import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import {
  addressOf,
  type AnyGateway,
  ask,
  callOptions,
  defineGateway,
  ready,
  type RpcServer,
  RpcService,
  tell,
} from '../../../index.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { Spawner, SpawnerGateway } from '../../support/rpc-spawner.js';
import { failure } from '../../support/failure.js';
import { until } from '../../support/until.js';

let service: RpcService;
before(async () => {
  service = await RpcService.start({ systemName: 'svc', threads: 2 });
});
after(() => service.close());

async function running(endpointId?: string, thread: 'home' | number = 0): Promise<RpcServer> {
  const id = endpointId === undefined ? {} : { endpointId };
  const server = await service.startServer(Probe, { ...id, thread });
  await server.start();
  return server;
}

test('a gateway is a plain value: awaiting, printing and spreading it calls nobody', async () => {
  for (const thread of ['home', 0] as const) {
    const server = await running(undefined, thread);
    const gateway = await service.connect(server.address, ProbeGateway);
    // oxlint-disable-next-line await-thenable -- that it is none is the point
    equal(await gateway, gateway);
    equal(await Promise.resolve(gateway), gateway);
    equal(inspect(gateway), `Gateway<Probe> ${server.address}`);
    equal(JSON.stringify({ gateway }), JSON.stringify({ gateway: server.address }));
    const { add } = gateway;
    equal(await add(1, 2), 3, 'its functions need no receiver');
    equal(await { ...gateway }.add(1, 2), 3);
    deepEqual(
      Object.keys(gateway).sort(),
      ProbeGateway.methods.map((method) => method.name).sort(),
    );
    equal(String(Object.prototype.toString.call(gateway)), '[object Object]');
    deepEqual(await gateway.notes(), [], 'nothing reached the endpoint');
  }
});

test('a self gateway is as good as a connected one, and as strict', async () => {
  const server = await running();
  const gateway = server.getSelfGateway(ProbeGateway);
  equal(await gateway.add(1, 2), 3);
  equal(addressOf(gateway), server.address);
  const Impostor = defineGateway('Impostor', { add: ask<[number, number], number>() });
  let thrown: unknown;
  try {
    server.getSelfGateway(Impostor);
  } catch (error) {
    thrown = error;
  }
  match(String(thrown), /HANDSHAKE_REJECTED.*Probe.*Impostor/);
  await failure('HANDSHAKE_REJECTED', service.connect(server.address, Impostor));
});

test('either side of a contract may be upgraded first, by name, kind and codec', async () => {
  const server = await running();
  const older = defineGateway('Probe', {
    add: ask<[number, number], number>({ timeoutMs: 7_700 }),
  });
  equal(await (await service.connect(server.address, older)).add(2, 2), 4);
  const cases: readonly (readonly [AnyGateway, RegExp])[] = [
    [defineGateway('Probe', { add: tell<[number, number]>() }), /add is ask there and tell here/],
    [defineGateway('Probe', { newer: ask() }), /no method newer/],
  ];
  for (const [contract, why] of cases) {
    const error = await failure('HANDSHAKE_REJECTED', service.connect(server.address, contract));
    match(error.message, why);
  }
});

test('names that the language gives a meaning cannot be contracted', () => {
  for (const name of [
    'then',
    'catch',
    'finally',
    'constructor',
    'toString',
    'hasOwnProperty',
    'onStop',
    'runAsync',
    '__proto__',
    'toJSON',
    '',
    'a b',
  ]) {
    const methods = Object.fromEntries([[name, ask()]]);
    if (name === '__proto__')
      Object.defineProperty(methods, name, { value: ask(), enumerable: true });
    let code: unknown;
    try {
      defineGateway('Bad', methods);
    } catch (error) {
      ({ code } = error as { code: string });
    }
    equal(code, 'INVALID_ARGUMENT', name);
  }
});

test('ids are checked, unique, and random ones never meet, whoever makes them', async () => {
  for (const endpointId of ['', 'a/b', 'a b', 'x_*', 'a?b', 'a#b', 'x'.repeat(256)]) {
    await failure('INVALID_ARGUMENT', service.startServer(Probe, { endpointId }));
  }
  await running('only-one');
  for (const thread of ['home', 0, 1] as const) {
    const again = service.startServer(Probe, { endpointId: 'only-one', thread });
    equal((await failure('DUPLICATE_ENDPOINT', again)).endpoint, 'only-one');
  }
  const addresses = new Set<string>();
  for (const thread of ['home', 0, 1] as const) {
    const spawner = await service.startServer(Spawner, { thread });
    await spawner.start();
    const gateway = await service.connect(spawner.address, SpawnerGateway);
    for (let i = 0; i < 3; i++) addresses.add(await gateway.spawn());
    const twice = await failure('HANDLER_FAILED', gateway.spawnAs('only-one'));
    match(twice.message, /DUPLICATE_ENDPOINT/);
  }
  for (let i = 0; i < 3; i++) addresses.add((await service.startServer(Probe)).address);
  equal(addresses.size, 12);
});

test('a wildcard finds some running endpoint of its prefix', async () => {
  const servers = [await running('wild_a', 0), await running('wild_b', 1)];
  const at = (id: string) => service.connect(service.addressOf(id), ProbeGateway);
  ok(servers.map((s) => s.address).includes(addressOf(await at('wild_*'))));
  await servers[0]!.close();
  equal(addressOf(await at('wild_*')), servers[1]!.address);
  await servers[1]!.close();
  await failure('CONNECTION_FAILED', at('wild_*'));
  await failure('CONNECTION_FAILED', at('wilder_*'));
});

test('placements that do not exist are refused with the choice', async () => {
  for (const thread of [2, -1, 0.5, 'nowhere' as never]) {
    const error = await failure('INVALID_ARGUMENT', service.startServer(Probe, { thread }));
    match(error.message, /0 to 1, any or home/);
  }
  class Homeless extends Probe {}
  Object.defineProperty(Homeless, 'module', { value: undefined });
  await failure('INVALID_ARGUMENT', service.startServer(Homeless, { thread: 0 }));
  await (await service.startServer(Homeless, { thread: 'home' })).close();
  class Lost extends Probe {}
  const lost = service.startServer(Lost, { thread: 0 });
  match((await failure('ENDPOINT_START_FAILED', lost)).message, /no class Lost; it exports/);
});

test('several services live in one process, apart from each other', async () => {
  const [one, two] = await Promise.all([
    RpcService.start({ systemName: 'twin', threads: 1, listen: { port: 0 } }),
    RpcService.start({ systemName: 'twin', threads: 1, listen: { port: 0 } }),
  ]);
  try {
    notEqual(one.port, two.port);
    const servers = await Promise.all(
      [one, two].map((s) => s.startServer(Probe, { endpointId: 'same' })),
    );
    await Promise.all(servers.map((server) => server.start()));
    const cross = await one.connect(servers[1]!.address, ProbeGateway);
    const own = await one.connect(servers[0]!.address, ProbeGateway);
    cross.note(2);
    own.note(1);
    deepEqual([await own.notes(), await cross.notes()], [[1], [2]]);
    const wrong = servers[1]!.address.replace('twin', 'other');
    await failure('CONNECTION_FAILED', one.connect(wrong, ProbeGateway));
    await failure('CONNECTION_FAILED', one.connect('ringlane://other/user/rpc/same', ProbeGateway));
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

test('a unix socket serves home and worker callers', async () => {
  const path = `/tmp/ringlane-test-${process.pid}.sock`;
  const far = await RpcService.start({ systemName: 'unix', threads: 1, listen: { path } });
  try {
    const server = await far.startServer(Probe, { thread: 0 });
    await server.start();
    equal(await (await service.connect(server.address, ProbeGateway)).add(1, 2), 3);
    const spawner = await service.startServer(Spawner, { thread: 0 });
    await spawner.start();
    const gateway = await service.connect(spawner.address, SpawnerGateway);
    equal(await gateway.addThrough(server.address, 2, 3), 5);
  } finally {
    await far.close();
  }
});

test('isolateLocalCalls copies arguments and results of the same thread', async () => {
  const isolated = await RpcService.start({ threads: 0, isolateLocalCalls: true });
  try {
    const server = await isolated.startServer(Probe, { thread: 'home' });
    await server.start();
    const gateway = await isolated.connect(server.address, ProbeGateway);
    const sent = { list: [1] };
    const answer = gateway.echo(sent);
    sent.list.push(2);
    const back = await answer;
    deepEqual(back, { list: [1] });
    notEqual(back, sent);
    const refused = await failure(
      'NOT_SERIALIZABLE',
      gateway.echo(() => 1),
    );
    equal(refused.effect, 'none');
    const result = await failure('NOT_SERIALIZABLE', gateway.giveOdd('function'));
    equal(result.effect, 'unknown');
  } finally {
    await isolated.close();
  }
});

test('an argument whose getter calls the same gateway arrives whole', async () => {
  const gateway = (await running()).getSelfGateway(ProbeGateway);
  const nosy = {
    get value(): number {
      gateway.note(1);
      return 2;
    },
  };
  const through = gateway as unknown as { note(value: unknown): void };
  through.note(nosy);
  const notes = (await gateway.notes()) as unknown[];
  deepEqual(notes.at(-1), { value: 2 });
});

test('a deadline begins at the call, however busy the thread was before', async () => {
  const gateway = (await running()).getSelfGateway(ProbeGateway);
  const options = callOptions({ timeoutMs: 1000 });
  for (let i = 0; i < 4; i++) {
    await gateway.add(1, 2, options);
    const end = performance.now() + 1100;
    while (performance.now() < end);
    // A tell has no deadline, so the turn that it begins has not read the clock.
    if (i % 2 === 0) gateway.note(i);
    const sums = await Promise.all([gateway.add(1, 2, options), gateway.add(2, 3, options)]);
    deepEqual(sums, [3, 5]);
    await ready(gateway);
  }
});

test('a deadline begins at the call, however long the messages before it took', async () => {
  const gateway = (await running()).getSelfGateway(ProbeGateway);
  const options = callOptions({ timeoutMs: 1000 });
  const sums: Promise<number>[] = [];
  for (let i = 0; i < 12; i++) {
    service.execute(() => {
      const end = performance.now() + 200;
      while (performance.now() < end);
      sums.push(gateway.add(i, 1, options));
    });
  }
  await until(() => sums.length === 12, 'all twelve');
  deepEqual(
    await Promise.all(sums),
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
});

test('answers that are here win over deadlines that passed while the caller was busy', async () => {
  const gateway = (await running()).getSelfGateway(ProbeGateway);
  const options = callOptions({ timeoutMs: 1000 });
  const ran = new Int32Array(new SharedArrayBuffer(4));
  const block = (): void => {
    const isOver = (): boolean => Atomics.load(ran, 0) === 2000;
    const startMs = performance.now();
    const limitMs = startMs + 20_000;
    while (performance.now() < startMs + 1200 || (!isOver() && performance.now() < limitMs));
    // The last answers leave after their handlers have run.
    const endMs = performance.now() + 300;
    while (performance.now() < endMs);
  };
  for (const soon of [setTimeout, queueMicrotask]) {
    Atomics.store(ran, 0, 0);
    const asked = Array.from({ length: 2000 }, () => gateway.countIn(ran, options));
    await Promise.resolve();
    soon(block);
    await Promise.all(asked);
  }
});
