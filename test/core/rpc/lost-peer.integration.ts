import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FRAME_KINDS } from '../../../core/transport/frame-descriptor.js';
import {
  type AnyGateway,
  ask,
  defineGateway,
  isRpcError,
  type RpcError,
  RpcEndpoint,
  tell,
} from '../../../index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { memoryNetwork } from '../../support/memory-network.js';
import { until } from '../../support/until.js';
import { messageFrame } from '../transport/harness.js';

const SinkGateway = defineGateway('Sink', {
  take: ask<[bytes: Buffer], number>(),
  drop: tell<[bytes: Buffer]>(),
});

class Sink extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [SinkGateway];
  static override readonly module = import.meta.url;

  take(bytes: Buffer): number {
    return bytes.length;
  }

  drop(): void {}
}

it('a peer that breaks the protocol is left and counted; others go on', async () => {
  const { network, start } = memoryNetwork();
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const [near, other] = await Promise.all([
    start({ systemName: 'near', threads: 0 }),
    start({ systemName: 'other', threads: 0 }),
  ]);
  const server = await far.startServer(Sink, { thread: 'home' });
  await server.start();
  const broken = await near.connect(server.address, SinkGateway);
  const sound = await other.connect(server.address, SinkGateway);
  // A part of a message that has not begun.
  network.links[0]!.dialled.write(messageFrame(FRAME_KINDS.part, 7, Buffer.alloc(8)), () => {});
  await until(() => far.metrics().home.protocolErrors === 1, 'the count');
  await assert.rejects(broken.take(Buffer.alloc(1)), (error) => isRpcError(error));
  assert.equal(await sound.take(Buffer.alloc(5)), 5);
  for (const service of [near, other, far]) await service.close();
});

it('23: calls that had not left when the peer was lost have effect none', async () => {
  const { network, start } = memoryNetwork();
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const near = await start({ systemName: 'near', threads: 0 });
  const server = await far.startServer(Sink, { thread: 'home' });
  await server.start();
  const sink = await near.connect(server.address, SinkGateway);
  const letters: unknown[] = [];
  near.onDeadLetter((letter) => letters.push(letter));
  const link = network.links[0]!;
  link.dialled.stall();
  const asks: Promise<RpcError>[] = [];
  for (let i = 0; i < 20; i++) {
    const asked = sink.take(Buffer.alloc(i === 15 ? 300_000 : 60_000));
    asks.push(
      asked.then(
        () => assert.fail('an answer'),
        (error: unknown) => error as RpcError,
      ),
    );
  }
  for (let i = 0; i < 3; i++) sink.drop(Buffer.alloc(60_000));
  await new Promise(setImmediate);
  link.dialled.cut();
  const errors = await Promise.all(asks);
  assert.ok(errors.every(({ code }) => code === 'PEER_LOST'));
  const effects = errors.map(({ effect }) => effect);
  const firstNone = effects.indexOf('none');
  assert.ok(firstNone > 0 && firstNone < 15, 'the first ones are with the stream');
  assert.ok(effects.slice(firstNone).every((effect) => effect === 'none'));
  assert.ok(effects.slice(0, firstNone).every((effect) => effect === 'unknown'));
  assert.equal(letters.length, 3, 'tells that did not leave are dead letters');
  await near.close();
  await far.close();
});

it('14: an answer that waits in the socket of a late thread wins over its deadline', async (t) => {
  const { network, start } = memoryNetwork();
  const clock = new ManualClock();
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const near = await start({ systemName: 'near', threads: 0, clock });
  t.after(() => Promise.all([near.close(), far.close()]));
  const server = await far.startServer(Sink, { thread: 'home' });
  await server.start();
  const sink = await near.connect(server.address, SinkGateway, { timeoutMs: 300 });
  const link = network.links[0]!;
  const outcome = (asked: Promise<number>) =>
    asked.catch((error: unknown) => (error as RpcError).code);
  for (const isInTime of [true, false]) {
    link.accepted.stall();
    const answer = outcome(sink.take(Buffer.alloc(7)));
    // Ticks come while the thread turns; then it stands still.
    await new Promise(setImmediate);
    clock.advance(100);
    clock.jump(1_000);
    // Another tick proves nothing: no socket was read since.
    clock.jump(1_000);
    if (!isInTime) for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    link.accepted.flow();
    if (isInTime) assert.equal(await answer, 7);
    else assert.equal(await answer, 'TIMEOUT');
  }
});
