import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import {
  callOptions,
  currentCall,
  isRpcError,
  RpcService,
  type RpcServiceOptions,
} from '../../../index.js';
import { failure } from '../../support/failure.js';
import { answerTooLate } from '../../support/late-answers.js';
import { abortedHere, Calls, CallsGateway } from '../../support/rpc-call-fixtures.js';
import { Busy, BusyGateway } from '../../support/rpc-busy-fixtures.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { EchoEndpoint, EchoGateway, HELD, LET_GO } from '../../support/rpc-held-up-fixtures.js';
import { Gate, GateGateway, Serial, SerialGateway } from '../../support/rpc-serial-fixtures.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const start = closedAfterEach();

type Thread = 'home' | number;

/** Where callers are: in the service of the endpoint, or in another one. */
async function scenes(
  options: RpcServiceOptions,
): Promise<readonly (readonly [owner: RpcService, caller: RpcService, thread: Thread])[]> {
  const owner = await start({ systemName: 'owner', threads: 1, listen: { port: 0 }, ...options });
  const caller = await start({ systemName: 'caller', threads: 0, ...options });
  return [
    [owner, owner, 'home'],
    [owner, owner, 0],
    [owner, caller, 'home'],
    [owner, caller, 0],
  ];
}

async function serialPair(owner: RpcService, caller: RpcService, thread: Thread) {
  const server = await owner.startServer(Serial, { thread });
  const gateServer = await owner.startServer(Gate, { thread });
  await Promise.all([server.start(), gateServer.start()]);
  const serial = await caller.connect(server.address, SerialGateway);
  const gate = await caller.connect(gateServer.address, GateGateway);
  await gate.close();
  return { server, serial, gate };
}

async function callsOf(owner: RpcService, caller: RpcService, thread: Thread) {
  const server = await owner.startServer(Calls, { thread });
  await server.start();
  return { server, gateway: await caller.connect(server.address, CallsGateway) };
}

test('a serial endpoint keeps endpointQueueLimit messages, and refuses the next one', async () => {
  for (const [owner, caller, thread] of await scenes({ endpointQueueLimit: 3 })) {
    const { serial, gate } = await serialPair(owner, caller, thread);
    const letters = owner.metrics().total.deadLetters;
    const first = serial.hold('a');
    const kept = [serial.walk('b', 0), serial.walk('c', 0), serial.walk('d', 1)];
    const error = await failure('MAILBOX_FULL', serial.walk('e', 0));
    deepEqual([error.effect, error.limit], ['none', 3]);
    match(error.message, /endpointQueueLimit/);
    serial.walkTold('told', 0);
    await until(() => owner.metrics().total.deadLetters === letters + 1, 'the dead letter');
    await gate.open();
    deepEqual(await Promise.all([first, ...kept]), ['a', 'b', 'c', 'd']);
    equal(await serial.walk('f', 0), 'f', 'there is room again');
    ok(!(await gate.diary()).some((line) => /^(e|told) /.test(line)), 'the refused did not run');
  }
});

test('what waits at a serial endpoint is bounded in bytes; one message always fits', async () => {
  const service = await start({ threads: 1 });
  const { serial, gate } = await serialPair(service, service, 0);
  const first = serial.hold('a');
  const much = new Uint8Array(65 * 1024 * 1024);
  const kept = serial.size(much);
  const error = await failure('MAILBOX_FULL', serial.size(new Uint8Array(1024 * 1024)));
  equal(error.effect, 'none');
  await gate.open();
  await first;
  equal(await kept, much.length);
});

test('a serial endpoint that stops fails what waits with effect none', async () => {
  for (const [owner, caller, thread] of await scenes({})) {
    const { server, serial, gate } = await serialPair(owner, caller, thread);
    const running = failure('RECIPIENT_UNREACHABLE', serial.hold('a'));
    const waiting = [1, 2, 3].map((i) => failure('RECIPIENT_UNREACHABLE', serial.walk(`${i}`, 0)));
    deepEqual(await gate.diary(), ['a begins']);
    await server.close();
    equal((await running).effect, 'unknown');
    for (const error of await Promise.all(waiting)) equal(error.effect, 'none');
    deepEqual(await gate.diary(), []);
    await gate.open();
  }
});

