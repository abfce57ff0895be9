import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRpcError, RpcError } from '../../../core/errors/rpc-error.js';
import { bodyLimitOf, FRAME_LENGTH_MAX } from '../../../core/transport/frame-descriptor.js';
import { systemCodeOf } from '../../../core/transport/network-errors.js';
import { connect, recordFrame, send, settle } from './harness.js';

function code(expected: string): (error: unknown) => boolean {
  return (error) => isRpcError(error) && error.code === expected;
}

describe('connection', () => {
  it('carries any records in order, whatever the network does to the bytes', async () => {
    const bodies = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ size: 'max', maxLength: bodyLimitOf(FRAME_LENGTH_MAX) }),
      ),
      { maxLength: 12 },
    );
    const pieces = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(bodies, pieces, async (records, lengths) => {
        let next = 0;
        const split = (): number => lengths[next++ % lengths.length]! + 100;
        const { client, serverSaw } = await connect({ network: { split } });
        records.forEach((body, type) => assert.ok(send(client, type, body)));
        while (client.unsentBytes > 0) await settle(5);
        await settle(5);
        assert.deepEqual(
          serverSaw.records.map(({ type }) => type),
          records.map((_, type) => type),
        );
        for (const [i, { body }] of serverSaw.records.entries()) {
          const sent = records[i]!;
          assert.ok(body.length >= sent.length && body.length - sent.length < 8);
          assert.ok(Buffer.from(sent).equals(body.subarray(0, sent.length)));
          assert.ok(
            body.subarray(sent.length).every((byte) => byte === 0),
            'padding is zero',
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('writes once a tick, however many records were committed in it', async () => {
    const { client, link, serverSaw } = await connect();
    const before = link.dialled.writes;
    for (let i = 0; i < 500; i++) send(client, 1, Buffer.alloc(40, i));
    // More of the same tick: links of promise chains, and what they commit.
    void (async () => {
      for (let i = 0; i < 5; i++) {
        await Promise.resolve();
        send(client, 1, Buffer.alloc(40, i));
      }
    })();
    assert.equal(link.dialled.writes, before, 'nothing leaves before the end of the tick');
    await settle();
    assert.equal(link.dialled.writes, before + 1);
    assert.equal(serverSaw.records.length, 505);
  });

  it('pads with zeros where an earlier record left bytes', async () => {
    const { client, serverSaw } = await connect();
    for (const length of [64, 9]) {
      send(client, 1, Buffer.alloc(length, 0xee));
      await settle();
    }
    assert.deepEqual([...serverSaw.records[1]!.body.subarray(9)], [0, 0, 0, 0, 0, 0, 0]);
  });

  it('lets a claim end shorter, or not at all', async () => {
    const { client, serverSaw } = await connect();
    client.claim(60_000);
    const offset = client.claim(30_000);
    client.bytes.write('short', offset);
    client.commit(5, 3);
    send(client, 4, Buffer.alloc(8));
    await settle();
    assert.deepEqual(
      serverSaw.records.map(({ type, body }) => [type, body.length]),
      [
        [3, 8],
        [4, 8],
      ],
    );
  });

  it('takes a frame of exactly the limit and fails the next one at the call', async () => {
    const { client, serverSaw } = await connect({ server: { maximumFramesize: 80_000 } });
    const longest = bodyLimitOf(client.frameLimit);
    assert.throws(
      () => client.claim(longest + 1),
      (error: unknown) =>
        code('FRAME_TOO_LARGE')(error) &&
        (error as RpcError).limit === 80_000 &&
        (error as RpcError).actual === 80_001 &&
        (error as RpcError).effect === 'none' &&
        (error as RpcError).message.includes('maximumFramesize'),
    );
    assert.throws(() => client.claim(2 ** 31 + 5), code('FRAME_TOO_LARGE'));
    send(client, 1, Buffer.alloc(longest, 1));
    await settle(100);
    assert.equal(serverSaw.records[0]?.body.length, longest);
    assert.ok(client.isOpen);
  });

  it('closes on a frame above its own limit and tells both sides why', async () => {
    const { client, server, link, clientSaw, serverSaw } = await connect({
      server: { maximumFramesize: 8_192 },
    });
    // A peer that does not keep to what was agreed.
    link.dialled.write(recordFrame(1, Buffer.alloc(9_000)), () => {});
    await settle();
    assert.deepEqual([server.isOpen, client.isOpen], [false, false]);
    assert.ok(code('PROTOCOL_ERROR')(serverSaw.closes[0]));
    assert.match(serverSaw.closes[0]!.message, /frame length 9016 is above the limit of 8192/);
    assert.match(clientSaw.closes[0]!.message, /the peer refused.*9016 is above the limit/);
    assert.deepEqual([clientSaw.closes.length, serverSaw.closes.length], [1, 1]);
  });

  it('closes gracefully: what is committed arrives, then both sides are gone', async () => {
    const { client, clock, clientSaw, serverSaw } = await connect();
    for (let i = 0; i < 3; i++) send(client, i, Buffer.alloc(50_000, i));
    const closed = client.close();
    assert.equal(client.claim(8), -1, 'takes no more');
    await closed;
    await settle();
    assert.equal(serverSaw.records.length, 3);
    assert.deepEqual(clientSaw.closes, [undefined]);
    assert.deepEqual(
      serverSaw.closes.map((error) => error?.code),
      ['PEER_LOST'],
    );
    assert.equal(clock.pendingTimers, 0);
    await client.close();
  });

  it('bounds a graceful close towards a peer that does not read', async () => {
    const { client, clock, link, clientSaw } = await connect();
    link.dialled.stall();
    send(client, 1, Buffer.alloc(8));
    const closed = client.close();
    clock.advance(4_999);
    await settle();
    assert.deepEqual(clientSaw.closes, []);
    clock.advance(1);
    await closed;
    assert.deepEqual(clientSaw.closes, [undefined]);
  });

  it('reports a reset once, with its cause, and takes nothing afterwards', async () => {
    const { client, link, clientSaw, serverSaw } = await connect();
    send(client, 1, Buffer.alloc(8));
    link.accepted.cut();
    await settle();
    for (const saw of [clientSaw, serverSaw]) {
      assert.equal(saw.closes.length, 1);
      assert.equal(saw.closes[0]?.code, 'PEER_LOST');
      assert.equal(systemCodeOf(saw.closes[0]?.cause), 'ECONNRESET');
    }
    assert.equal(client.claim(8), -1);
    client.destroy();
    await client.close();
    assert.equal(clientSaw.closes.length, 1);
  });

  it('names what can no longer arrive when it is lost: what the stream did not get', async () => {
    const { client, link, clientSaw, serverSaw } = await connect();
    link.dialled.stall();
    for (let i = 0; i < 30; i++) send(client, i, Buffer.alloc(60_000));
    send(client, 30, Buffer.alloc(200_000));
    send(client, 31, Buffer.alloc(8));
    await settle();
    link.dialled.cut();
    await settle();
    assert.equal(serverSaw.records.length, 0);
    const first = clientSaw.unsent[0]!;
    assert.ok(first > 0 && first < 15, 'the first ones are with the stream');
    const rest = Array.from({ length: 32 - first }, (_, i) => first + i);
    assert.deepEqual(
      clientSaw.unsent.toSorted((a, b) => a - b),
      rest,
    );
  });

  it('gives the error of destroy to the listener, before it returns', async () => {
    const { client, clientSaw } = await connect();
    const error = new RpcError('PROTOCOL_ERROR', 'verifier says no');
    client.destroy(error);
    assert.deepEqual(clientSaw.closes, [error]);
  });

  it('ends with what the listener threw, and delivers nothing more', async () => {
    const { client, server, serverSaw } = await connect();
    const broken = new RpcError('PROTOCOL_ERROR', 'not verified');
    serverSaw.onRecord = () => {
      serverSaw.records.push({ type: 0, body: Buffer.alloc(0) });
      throw broken;
    };
    for (let i = 0; i < 3; i++) send(client, 1, Buffer.alloc(8));
    await settle();
    assert.equal(serverSaw.records.length, 1);
    assert.deepEqual(serverSaw.closes, [broken]);
    assert.equal(server.isOpen, false);
  });

  it('calls an end inside a frame a protocol error', async () => {
    const { link, serverSaw } = await connect();
    link.dialled.write(recordFrame(1, Buffer.alloc(100)).subarray(0, 40), () => {});
    link.dialled.end();
    await settle();
    assert.equal(serverSaw.closes[0]?.code, 'PROTOCOL_ERROR');
    assert.match(serverSaw.closes[0].message, /ended inside a frame, after 40 bytes/);
  });
});

describe('connection deadlines', () => {
  it('gives a frame ten seconds from its first byte, however slowly it drips', async () => {
    const { clock, link, serverSaw } = await connect();
    const frame = recordFrame(1, Buffer.alloc(100));
    for (let second = 0; second < 9; second++) {
      link.dialled.write(frame.subarray(second, second + 1), () => {});
      await settle();
      clock.advance(1_000);
    }
    assert.equal(serverSaw.closes.length, 0);
    clock.advance(1_000);
    assert.equal(serverSaw.closes[0]?.code, 'PROTOCOL_ERROR');
    assert.match(serverSaw.closes[0].message, /not completed in time/);
  });

  it('starts the ten seconds anew with every frame', async () => {
    const { clock, link, serverSaw } = await connect();
    const frame = recordFrame(1, Buffer.alloc(8));
    const [head, tail] = [frame.subarray(0, 6), frame.subarray(6)];
    link.dialled.write(head, () => {});
    for (let i = 0; i < 5; i++) {
      await settle();
      clock.advance(9_000);
      // Completes one frame and begins the next: there is never a moment without half a frame.
      link.dialled.write(Buffer.concat([tail, head]), () => {});
    }
    link.dialled.write(tail, () => {});
    await settle();
    assert.equal(serverSaw.records.length, 6);
    clock.advance(60_000);
    assert.deepEqual(serverSaw.closes, [], 'silence between frames is nobody’s fault');
  });

  it('blames nobody for bytes that wait because reading is paused', async () => {
    const { clock, link, server, serverSaw } = await connect();
    const frame = recordFrame(1, Buffer.alloc(100));
    link.dialled.write(frame.subarray(0, 50), () => {});
    await settle();
    server.pause();
    link.dialled.write(frame.subarray(50), () => {});
    clock.advance(60_000);
    await settle();
    assert.deepEqual([serverSaw.closes.length, serverSaw.records.length], [0, 0]);
    server.resume();
    await settle();
    assert.equal(serverSaw.records.length, 1);
  });

  it('blames nobody for half a frame behind the one that paused the reading', async () => {
    const { clock, link, server, serverSaw } = await connect();
    const frame = recordFrame(1, Buffer.alloc(100));
    const record = serverSaw.onRecord.bind(serverSaw);
    serverSaw.onRecord = (...received) => {
      record(...received);
      if (serverSaw.records.length === 1) server.pause();
    };
    link.dialled.write(Buffer.concat([frame, frame.subarray(0, 50)]), () => {});
    await settle();
    link.dialled.write(frame.subarray(50), () => {});
    clock.advance(60_000);
    assert.deepEqual([serverSaw.closes.length, serverSaw.records.length], [0, 1]);
    server.resume();
    await settle();
    assert.equal(serverSaw.records.length, 2);
  });

  it('cuts a peer that reads nothing for ten seconds', async () => {
    const { client, clock, link, clientSaw } = await connect();
    link.dialled.stall();
    send(client, 1, Buffer.alloc(8));
    await settle();
    clock.advance(9_999);
    assert.equal(clientSaw.closes.length, 0);
    clock.advance(1);
    assert.equal(clientSaw.closes[0]?.code, 'PEER_LOST');
    assert.match(clientSaw.closes[0].message, /does not read/);
  });

  it('reads its sockets before it blames a peer for a pause of its own', async () => {
    const { client, clock, link, clientSaw } = await connect();
    link.dialled.stall();
    send(client, 1, Buffer.alloc(8));
    await settle();
    clock.jump(30_000);
    assert.deepEqual(clientSaw.closes, []);
    link.dialled.flow();
    await settle();
    clock.advance(60_000);
    assert.deepEqual(clientSaw.closes, []);
  });

  it('leaves no timer behind', async () => {
    const { client, server, clock } = await connect();
    for (let i = 0; i < 3; i++) {
      send(client, 1, Buffer.alloc(8));
      await settle();
    }
    client.destroy();
    server.destroy();
    await Promise.all([client.closed, server.closed]);
    assert.equal(clock.pendingTimers, 0);
  });
});
