import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RECORD_CANCEL, RECORD_REPLY } from '../../../core/codec/stamps.js';
import {
  bodyLimitOf,
  FRAME_KINDS,
  FRAME_LENGTH_MAX,
  OPEN_MESSAGES_MAX,
  PART_BYTES,
} from '../../../core/transport/frame-descriptor.js';
import {
  beginFrame,
  CALL_BYTES_MIN,
  connect,
  messageFrame,
  messageFrames,
  type Pair,
  recordFrame,
  send,
  sendCall,
  settle,
} from './harness.js';

const LONG = 300_000;

/** Endpoint and fill of each record, in the order of arrival. */
function arrivals({ serverSaw }: Pair): [to: number, fill: number][] {
  return serverSaw.records.map(({ body }) => {
    return [body.readInt32LE(CALL_BYTES_MIN - 4), body[CALL_BYTES_MIN]!];
  });
}

describe('messages in parts', () => {
  it('brings any records whole, those of one endpoint in order, however cut', async () => {
    const record = fc.record({
      to: fc.integer({ min: 1, max: 3 }),
      length: fc.oneof(
        fc.integer({ min: 64, max: 2_000 }),
        fc.integer({ min: bodyLimitOf(FRAME_LENGTH_MAX) - 8, max: 3 * FRAME_LENGTH_MAX }),
      ),
      turns: fc.integer({ min: 0, max: 2 }),
    });
    const pieces = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 9 });
    const all = fc.array(record, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(all, pieces, async (records, lengths) => {
        let next = 0;
        const split = (): number => lengths[next++ % lengths.length]! + 100;
        const pair = await connect({ network: { split } });
        for (const [i, { to, length, turns }] of records.entries()) {
          assert.ok(sendCall(pair.client, to, length, i));
          await settle(turns);
        }
        while (pair.client.unsentBytes > 0) await settle(5);
        await settle(5);
        assert.deepEqual(pair.serverSaw.closes, []);
        for (const to of [1, 2, 3]) {
          const sent = records.flatMap((one, i) => (one.to === to ? [i] : []));
          const arrived = arrivals(pair).filter(([endpoint]) => endpoint === to);
          assert.deepEqual(
            arrived.map(([, fill]) => fill),
            sent,
          );
        }
        for (const { body } of pair.serverSaw.records) {
          const { length } = records[body[CALL_BYTES_MIN]!]!;
          assert.ok(body.length >= length && body.length - length < 8);
          const rest = body.subarray(CALL_BYTES_MIN, length);
          assert.ok(rest.every((byte) => byte === rest[0]));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('lets calls to other endpoints and answers between its parts, not to its own', async () => {
    const pair = await connect();
    const { client, link, serverSaw } = pair;
    link.dialled.stall();
    assert.ok(sendCall(client, 1, 900_000, 1));
    await settle(2);
    sendCall(client, 1, 64, 2);
    sendCall(client, 2, 64, 3);
    sendCall(client, 1, LONG, 4);
    sendCall(client, 1, 64, 5);
    send(client, RECORD_REPLY, Buffer.alloc(64, 6));
    link.dialled.flow();
    await settle(200);
    const fills = serverSaw.records.map(({ body }) => body[CALL_BYTES_MIN]);
    assert.deepEqual(fills, [3, 6, 1, 2, 4, 5]);
    assert.equal(client.unsentBytes, 0);
  });

  it('never lets a cancellation overtake its call', async () => {
    const pair = await connect();
    const { client, link, serverSaw } = pair;
    link.dialled.stall();
    for (const to of [1, 2]) sendCall(client, to, 900_000, to);
    await settle(2);
    sendCall(client, 2, 64, 3);
    send(client, RECORD_CANCEL, Buffer.alloc(32, 9));
    link.dialled.flow();
    await settle(200);
    const order = serverSaw.records.map(({ type, body }) => (type === 4 ? 9 : body.at(-1)));
    assert.equal(order.filter((fill) => fill === 9).length, 2, 'one behind each of them');
    assert.ok(order.lastIndexOf(9) > order.indexOf(3));
    assert.ok(order.lastIndexOf(9) > order.indexOf(1));
    assert.equal(client.unsentBytes, 0);
  });

  it('does not start before what was sent to its endpoint earlier', async () => {
    const pair = await connect();
    pair.link.dialled.stall();
    // More than the stream takes at once: some of it waits in the queue.
    for (let i = 0; i < 30; i++) sendCall(pair.client, 1, 60_000, i);
    sendCall(pair.client, 1, LONG, 30);
    pair.link.dialled.flow();
    await settle(300);
    assert.deepEqual(
      arrivals(pair).map(([, fill]) => fill),
      Array.from({ length: 31 }, (_, i) => i),
    );
  });

  it('finishes the one with the least left first, and starves none', async () => {
    const roomy = { maximumFramesize: 4_000_000 };
    const pair = await connect({ client: roomy, server: roomy });
    pair.link.dialled.stall();
    sendCall(pair.client, 1, 1_000_000, 1);
    await settle(2);
    for (let i = 2; i < 10; i++) sendCall(pair.client, i, 200_000, i);
    pair.link.dialled.flow();
    await settle(300);
    const order = arrivals(pair).map(([to]) => to);
    assert.equal(order.length, 9);
    assert.equal(order[0], 2, 'the short one overtakes');
    assert.ok(order.indexOf(1) < 8, 'the long one is not the last one');
  });

  it('never has more under way than the receiver takes, and says writable at the end', async () => {
    const bounds = { maximumFramesize: 400_000 };
    const pair = await connect({ server: bounds, client: { highWaterBytes: 5_000_000 } });
    for (let i = 0; i < 12; i++) assert.ok(sendCall(pair.client, i + 1, LONG, i));
    await settle(400);
    assert.equal(pair.serverSaw.records.length, 12);
    assert.deepEqual([pair.serverSaw.closes, pair.client.unsentBytes], [[], 0]);
  });

  it('sends what it has taken before it closes', async () => {
    const pair = await connect();
    sendCall(pair.client, 1, LONG, 1);
    sendCall(pair.client, 1, 64, 2);
    await pair.client.close();
    await settle();
    assert.deepEqual(arrivals(pair), [
      [1, 1],
      [1, 2],
    ]);
  });
});

const part = (stream: number, bytes: number) =>
  messageFrame(FRAME_KINDS.part, stream, Buffer.alloc(bytes));
const opened = Array.from({ length: OPEN_MESSAGES_MAX + 1 }, (_, i) => beginFrame(i, 8, 1));

/** Frames of a peer that does not keep to the rules, and the words that it hears. */
const hostile: readonly [string, readonly Buffer[], RegExp][] = [
  ['a part of nothing', [part(5, 8)], /a part of message 5, which has not begun/],
  ['a number used twice', [beginFrame(5, 8, 1), beginFrame(5, 8, 1)], /message 5 began twice/],
  ['an empty part', [beginFrame(5, 8, 1), part(5, 0)], /part of message 5 is empty/],
  ['a part too long', [beginFrame(5, 8, 1), part(5, 16)], /16 bytes of message 5, which lacks 8/],
  ['one above the limit', [beginFrame(5, 1_048_561, 1)], /1048584 of a message is above .*1048576/],
  ['4 GiB', [beginFrame(5, -1, 1)], /4294967295 of a message is above the limit/],
  ['no bytes at all', [beginFrame(5, 0, 1)], /a message of type 1 and length 0/],
  ['a type beyond all', [beginFrame(5, 8, 65_520)], /a message of type 65520/],
  ['too many', opened, /more than 16 messages are under way/],
  [
    'more than the limit together',
    [beginFrame(1, 600_000, 1), beginFrame(2, 600_000, 1)],
    /more than the limit of 1048576 together/,
  ],
  [
    'a begin that says more',
    [messageFrame(FRAME_KINDS.begin, 1, Buffer.alloc(16))],
    /the begin of a message has 16 bytes/,
  ],
];

describe('hostile messages', () => {
  for (const [name, frames, reason] of hostile) {
    it(`refuses ${name}: typed, in words to both sides, nothing handed out`, async () => {
      const { link, server, serverSaw, clientSaw } = await connect();
      for (const frame of frames) link.dialled.write(frame, () => {});
      link.dialled.write(recordFrame(1, Buffer.alloc(8)), () => {});
      await settle();
      assert.equal(serverSaw.closes[0]?.code, 'PROTOCOL_ERROR');
      assert.match(serverSaw.closes[0].message, reason);
      assert.match(clientSaw.closes[0]!.message, reason);
      assert.equal(serverSaw.records.length, 0);
      assert.equal(server.isOpen, false);
    });
  }

  it('survives any frames in any order: whole messages, or one refusal', async () => {
    const stream = fc.integer({ min: 0, max: 3 });
    const length = fc.oneof(fc.integer({ min: 0, max: 400 }), fc.constant(500_000));
    const frame = fc.oneof(
      fc.tuple(stream, length, fc.integer({ min: 0, max: 4 })).map((a) => beginFrame(...a)),
      fc.tuple(stream, fc.integer({ min: 0, max: 400 })).map((a) => part(...a)),
      fc.integer({ min: 0, max: 400 }).map((bytes) => recordFrame(1, Buffer.alloc(bytes))),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 30 }), async (frames) => {
        const { link, serverSaw } = await connect();
        link.dialled.write(Buffer.concat(frames), () => {});
        await settle(6);
        assert.ok(serverSaw.closes.length <= 1);
        assert.ok(serverSaw.closes.every((error) => error?.code === 'PROTOCOL_ERROR'));
      }),
      { numRuns: 200 },
    );
  });

  it('gives a message ten seconds from part to part, then forgets it', async () => {
    const { clock, link, serverSaw } = await connect();
    const frames = messageFrames(9, 1, Buffer.alloc(4 * PART_BYTES));
    for (const one of frames.slice(0, 4)) {
      link.dialled.write(one, () => {});
      await settle();
      clock.advance(9_000);
    }
    assert.deepEqual(serverSaw.closes, [], 'it gets on');
    // Other frames do not help a message that stands still.
    link.dialled.write(recordFrame(1, Buffer.alloc(8)), () => {});
    await settle();
    clock.advance(1_000);
    assert.equal(serverSaw.records.length, 1);
    assert.match(String(serverSaw.closes[0]), /not completed in time/);
    link.dialled.write(frames[4]!, () => {});
    await settle();
    assert.equal(serverSaw.records.length, 1);
  });

  it('calls an end inside a message a protocol error', async () => {
    const { link, serverSaw } = await connect();
    for (const one of messageFrames(9, 1, Buffer.alloc(LONG)).slice(0, 3)) {
      link.dialled.write(one, () => {});
    }
    link.dialled.end();
    await settle();
    assert.equal(serverSaw.closes[0]?.code, 'PROTOCOL_ERROR');
    assert.match(serverSaw.closes[0].message, /ended inside a frame, after 131040 bytes/);
  });
});
