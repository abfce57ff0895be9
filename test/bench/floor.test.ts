import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBuffer } from 'flatbuffers';
import { BARE_LANE_BYTES, BareLane } from '../../bench/floor/bare-lane.js';
import { BytesEcho, FrameEcho } from '../../bench/floor/socket-echo.js';
import { LaneEcho } from '../../bench/floor/lane-echo.js';
import { LaneTell } from '../../bench/floor/lane-tell.js';
import { PostEcho } from '../../bench/floor/post-echo.js';
import {
  invocationRecord,
  replyRecord,
  type StampedRecord,
} from '../../bench/floor/stamped-record.js';
import { Invocation, Reply } from '../../schemas/gen/index.js';

function patched(record: StampedRecord, call: number, value: number): ByteBuffer {
  const words = record.words.slice();
  words[record.callIndex] = call;
  words[record.valueIndex] = value;
  return new ByteBuffer(new Uint8Array(words.buffer));
}

test('a stamped call is a FlatBuffer that the accessors read', () => {
  const call = Invocation.getRootAsInvocation(patched(invocationRecord(), 77, -5));
  deepEqual([call.call(), call.recipient(), call.method()], [77, 7, 3]);
  deepEqual([call.deadline(), call.incarnation(), call.argumentCount()], [10_000, 1, 1]);
  const bytes = Buffer.from(call.argumentsArray()!);
  deepEqual([bytes.readInt32LE(0), bytes.readInt32LE(4)], [1, -5]);
});

test('a stamped reply is one, too', () => {
  const reply = Reply.getRootAsReply(patched(replyRecord(), 78, 6));
  deepEqual([reply.call(), reply.status()], [78, 0]);
  equal(Buffer.from(reply.valueArray()!).readInt32LE(4), 6);
});

test('a bare lane hands over what was written, round and round, and is full at its end', () => {
  const memory = new SharedArrayBuffer(BARE_LANE_BYTES);
  const record = invocationRecord();
  const writer = new BareLane(memory, 0, record);
  const reader = new BareLane(memory, 0, record);
  let written = 0;
  let read = 0;
  for (let round = 0; round < 5; round++) {
    while (writer.write(written, written * 3)) written++;
    equal(
      reader.drain(() => undefined),
      0,
      'nothing is seen before it is published',
    );
    writer.publish();
    reader.drain((call, value) => {
      deepEqual([call, value], [read, read * 3]);
      read++;
    });
    equal(read, written);
  }
  equal(written > 4 * Math.floor((1 << 20) / (record.words.length * 4 + 8)), true);
});

for (const { name, start } of [
  { name: 'bare lanes', start: LaneEcho.start },
  { name: 'postMessage', start: PostEcho.start },
  { name: 'socket frames', start: FrameEcho.start },
]) {
  test(`${name}: every number comes back to the call that sent it`, async () => {
    const echo = await start();
    try {
      const values = Array.from({ length: 500 }, (_, index) => index * 7 - 1_000);
      deepEqual(await Promise.all(values.map((value) => echo.ask(value))), values);
      equal(await echo.ask(42), 42);
    } finally {
      await echo.close();
    }
  });
}

test('a bare lane of one-way records loses none', async () => {
  const lane = await LaneTell.start();
  try {
    for (let value = 0; value < 100_000; value++) lane.tell(value);
    await lane.ready();
    deepEqual(await lane.received(), { count: 100_000, sum: (100_000 * 99_999) / 2 });
  } finally {
    await lane.close();
  }
});

test('large messages come back whole over the socket', async () => {
  const echo = await BytesEcho.start(Buffer.alloc(300_001, 'ringlane '));
  try {
    deepEqual(await Promise.all([echo.ask(), echo.ask()]), [300_001, 300_001]);
  } finally {
    await echo.close();
  }
});