test('cancelled calls give their places back, however many there are', async () => {
  for (const [owner, caller, thread] of await scenes({ maxPendingAsks: 16 })) {
    const { gateway } = await callsOf(owner, caller, thread);
    for (let i = 0; i < 40; i++) {
      const controller = new AbortController();
      const options = callOptions({ signal: controller.signal, timeoutMs: 0 });
      const waiting = [
        failure('CANCELLED', gateway.untilAborted('a', options)),
        failure('CANCELLED', gateway.untilAborted('b', options)),
      ];
      if (i % 2 === 0) await gateway.describe();
      controller.abort();
      await Promise.all(waiting);
      // The answer to the cancelled call comes before the answer to what was asked after it.
      await gateway.describe();
    }
  }
});

test('a call that is answered while it is cancelled is answered once', async () => {
  const rounds = 300;
  for (const [owner, caller, thread] of await scenes({})) {
    const { gateway } = await callsOf(owner, caller, thread);
    let cancelledCount = 0;
    const asks = Array.from({ length: rounds }, async (_, i) => {
      const controller = new AbortController();
      const answer = gateway.mark(`${i}`, callOptions({ signal: controller.signal }));
      for (let left = i % 20; left > 0; left--) await Promise.resolve();
      controller.abort();
      await answer.catch((error: unknown) => {
        ok(isRpcError(error) && error.code === 'CANCELLED', String(error));
        cancelledCount++;
      });
    });
    await Promise.all(asks);
    const ran = await gateway.diary();
    equal(new Set(ran).size, ran.length, 'none ran twice');
    ok(ran.length >= rounds - cancelledCount, 'what was answered did run');
    await gateway.describe();
  }
});

test('the signal of a call aborts when its caller dies, who may cancel it or not', async () => {
  const owner = await start({ systemName: 'owner', threads: 2, listen: { port: 0 } });
  const { signal } = new AbortController();
  for (const thread of ['home', 0] as const) {
    const { gateway: view, server } = await callsOf(owner, owner, thread);
    for (const options of [{ signal, timeoutMs: 0 }, { timeoutMs: 0 }]) {
      const caller = await RpcService.start({ systemName: 'caller', threads: 0 });
      const gateway = await caller.connect(server.address, CallsGateway);
      gateway.untilAborted('a', callOptions(options)).catch(() => {});
      const lines: string[] = [];
      const has = (count: number) => async (): Promise<boolean> => {
        lines.push(...(await view.diary()));
        return lines.length === count;
      };
      await until(has(1), 'it begins');
      await caller.close();
      await until(has(2), 'it aborts');
      ok(['a PEER_LOST', 'a CANCELLED'].includes(lines[1]!), lines.join());
    }
  }
});

test('the signal of a call aborts when its endpoint terminates', async () => {
  for (const [owner, caller, thread] of await scenes({})) {
    const { gateway, server } = await callsOf(owner, caller, thread);
    abortedHere.length = 0;
    const waiting = failure('RECIPIENT_UNREACHABLE', gateway.untilAborted('a'));
    await gateway.describe();
    await server.close();
    equal((await waiting).effect, 'unknown');
    if (thread !== 'home') continue;
    await until(() => abortedHere.length > 0, 'its signal');
    deepEqual(abortedHere, ['a RECIPIENT_UNREACHABLE']);
  }
});

test('the signal of a call aborts when the thread of its caller ends', async () => {
  const service = await start({ threads: 2 });
  const { gateway, server } = await callsOf(service, service, 0);
  const { gateway: doomed } = await callsOf(service, service, 1);
  const exit = await service.startServer(Probe, { thread: 1 });
  await exit.start();
  doomed.waitAt(server.address, 'a');
  const lines: string[] = [];
  const has = (count: number) => async (): Promise<boolean> => {
    lines.push(...(await gateway.diary()));
    return lines.length === count;
  };
  await until(has(1), 'it waits');
  const probe = await service.connect(exit.address, ProbeGateway);
  await failure('THREAD_TERMINATED', probe.exit(1));
  await until(has(2), 'it aborts');
  deepEqual(lines, ['a waits', 'a THREAD_TERMINATED']);
});

