import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blocking, callOptions, isRpcError, type RpcServer, RpcService } from '../../../index.js';
import { Blocker, BlockerGateway } from '../../support/rpc-blocking-fixtures.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { failure } from '../../support/failure.js';
import { Probe } from '../../support/rpc-fixtures.js';

let service: RpcService;
before(async () => {
  service = await RpcService.start({ systemName: 'block', threads: 2, blockingOnHome: true });
});
after(() => service.close());

async function started(
  on: RpcService,
  endpointClass: typeof Probe | typeof Blocker,
  thread: 'home' | number,
): Promise<RpcServer> {
  const server = await on.startServer(endpointClass, { thread });
  await server.start();
  return server;
}

/** A blocker on one thread that knows a probe on another. */
async function couple(on: RpcService, probeAt: 'home' | number) {
  const probe = await started(on, Probe, probeAt);
  const blocker = await started(on, Blocker, 0);
  const gateway = await on.connect(blocker.address, BlockerGateway);
  await gateway.meet(probe.address);
  return { probe, blocker, gateway };
}

test('what comes while a thread waits runs afterwards, in the order of sending', async () => {
  const { gateway } = await couple(service, 1);
  const outcome = gateway.spinThere(100);
  const answers: Promise<number>[] = [];
  for (let i = 0; i < 10_000; i++) {
    if (i % 5 === 0) answers.push(gateway.noteLater(i));
    else gateway.note(i);
  }
  equal(await outcome, 'value undefined');
  const notes = await gateway.notes();
  deepEqual(notes, [-1, -2, ...Array.from({ length: 10_000 }, (_, i) => i)]);
  equal((await Promise.all(answers)).length, 2000);
});

test('an answer arrives behind more messages than the lane holds', async () => {
  const one = await started(service, Blocker, 0);
  const other = await started(service, Blocker, 1);
  const gateway = await service.connect(one.address, BlockerGateway);
  await gateway.meetBlocker(other.address);
  const flooding = await service.connect(other.address, BlockerGateway);
  await flooding.meetBlocker(one.address);
  const [leftMs] = await flooding.askForFlood(50_000);
  ok(
    leftMs! > 500_000 && leftMs! <= 600_000,
    `its own call is not mixed up with others: ${leftMs} ms`,
  );
  const notes: number[] = [];
  while (notes.length < 50_002) notes.push(...(await gateway.notes()));
  deepEqual(notes, [-1, -2, ...Array.from({ length: 50_000 }, (_, i) => i)]);
});

async function collide(one: BlockerGateway, timeoutMs: number, factor: number): Promise<void> {
  const answer = await one.pingThere(2, timeoutMs, factor);
  match(answer, /unknown TIMEOUT.*no answer within \d+ ms/);
  match(answer, /two threads that block on each other/);
}

test('two threads that block on each other end by the deadline, which says why', async () => {
  const one = await started(service, Blocker, 0);
  const other = await started(service, Blocker, 1);
  const gateways = await Promise.all(
    [one, other].map((server) => service.connect(server.address, BlockerGateway)),
  );
  await gateways[0]!.meetBlocker(other.address);
  await gateways[1]!.meetBlocker(one.address);
  equal(await gateways[0]!.pingThere(1, 1000), 'value pong');
  // Each of the two is the first to miss its deadline once.
  for (const factor of [0.2, 5]) await collide(gateways[0]!, 200, factor);
  equal(await gateways[0]!.pingThere(1, 1000), 'value pong', 'both are well afterwards');
  equal(await gateways[1]!.pingThere(1, 1000), 'value pong');
});

test('the first word over a new lane wakes who waits for it', async () => {
  const fresh = await RpcService.start({ systemName: 'fresh', threads: 2 });
  try {
    const blocker = await started(fresh, Blocker, 0);
    const gateway = await fresh.connect(blocker.address, BlockerGateway);
    equal(await gateway.firstWords(1), 42);
  } finally {
    await fresh.close();
  }
});

test('the end of the thread that was to answer wakes who waits, at once', async () => {
  const mortal = await RpcService.start({ systemName: 'mortal', threads: 2 });
  try {
    const { probe, gateway } = await couple(mortal, 1);
    const waiting = gateway.neverThere(50_000);
    (await mortal.connect(probe.address, ProbeGateway)).crash('the end');
    const outcome = await waiting;
    match(outcome, /^unknown THREAD_TERMINATED: Probe\.never .* thread 1 ended/);
    match(await gateway.neverThere(50_000), /^none RECIPIENT_UNREACHABLE/);
  } finally {
    await mortal.close();
  }
});

test('closing the service wakes who waits on the spot', async () => {
  const closing = await RpcService.start({ systemName: 'closing', threads: 2 });
  const { probe, gateway } = await couple(closing, 1);
  // The endpoint that is to answer cannot even hear of the close.
  probe.getSelfGateway(ProbeGateway).spinTell(500);
  const waiting = gateway.neverThere(50_000);
  const closed = closing.close();
  match(await waiting, /^unknown SERVICE_CLOSED: Probe\.never at .*closes/);
  await closed;
});

test('the home thread blocks only when it may, and never on other processes', async () => {
  const server = await started(service, Probe, 0);
  const gateway = await service.connect(server.address, ProbeGateway);
  const probe = blocking(gateway);
  for (let i = 0; i < 1000; i++) equal(probe.add(i, 1), i + 1);
  deepEqual(probe.echo({ a: [1, 'two'] }), { a: [1, 'two'] });
  equal(probe.give(1 << 20).length, 1 << 20);
  probe.note(7);
  deepEqual(probe.notes(), [7]);
  throws(
    () => probe.fail('error'),
    (e) => isRpcError(e) && e.code === 'HANDLER_FAILED',
  );
  throws(
    () => probe.never(callOptions({ timeoutMs: 30 })),
    (e) => isRpcError(e) && e.code === 'TIMEOUT' && e.limit === 30,
  );
  throws(
    () => probe.add(1, 2, callOptions({ timeoutMs: 0 })),
    (e) => isRpcError(e) && e.code === 'INVALID_ARGUMENT',
  );
  await server.close();
  throws(
    () => probe.add(1, 2),
    (e) => isRpcError(e) && e.code === 'RECIPIENT_UNREACHABLE',
  );
  const far = await RpcService.start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  try {
    const remote = await started(far, Probe, 'home');
    const connected = await service.connect(remote.address, ProbeGateway);
    throws(() => blocking(connected), /INVALID_STATE.*reads the sockets/);
    const { gateway: caller } = await couple(service, 1);
    await caller.meet(remote.address);
    equal(await caller.slowNotes(10), 55, 'a worker thread may: the home thread relays');
    await failure('INVALID_STATE', (async () => blocking(remote.getSelfGateway(ProbeGateway)))());
  } finally {
    await far.close();
  }
});
