import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListenOptions } from '../../../core/config/options.js';
import { isRpcError, type RpcError } from '../../../core/errors/rpc-error.js';
import { isLoopback, planBind } from '../../../core/transport/bind-plan.js';
import type { StreamAcceptor, Transport } from '../../../core/transport/byte-stream.js';
import { type AcceptOptions, listen } from '../../../core/transport/listener.js';
import { type MemoryStream, MemoryTransport } from '../../../core/transport/memory-transport.js';
import { ManualClock } from '../../support/manual-clock.js';
import { connect, helloFrame, optionsWith, rawPeer, Recorder, send, settle } from './harness.js';

const IDENTITY = { system: 'server', incarnation: 1 };
const HERE = { host: '127.0.0.1', port: 7 };

function accepting(options: Partial<AcceptOptions> = {}): AcceptOptions {
  return { ...optionsWith(new ManualClock()), accept: () => new Recorder(), ...options };
}

async function knock(network: MemoryTransport, words?: Buffer) {
  const peer = rawPeer((await network.dial(HERE)) as MemoryStream);
  if (words !== undefined) peer.stream.write(words, () => {});
  await settle(10);
  return peer;
}

async function failure(at: ListenOptions, network = new MemoryTransport()): Promise<RpcError> {
  const outcome = await listen(network, at, IDENTITY, accepting()).catch((e: unknown) => e);
  assert.ok(isRpcError(outcome));
  return outcome;
}

describe('safe bind', () => {
  it('knows loopback', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '0:0:0:0:0:0:0:1']) {
      assert.ok(isLoopback(host), host);
    }
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'example.org', '127.0.0.1.x']) {
      assert.ok(!isLoopback(host), host);
    }
  });

  it('refuses other hosts unless insecure is written out, and says how', async () => {
    const error = await failure({ host: '0.0.0.0', port: 7 });
    assert.equal(error.code, 'INVALID_ARGUMENT');
    assert.match(error.message, /0\.0\.0\.0.*without authentication.*insecure: true/);
    const wrong = await failure({ host: 5 as never, port: 7 });
    assert.match(wrong.message, /^INVALID_ARGUMENT: listen.host must be a text, not 5/);
    const at = { host: '0.0.0.0', port: 7, insecure: true };
    const listener = await listen(new MemoryTransport(), at, IDENTITY, accepting());
    assert.equal(listener.address, '0.0.0.0:7');
    await listener.close();
  });

  it('plans the port first, then the range; a path alone', () => {
    const ports = (at: ListenOptions): unknown[] =>
      planBind(at).candidates.map((place) => ('port' in place ? place.port : place.path));
    assert.deepEqual(ports({}), [0]);
    assert.deepEqual(ports({ port: 5, portRange: [4, 6] }), [5, 4, 6]);
    assert.deepEqual(ports({ portRange: [4, 6] }), [4, 5, 6]);
    assert.deepEqual(ports({ path: '/tmp/x' }), ['/tmp/x']);
    for (const at of [{ port: -1 }, { port: 1.5 }, { portRange: [9, 8] as const }]) {
      assert.throws(() => planBind(at), /INVALID_ARGUMENT: listen\.port/);
    }
  });
});

