import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { callOptions, RpcService } from '../../../index.js';
import { failure } from '../../support/failure.js';
import { ManualClock } from '../../support/manual-clock.js';
import {
  ANSWERED,
  EchoEndpoint,
  EchoGateway,
  HELD,
  LET_GO,
  SlowEndpoint,
  slowness,
} from '../../support/rpc-held-up-fixtures.js';
import { until } from '../../support/until.js';

/** Stands still, as in a long handler, until the word is stored. */
function blockUntil(word: Int32Array, value: number): void {
  const endMs = performance.now() + 20_000;
  while (Atomics.load(word, 0) !== value) ok(performance.now() < endMs, 'it was never stored');
}

test('14 answers that wait for a thread that was held up win over their deadlines', async () => {
  const clock = new ManualClock();
  const service = await RpcService.start({ threads: 1, clock, askTimeoutMs: 60_000 });
  try {
    const server = await service.startServer(EchoEndpoint, { thread: 0 });
    await server.start();
    const gateway = server.getSelfGateway(EchoGateway);
    const word = new Int32Array(new SharedArrayBuffer(4));
    const asks: Promise<unknown>[] = [gateway.hold(word)];
    const values = Array.from({ length: 2_000 }, (_, i) => i);
    const never = failure('TIMEOUT', gateway.never());
    const answers = values.map((value) => gateway.echo(value));
    asks.push(gateway.tellWhenAnswered(word));
    // All of them leave at the end of this turn; none is answered before we block.
    await new Promise(setImmediate);
    blockUntil(word, HELD);
    Atomics.store(word, 0, LET_GO);
    Atomics.notify(word, 0);
    blockUntil(word, ANSWERED);
    clock.jump(100_000);
    clock.advance(100);
    deepEqual(await Promise.all(answers), values);
    await Promise.all(asks);
    equal((await never).effect, 'unknown');
  } finally {
    await service.close();
  }
});

test('14 a thread with more work than it can do has its time-outs all the same', async () => {
  const clock = new ManualClock();
  const service = await RpcService.start({ threads: 1, clock, askTimeoutMs: 60_000 });
  try {
    const server = await service.startServer(EchoEndpoint, { thread: 0 });
    const slow = await service.startServer(SlowEndpoint, { thread: 'home' });
    await Promise.all([server.start(), slow.start()]);
    const gateway = server.getSelfGateway(EchoGateway);
    const word = new Int32Array(new SharedArrayBuffer(4));
    slowness.clock = clock;
    slowness.calls = 0;
    const flooded = gateway.flood(slow.address, 2_000, word);
    const never = failure('TIMEOUT', gateway.never(callOptions({ timeoutMs: 50 })));
    await until(() => Atomics.load(word, 0) !== 0, 'the way to home');
    blockUntil(word, ANSWERED);
    await never;
    ok(slowness.calls < 2_000, 'it did not wait for all of them');
    await flooded;
  } finally {
    slowness.clock = undefined;
    await service.close();
  }
});
