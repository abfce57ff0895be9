import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { it, type TestContext } from 'node:test';
import { type AnyGateway, ask, defineGateway, RpcEndpoint } from '../../../index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { memoryNetwork } from '../../support/memory-network.js';

const SinkGateway = defineGateway('Sink', { take: ask<[bytes: Buffer], number>() });

class Sink extends RpcEndpoint {
  static override readonly gateways: readonly AnyGateway[] = [SinkGateway];

  take(bytes: Buffer): number {
    return bytes.length;
  }
}

/** Two services with a connection between them. */
async function connected(t: TestContext, clock?: ManualClock) {
  const { network, start } = memoryNetwork();
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const near = await start({ systemName: 'near', threads: 0, ...(clock ? { clock } : {}) });
  t.after(() => far.close());
  const server = await far.startServer(Sink, { thread: 'home' });
  await server.start();
  const sink = await near.connect(server.address, SinkGateway);
  const { dialled } = network.links[0]!;
  const state = { isGone: false };
  void dialled.closed.then(() => (state.isGone = true));
  return { near, sink, dialled, state };
}

it('7: a service that is dialling closes at once, and connect says why', async () => {
  const { network, start } = memoryNetwork();
  const near = await start({ systemName: 'near', threads: 0 });
  const silent = { onStream: () => {}, onAcceptError: () => {} };
  const { address } = await network.listen({ host: '127.0.0.1', port: 0 }, silent);
  const port = 'port' in address ? address.port : 0;
  const connecting = near.connect(`ringlane.tcp://far@127.0.0.1:${port}/user/rpc/x`, SinkGateway);
  const refused = assert.rejects(connecting, { code: 'SERVICE_CLOSED', effect: 'none' });
  while (network.links.length === 0) await turn();
  await Promise.all([near.close(), refused]);
});

it('7: a service that has closed has no socket, those included that it dialled', async (t) => {
  const { near, sink, state } = await connected(t);
  assert.equal(await sink.take(Buffer.alloc(5)), 5);
  await near.close();
  assert.ok(state.isGone);
});

it('7: who does not read holds up the close of its peer for five seconds at most', async (t) => {
  const clock = new ManualClock();
  const { near, sink, dialled, state } = await connected(t, clock);
  dialled.stall();
  const lost = assert.rejects(sink.take(Buffer.alloc(5)), { code: 'SERVICE_CLOSED' });
  const closed = near.close();
  // Whoever waits for an answer need not wait for the socket.
  await lost;
  assert.ok(!state.isGone);
  clock.advance(5_000);
  await closed;
  assert.ok(state.isGone);
});
