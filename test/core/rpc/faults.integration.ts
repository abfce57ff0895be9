import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { LIMITS } from '../../../core/config/limits.js';
import { callOptions, isRpcError, ready, type RpcError, RpcService } from '../../../index.js';
import { addressFrom, startChild } from '../../support/rpc-child.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { failure } from '../../support/failure.js';
import { closedAfterEach } from '../../support/services.js';

const start = closedAfterEach();

async function probe(
  service: RpcService,
  thread: 'home' | number,
  caller: RpcService = service,
): Promise<ProbeGateway> {
  const server = await service.startServer(Probe, { thread });
  await server.start();
  return caller.connect(server.address, ProbeGateway);
}

for (const [name, end, why] of [
  ['process.exit', (g: ProbeGateway) => g.exit(3).catch(() => {}), /exit 3/],
  ['an uncaught exception', (g: ProbeGateway) => g.crash('boom'), /Error: boom/],
] as const) {
  test(`${name} in a worker fails what waits for it, and nothing else`, async () => {
    const service = await start({ threads: 2 });
    const far = await start({ systemName: 'far', threads: 0 });
    const open = await start({ systemName: 'open', threads: 2, listen: { port: 0 } });
    for (const [caller, owner] of [
      [service, service],
      [far, open],
    ] as const) {
      const doomed = await probe(owner, 0, caller);
      const bystander = await probe(owner, 1, caller);
      const server = await owner.startServer(Probe, { thread: 0, endpointId: 'again' });
      const waiting = failure('THREAD_TERMINATED', doomed.never());
      const held = bystander.hold();
      void end(doomed);
      const error = await waiting;
      equal(error.effect, 'unknown');
      match(error.message, why);
      const next = await doomed.add(1, 2).catch((e: unknown) => e as RpcError);
      ok(isRpcError(next) && next.effect === 'none', String(next));
      await failure('THREAD_TERMINATED', server.terminationFuture);
      bystander.release('unharmed');
      equal(await held, 'unharmed');
      await failure('THREAD_TERMINATED', owner.startServer(Probe, { thread: 0 }));
      const moved = await owner.startServer(Probe, { endpointId: 'again' });
      equal(moved.thread, 1, 'any means any that lives, and the id is free');
    }
  });
}

test('a killed process fails what waits for it; new calls say that nothing ran', async () => {
  const child = await startChild('serve');
  try {
    const service = await start({ threads: 1 });
    const address = await addressFrom(child);
    const gateway = await service.connect(address, ProbeGateway);
    equal(await gateway.add(1, 2), 3);
    const waiting = failure('PEER_LOST', gateway.never(callOptions({ timeoutMs: 0 })));
    child.kill('SIGKILL');
    equal((await waiting).effect, 'unknown');
    const next = await failure('RECIPIENT_UNREACHABLE', gateway.add(1, 2));
    equal(next.effect, 'none');
    const again = await failure('CONNECTION_FAILED', service.connect(address, ProbeGateway));
    match(again.message, new RegExp(`${new URL(address.replace('ringlane.tcp', 'http')).host}`));
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
});

for (const role of ['close', 'failedStart']) {
  test(`a program that has closed everything ends by itself: ${role}`, async () => {
    const child = await startChild(role);
    const said: unknown[] = [];
    child.on('message', (message) => said.push(message));
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number];
    equal(code, 0);
    if (role === 'failedStart') deepEqual(said, ['BIND_FAILED']);
  });
}

test('oversized calls fail at once, oversized results at their caller; all live on', async () => {
  const limit = 64 * 1024;
  const far = await start({
    systemName: 'far',
    threads: 1,
    listen: { port: 0 },
    maximumFramesize: limit,
  });
  const near = await start({ threads: 0 });
  for (const thread of ['home', 0] as const) {
    const gateway = await probe(far, thread, near);
    const frame = await failure('FRAME_TOO_LARGE', gateway.length(new Uint8Array(limit)));
    equal(frame.effect, 'none');
    match(frame.message, /Probe\.length .*maximumFramesize/);
    ok(frame.actual! > frame.limit! && frame.limit! < limit && frame.actual! >= limit);
    const result = await failure('RESULT_TOO_LARGE', gateway.give(limit));
    equal(result.effect, 'unknown');
    match(result.message, /maximumFramesize/);
    ok(result.actual! > result.limit! && result.actual! >= limit);
    // Exactly as much as fits, and one word more.
    const room = frame.limit! - (frame.actual! - limit);
    equal(await gateway.length(new Uint8Array(room)), room);
    await failure('FRAME_TOO_LARGE', gateway.length(new Uint8Array(room + 4)));
    equal(await gateway.add(1, 2), 3);
  }
});

