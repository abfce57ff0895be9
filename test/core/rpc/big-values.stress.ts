import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { ready, RpcService } from '../../../index.js';
import { LIMITS } from '../../../core/config/limits.js';
import { Mirror, MirrorGateway } from '../../conformance/values.rules.js';
import { failure } from '../../support/failure.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { until } from '../../support/until.js';

const MIB = 1024 * 1024;

test('100 000 different shared memories pass through, and memory stays bounded', async () => {
  const service = await RpcService.start({ threads: 1 });
  try {
    const server = await service.startServer(Mirror, { thread: 0 });
    await server.start();
    const mirror = await service.connect(server.address, MirrorGateway);
    const before = process.memoryUsage.rss();
    for (let round = 0; round < 1000; round++) {
      const views = Array.from(
        { length: 100 },
        () => new Int32Array(new SharedArrayBuffer(16_384)),
      );
      const answers = await Promise.all(views.map((view, i) => mirror.addTo(view, i)));
      for (const [i, view] of views.entries()) ok(answers[i] === i && view[0] === i);
    }
    // All together they are 1.6 GB.
    const grownBytes = process.memoryUsage.rss() - before;
    ok(grownBytes < 600 * MIB, `${Math.round(grownBytes / MIB)} MiB more than before`);
  } finally {
    await service.close();
  }
});

test('big values to a busy endpoint are bounded by bytes, not only by number', async () => {
  const service = await RpcService.start({ threads: 1 });
  try {
    const server = await service.startServer(Probe, { thread: 0 });
    await server.start();
    const probe = await service.connect(server.address, ProbeGateway);
    const gate = new Int32Array(new SharedArrayBuffer(4));
    // Handed over now, so that it is no part of what is counted below.
    await probe.countIn(gate);
    Atomics.store(gate, 0, 0);
    probe.waitFor(gate);
    const quarter = new Uint8Array(LIMITS.bytesBeside / 4);
    const taken = Array.from({ length: 4 }, () => probe.length(quarter));
    const refused = await failure('MAILBOX_FULL', probe.length(quarter));
    equal(refused.effect, 'none');
    equal(refused.limit, LIMITS.bytesBeside);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    equal(await probe.add(1, 2), 3);
    for (const answer of taken) equal(await answer, quarter.length);
    equal(await probe.length(quarter), quarter.length);
  } finally {
    await service.close();
  }
});

test('big values from another process wait there while their thread is busy', async () => {
  const far = await RpcService.start({ systemName: 'far', threads: 1, listen: { port: 0 } });
  const near = await RpcService.start({ threads: 0, askTimeoutMs: 60_000 });
  try {
    const server = await far.startServer(Probe, { thread: 0 });
    await server.start();
    const inside = await far.connect(server.address, ProbeGateway);
    const outside = await near.connect(server.address, ProbeGateway);
    const gate = new Int32Array(new SharedArrayBuffer(4));
    await inside.countIn(gate);
    Atomics.store(gate, 0, 0);
    inside.waitFor(gate);
    const count = 600;
    const answers: Promise<number>[] = [];
    let sentAtMs = performance.now();
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        answers.push(outside.length(new Uint8Array(MIB)));
        sentAtMs = performance.now();
        await ready(outside);
      }
    })();
    const stalled = (): boolean => performance.now() - sentAtMs > 1_000;
    await until(stalled, 'nothing more leaves', 30_000);
    // Half of what may lie beside the lane, and what the connection holds on both sides.
    ok(answers.length < count / 2, `${answers.length} MiB have left`);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await sending;
    for (const answer of await Promise.all(answers)) equal(answer, MIB);
  } finally {
    await near.close();
    await far.close();
  }
});
