import { equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { RpcService } from '../../index.js';
import { failure } from '../support/failure.js';
import { ManualClock } from '../support/manual-clock.js';
import { rules } from './calls.rules.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { conform } from './harness/conform.js';

const module = new URL('./calls.rules.js', import.meta.url).href;

conform(module, rules, { captureAskCallStack: true });

// What follows is decided where the call is made, before it takes any path.

for (const [name, options, limitMs] of [
  ['10 000 ms unless told otherwise', {}, 10_000],
  ['that of the service', { askTimeoutMs: 777 }, 777],
] as const) {
  test(`14 the deadline of an ask is ${name}`, async () => {
    const clock = new ManualClock();
    await using service = await RpcService.start({ threads: 0, clock, ...options });
    const server = await service.startServer(Probe);
    await server.start();
    const gateway = await service.connect(server.address, ProbeGateway);
    const waiting = failure('TIMEOUT', gateway.never());
    let isOver = false;
    void waiting.then(() => (isOver = true));
    clock.advance(limitMs - 1);
    equal(await gateway.add(1, 2), 3);
    equal(isOver, false, 'not a millisecond early');
    clock.advance(100);
    equal((await waiting).limit, limitMs);
  });
}

test('15 without a stack the message says how to get one', async () => {
  await using service = await RpcService.start({ threads: 0, captureAskCallStack: false });
  const server = await service.startServer(Probe);
  await server.start();
  const gateway = await service.connect(server.address, ProbeGateway);
  const error = await failure('TIMEOUT', gateway.neverFor30Ms());
  match(error.message, /set captureAskCallStack to true/);
});