test('values of too many objects are refused from other processes alone; all live on', async () => {
  const far = await start({ systemName: 'far', threads: 1, listen: { port: 0 } });
  const near = await start({ threads: 1, askTimeoutMs: 60_000 });
  const limit = LIMITS.foreignObjects;
  const crowd = [new Map(), ...Array.from({ length: limit }, () => [])];
  for (const thread of ['home', 0] as const) {
    const gateway = await probe(far, thread, near);
    const call = await failure('FRAME_TOO_LARGE', gateway.count(crowd));
    deepEqual([call.effect, call.limit, call.actual], ['none', limit, limit + 2]);
    match(call.message, /1048578 objects/);
    const result = await failure('RESULT_TOO_LARGE', gateway.giveOdd('crowd'));
    deepEqual([result.effect, result.limit, result.actual], ['unknown', limit, limit + 2]);
    equal(await gateway.add(1, 2), 3);
  }
  const inside = await probe(near, 0);
  equal(await inside.count(crowd), 1);
  equal(((await inside.giveOdd('crowd')) as unknown[]).length, limit + 1);
});

test('a failure that is too large for the smallest frame arrives all the same', async () => {
  const far = await start({
    systemName: 'far',
    threads: 1,
    listen: { port: 0 },
    maximumFramesize: 4096,
  });
  const near = await start({ threads: 0 });
  for (const thread of ['home', 0] as const) {
    const gateway = await probe(far, thread, near);
    const error = await gateway.fail('huge').catch((e: unknown) => e as RpcError);
    ok(
      isRpcError(error) && ['RESULT_TOO_LARGE', 'HANDLER_FAILED'].includes(error.code),
      String(error),
    );
    equal(error.effect, 'unknown');
    equal(await gateway.add(1, 2), 3);
  }
});

for (const thread of ['home', 0] as const) {
  test(`a full mailbox of ${thread} refuses with effect none, and has room again`, async () => {
    const service = await start({
      threads: 1,
      backlogLimit: 100,
      mailboxCapacityBytes: 256 * 1024,
    });
    const gateway = await probe(service, thread);
    if (thread === 0) gateway.spinTell(200);
    let sent = 0;
    let refusal: unknown;
    try {
      for (; sent < 1_000_000; sent++) gateway.note(sent);
    } catch (error) {
      refusal = error;
    }
    ok(isRpcError(refusal) && refusal.code === 'MAILBOX_FULL', String(refusal));
    equal(refusal.effect, 'none');
    match(refusal.message, /backlogLimit/);
    equal((await failure('MAILBOX_FULL', gateway.add(1, 2))).effect, 'none');
    await ready(gateway);
    const notes = await gateway.notes();
    equal(notes.length, sent, 'what was taken arrived, what was refused did not');
    ok(notes.every((value, index) => value === index));
  });

  test(`as many asks wait for ${thread} as maxPendingAsks says`, async () => {
    const service = await start({ threads: 1, maxPendingAsks: 50 });
    const gateway = await probe(service, thread);
    const outcomes = Array.from({ length: 60 }, () =>
      gateway.hold().catch((e: unknown) => (e as RpcError).code),
    );
    gateway.release('done');
    const answers = await Promise.all(outcomes);
    const refused = answers.filter((answer) => answer === 'MAILBOX_FULL').length;
    ok(refused >= 10 && refused < 15, `${refused} refused`);
    equal(answers.filter((answer) => answer === 'done').length, 60 - refused);
    equal(await gateway.add(1, 2), 3);
  });
}

test('a closed service fails what waits, and the port is free again', async () => {
  const far = await RpcService.start({ systemName: 'far', threads: 1, listen: { port: 0 } });
  const near = await start({ threads: 1 });
  const { port } = far;
  const gateway = await probe(far, 0, near);
  const waiting = gateway.never().catch((error: unknown) => error as RpcError);
  // It was sent after the one that waits, so that one has begun.
  equal(await gateway.add(1, 2), 3);
  await far.close();
  const error = await waiting;
  ok(isRpcError(error) && error.effect === 'unknown', String(error));
  const again = await start({ systemName: 'far', threads: 0, listen: { port } });
  equal(again.port, port);
  const refused = await gateway.add(1, 2).catch((e: unknown) => e as RpcError);
  ok(isRpcError(refused) && refused.effect === 'none', 'a new incarnation is not the old one');
});
