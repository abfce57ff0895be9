import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RpcError } from '../../../core/errors/rpc-error.js';
import type { StreamAcceptor } from '../../../core/transport/byte-stream.js';
import { dial } from '../../../core/transport/dial.js';
import { encodeReject } from '../../../core/transport/farewell.js';
import { listen } from '../../../core/transport/listener.js';
import { type MemoryStream, MemoryTransport } from '../../../core/transport/memory-transport.js';
import { ManualClock } from '../../support/manual-clock.js';
import {
  connect,
  helloFrame,
  optionsWith,
  rawPeer,
  type RawPeer,
  recordFrame,
  Recorder,
  settle,
  textOf,
} from './harness.js';

const SERVER = { system: 'server', incarnation: 1 };
const CLIENT = { system: 'client', incarnation: 2 };
const HERE = { host: '127.0.0.1', port: 7 };

/** A real listener and a stranger made of bytes. */
async function stranger(options: { maximumFramesize?: number; frameTimeoutMs?: number } = {}) {
  const clock = new ManualClock();
  const network = new MemoryTransport();
  const saw = new Recorder();
  const accept = (): Recorder => saw;
  const all = { ...optionsWith(clock), ...options, accept };
  const listener = await listen(network, { port: 7 }, SERVER, all);
  const peer = rawPeer((await network.dial(HERE)) as MemoryStream);
  const say = async (...bytes: Buffer[]): Promise<void> => {
    peer.stream.write(Buffer.concat(bytes), () => {});
    await settle();
  };
  return { clock, listener, peer, say, saw };
}

/** A real dialler and an impostor of a server, which says `words` at once. */
async function impostor(words: Buffer): Promise<{ error: RpcError; clock: ManualClock }> {
  const clock = new ManualClock();
  const network = new MemoryTransport();
  const acceptor: StreamAcceptor = {
    onStream: (stream) => rawPeer(stream as MemoryStream).stream.write(words, () => {}),
    onAcceptError: assert.fail,
  };
  await network.listen(HERE, acceptor);
  const options = { ...optionsWith(clock), listener: new Recorder() };
  const outcome = dial(network, HERE, CLIENT, options).then(unexpected, (error: unknown) => error);
  await settle();
  clock.advance(2_000);
  return { error: (await outcome) as RpcError, clock };
}

function unexpected(): never {
  assert.fail('connected');
}

function isGone(peer: RawPeer): boolean {
  return peer.state.ended || peer.state.closed;
}