describe('listener', () => {
  it('moves on in the port range and names all of it when everything is taken', async () => {
    const network = new MemoryTransport();
    const at: ListenOptions = { port: 7, portRange: [8, 9] };
    const three = [];
    for (let i = 0; i < 3; i++) three.push(await listen(network, at, IDENTITY, accepting()));
    assert.deepEqual(
      three.map(({ port }) => port),
      [7, 8, 9],
    );
    const error = await failure(at, network);
    assert.equal(error.code, 'BIND_FAILED');
    assert.match(error.message, /127\.0\.0\.1:7 and ports 8 to 9.*EADDRINUSE/);
  });

  it('does not try the range when something else is wrong', async () => {
    let tries = 0;
    const broken: Transport = {
      dial: () => assert.fail(),
      listen: async () => {
        tries++;
        throw Object.assign(new Error('no'), { code: 'EACCES' });
      },
    };
    await assert.rejects(listen(broken, { portRange: [80, 90] }, IDENTITY, accepting()));
    assert.equal(tries, 1);
  });

  it('hangs up on more connections than it may have; those before live on', async () => {
    const network = new MemoryTransport();
    const listener = await listen(network, HERE, IDENTITY, accepting({ maxConnections: 2 }));
    const peers = [];
    for (let i = 0; i < 4; i++) peers.push(await knock(network, helloFrame()));
    assert.equal(listener.connectionCount, 2);
    assert.deepEqual(
      peers.map(({ state }) => state.closed),
      [false, false, true, true],
    );
    assert.equal(listener.counts.refused, 2);
    peers[0]!.stream.destroy();
    await settle();
    await knock(network, helloFrame());
    assert.equal(listener.connectionCount, 2);
  });

  it('bounds handshakes in flight, and serves others after they are given up', async () => {
    const network = new MemoryTransport();
    const clock = new ManualClock();
    const options = accepting({ ...optionsWith(clock), maxHandshakes: 3 });
    const listener = await listen(network, HERE, IDENTITY, options);
    for (let i = 0; i < 5; i++) await knock(network);
    assert.equal(listener.counts.refused, 2);
    clock.advance(2_000);
    await settle();
    assert.equal(listener.counts.failedHandshakes, 3);
    await knock(network, helloFrame());
    assert.equal(listener.connectionCount, 1);
  });

  it('takes in a whole cluster that comes at once', async () => {
    const network = new MemoryTransport();
    const listener = await listen(network, HERE, IDENTITY, accepting());
    const knocking = Array.from({ length: 500 }, () => network.dial(HERE));
    for (const stream of await Promise.all(knocking)) {
      rawPeer(stream as MemoryStream);
      stream.write(helloFrame(), () => {});
    }
    await settle();
    assert.deepEqual([listener.connectionCount, listener.counts.refused], [500, 0]);
  });

  it('accepts so many a second, and as many more as time goes by', async () => {
    const network = new MemoryTransport();
    const clock = new ManualClock();
    const options = accepting({ ...optionsWith(clock), maxAcceptsPerSecond: 4 });
    const listener = await listen(network, HERE, IDENTITY, options);
    for (let i = 0; i < 6; i++) await knock(network, helloFrame());
    assert.deepEqual([listener.connectionCount, listener.counts.refused], [4, 2]);
    clock.advance(500);
    for (let i = 0; i < 3; i++) await knock(network, helloFrame());
    assert.deepEqual([listener.connectionCount, listener.counts.refused], [6, 3]);
    clock.advance(60_000);
    for (let i = 0; i < 6; i++) await knock(network, helloFrame());
    assert.equal(listener.connectionCount, 10, 'no more saved up than for one second');
  });

  it('survives accept errors', async () => {
    let acceptor!: StreamAcceptor;
    const network = new MemoryTransport();
    const spy: Transport = {
      dial: (address) => network.dial(address),
      listen: (address, given) => network.listen(address, (acceptor = given)),
    };
    const listener = await listen(spy, HERE, IDENTITY, accepting());
    acceptor.onAcceptError(Object.assign(new Error('accept'), { code: 'EMFILE' }));
    await knock(network, helloFrame());
    assert.deepEqual([listener.counts.acceptErrors, listener.connectionCount], [1, 1]);
  });

  it('closes everything that it accepted, sends what is committed, leaves nothing', async () => {
    const { listener, server, client, clock, clientSaw, serverSaw, link } = await connect();
    send(server, 9, Buffer.alloc(8));
    const closed = listener.close();
    assert.equal(listener.close(), closed);
    await closed;
    await settle();
    assert.equal(clientSaw.records.length, 1);
    assert.deepEqual(serverSaw.closes, [undefined]);
    assert.equal(clientSaw.closes[0]?.code, 'PEER_LOST');
    assert.equal(client.isOpen, false);
    assert.equal(clock.pendingTimers, 0);
    await link.accepted.closed;
  });

  it('gives up handshakes when it closes', async () => {
    const network = new MemoryTransport();
    const listener = await listen(network, HERE, IDENTITY, accepting());
    const peer = await knock(network);
    await listener.close();
    await settle();
    assert.ok(peer.state.closed);
    await assert.rejects(network.dial(HERE), /CONNECTION_FAILED.*127\.0\.0\.1:7/);
  });

  it('drops a connection that nobody takes', async () => {
    const accept = (): never => {
      throw new Error('mine');
    };
    const network = new MemoryTransport();
    const listener = await listen(network, HERE, IDENTITY, accepting({ accept }));
    const peer = await knock(network, helloFrame());
    assert.ok(peer.state.closed);
    assert.equal(listener.connectionCount, 0);
  });
});