test('one signal serves many calls without a warning', async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.name);
  process.on('warning', onWarning);
  for (const [owner, caller, thread] of await scenes({})) {
    const { gateway } = await callsOf(owner, caller, thread);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal });
    const asks = Array.from({ length: 100 }, () =>
      failure('CANCELLED', gateway.untilAborted('a', options)),
    );
    await gateway.describe();
    controller.abort();
    await Promise.all(asks);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  deepEqual(warnings, []);
});

test('a time-out of a call that never left the backlog of its sender has effect none', async () => {
  const service = await start({ threads: 1, mailboxCapacityBytes: 256 * 1024 });
  const server = await service.startServer(Probe, { thread: 0 });
  await server.start();
  const gateway = await service.connect(server.address, ProbeGateway);
  await gateway.notes();
  const holder = await service.startServer(EchoEndpoint, { thread: 0 });
  await holder.start();
  const word = new Int32Array(new SharedArrayBuffer(4));
  const blocked = holder.getSelfGateway(EchoGateway).hold(word);
  await until(() => Atomics.load(word, 0) === HELD, 'the thread is held');
  const text = 'x'.repeat(30_000);
  const fill = Array.from({ length: 20 }, () => gateway.length(text));
  const inBacklog = Array.from({ length: 20 }, (_, i) =>
    failure('TIMEOUT', gateway.noteLater(i, callOptions({ timeoutMs: 50 }))),
  );
  for (const error of await Promise.all(inBacklog)) {
    equal(error.effect, 'none');
    match(error.message, /never left this thread/);
    match(error.message, /Probe\.noteLater at .*50 ms/);
  }
  Atomics.store(word, 0, LET_GO);
  Atomics.notify(word, 0);
  await Promise.all([blocked, ...fill]);
  deepEqual(await gateway.notes(), [], 'they did not run later either');
});

test('a call whose turn comes too late on its own thread says so, with effect none', async () => {
  const service = await start({ threads: 0 });
  const server = await service.startServer(Probe, { thread: 'home' });
  await server.start();
  const gateway = await service.connect(server.address, ProbeGateway);
  gateway.spinTell(60);
  const late = await failure('TIMEOUT', gateway.noteLater(1, callOptions({ timeoutMs: 20 })));
  equal(late.effect, 'none');
  match(late.message, /Probe\.noteLater at .*20 ms; the endpoint refused it unrun/);
  deepEqual(await gateway.notes(), []);
});

test('answers that are here win over their deadlines, however many and late we are', async () => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const service = await start({ threads: 1 });
  const server = await service.startServer(Busy, { thread: 0 });
  await server.start();
  const gateway = await service.connect(server.address, BusyGateway, { timeoutMs: 1_000 });
  const lateMs = performance.now() + 1_200;
  const sums = Array.from({ length: 2000 }, (_, i) => gateway.add(i, 1).catch(() => 'late'));
  gateway.signal(word);
  await new Promise(setImmediate);
  Atomics.wait(word, 0, 0, 20_000);
  while (performance.now() < lateMs);
  deepEqual(
    await Promise.all(sums),
    Array.from({ length: 2000 }, (_, i) => i + 1),
  );
});

test('late answers and failing tells are counted, and failing tells are published', async () => {
  const published: unknown[] = [];
  const onFailure = (facts: unknown): void => void published.push(facts);
  channel('ringlane:handler-failure').subscribe(onFailure);
  try {
    const service = await start({ threads: 1 });
    const server = await service.startServer(Probe, { thread: 0 });
    const near = await service.startServer(Probe, { thread: 'home' });
    await Promise.all([server.start(), near.start()]);
    const gateway = await service.connect(server.address, ProbeGateway);
    await answerTooLate(gateway);
    await until(() => service.metrics().home.lateAnswers === 1, 'the late answer');
    gateway.failTell('error');
    await until(() => service.metrics().workers[0]!.failedTells === 1, 'the failed tell');
    const here = await service.connect(near.address, ProbeGateway);
    here.failTell('null');
    await here.add(1, 2);
    equal(service.metrics().home.failedTells, 1);
    equal(published.length, 1, 'a channel belongs to its thread');
  } finally {
    channel('ringlane:handler-failure').unsubscribe(onFailure);
  }
});

test('currentCall outside of every handler says so', () => {
  try {
    currentCall();
    ok(false, 'it must fail');
  } catch (error) {
    ok(isRpcError(error) && error.code === 'INVALID_STATE');
    match(error.message, /synchronous turn of a handler/);
  }
});