describe('transport handshake', () => {
  it('tells both sides who the other is and agrees on the shorter frame limit', async () => {
    const { client, server, clock, listener } = await connect({
      client: { maximumFramesize: 8_192 },
    });
    assert.equal(client.peer.system, 'server');
    assert.equal(client.peer.incarnation, 1);
    assert.equal(server.peer.system, 'client');
    assert.equal(server.peer.maximumFramesize, 8_192);
    assert.deepEqual([client.frameLimit, server.frameLimit], [8_192, 8_192]);
    await Promise.all([client.close(), listener.close()]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('works over a network that cuts everything into single bytes', async () => {
    const { client } = await connect({ network: { split: () => 1 } });
    assert.ok(client.isOpen);
  });

  it('takes records that come in one chunk with the HELLO', async () => {
    const { say, saw } = await stranger();
    await say(helloFrame(), recordFrame(5, Buffer.from('12345678')));
    assert.deepEqual(
      saw.records.map(({ type, body }) => [type, body.toString()]),
      [[5, '12345678']],
    );
  });

  for (const version of [0, 2, 0xffffffff]) {
    it(`refuses protocol version ${version}, naming both, readable by the peer`, async () => {
      const { peer, say, listener } = await stranger();
      await say(helloFrame({ protocolVersion: version }));
      const reason = `protocol version ${version} is not supported, this side speaks version 1`;
      assert.ok(textOf(peer).includes(reason));
      assert.ok(isGone(peer));
      assert.equal(listener.counts.failedHandshakes, 1);

      const { error } = await impostor(helloFrame({ protocolVersion: version }));
      assert.equal(error.code, 'HANDSHAKE_REJECTED');
      assert.equal(error.effect, 'none');
      assert.ok(error.message.includes(reason));
      assert.equal(error.address, '127.0.0.1:7');
    });
  }

  it('reports the words of a peer that refuses, without its control characters', async () => {
    const { error } = await impostor(encodeReject('only version 9\u001b[31m\nhere'));
    assert.equal(error.code, 'HANDSHAKE_REJECTED');
    assert.match(error.message, /only version 9\?\[31m\?here; this side speaks protocol version 1/);
  });

  it('reads a HELLO that waits in the socket when its own deadline comes late', async () => {
    const { clock, peer, listener } = await stranger();
    peer.stream.write(helloFrame(), () => {});
    clock.jump(60_000);
    await settle();
    assert.ok(!isGone(peer));
    assert.equal(listener.connectionCount, 1);
    await listener.close();
  });

  it('closes soon after a deadline that comes late when nothing waits in the socket', async () => {
    const { clock, peer, listener } = await stranger();
    clock.jump(60_000);
    clock.advance(100);
    await settle();
    assert.ok(isGone(peer));
    await listener.close();
    assert.equal(clock.pendingTimers, 0);
  });

  it('closes at the deadline when nothing comes, and says so to the dialler', async () => {
    const { clock, peer, listener } = await stranger();
    clock.advance(1_999);
    await settle();
    assert.ok(!isGone(peer));
    clock.advance(1);
    await settle();
    assert.ok(isGone(peer));
    await listener.close();
    assert.equal(clock.pendingTimers, 0);

    const { error } = await impostor(Buffer.alloc(0));
    assert.equal(error.code, 'CONNECTION_FAILED');
    assert.match(error.message, /127\.0\.0\.1:7: no handshake within 2000 ms/);
  });

  it('gives a byte a second no more time than silence', async () => {
    const { clock, peer, say } = await stranger();
    const hello = helloFrame();
    for (let i = 0; i < 2; i++) {
      await say(hello.subarray(i, i + 1));
      clock.advance(1_000);
    }
    await settle();
    assert.ok(isGone(peer));
  });

  it('dispatches nothing before the handshake', async () => {
    const { peer, say, saw } = await stranger();
    await say(recordFrame(1, Buffer.alloc(8)), helloFrame());
    assert.ok(textOf(peer).includes('frame kind 17 came before HELLO'));
    assert.deepEqual([saw.records.length, isGone(peer)], [0, true]);
  });

  it('refuses a second HELLO and kinds that nobody knows afterwards', async () => {
    for (const kind of [1, 5, 15]) {
      const { peer, say, saw } = await stranger();
      await say(helloFrame(), recordFrame(kind - 16, Buffer.alloc(8)));
      assert.ok(textOf(peer).includes(`frame kind ${kind} has no place here`));
      assert.equal(saw.closes[0]?.code, 'PROTOCOL_ERROR');
    }
  });

  it('refuses a HELLO that is no table, is too long, or has too small a limit', async () => {
    const cases: [Buffer, RegExp][] = [
      [recordFrame(1 - 16, Buffer.alloc(64, 0xff)), /HELLO cannot be read/],
      [helloFrame({ system: 'x'.repeat(5_000) }), /above the limit of 4096/],
      [helloFrame({ maximumFramesize: 100 }), /maximumFramesize 100 is below 4096/],
    ];
    for (const [bytes, reason] of cases) {
      const { peer, say } = await stranger();
      await say(bytes);
      assert.match(textOf(peer), reason);
      assert.ok(isGone(peer));
    }
  });

  it('answers a dialler of something else with PROTOCOL_ERROR, effect none', async () => {
    const { error } = await impostor(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    assert.equal(error.code, 'PROTOCOL_ERROR');
    assert.equal(error.effect, 'none');
    assert.match(error.message, /not our protocol/);
  });

  it('closes on random bytes within the deadline', async () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(chunks, async (pieces) => {
        const { clock, peer, say, saw } = await stranger();
        await say(...pieces.map((piece) => Buffer.from(piece)));
        clock.advance(2_000);
        await settle();
        assert.ok(isGone(peer));
        assert.equal(saw.records.length, 0);
      }),
      { numRuns: 30 },
    );
  });

  it('lets the dialler give up', async () => {
    const clock = new ManualClock();
    const network = new MemoryTransport();
    await network.listen(HERE, { onStream: () => {}, onAcceptError: assert.fail });
    const abort = new AbortController();
    const options = { ...optionsWith(clock), listener: new Recorder(), signal: abort.signal };
    const outcome = dial(network, HERE, CLIENT, options).then(
      unexpected,
      (error: unknown) => error,
    );
    await settle();
    abort.abort(new Error('enough'));
    const error = (await outcome) as RpcError;
    assert.deepEqual([error.code, error.effect], ['CANCELLED', 'none']);
    assert.equal(clock.pendingTimers, 0);
  });
});
