import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBuffer } from 'flatbuffers';
import { BARE_LANE_BYTES, BareLane } from '../../bench/floor/bare-lane.js';
import { BytesEcho, FrameEcho } from '../../bench/floor/socket-echo.js';
import { LaneEcho } from '../../bench/floor/lane-echo.js';
import { LaneTell } from '../../bench/floor/lane-tell.js';
import { PostEcho } from '../../bench/floor/post-echo.js';
import { FLOOR_FIELDS, stampedRecord } from '../../bench/floor/stamped-record.js';

test('a stamped record is a FlatBuffer, read through its vtable', () => {
  const { words, callIndex, valueIndex } = stampedRecord();
  words[callIndex] = 77;
  words[valueIndex] = -5;
  const buffer = new ByteBuffer(new Uint8Array(words.buffer));
  const root = buffer.readInt32(0);
  const at = (name: keyof typeof FLOOR_FIELDS): number =>
    root + buffer.__offset(root, 4 + 2 * FLOOR_FIELDS[name]);
  deepEqual([buffer.readInt32(at('call')), buffer.readInt32(at('endpoint'))], [77, 7]);
  deepEqual([buffer.readInt32(at('deadline')), buffer.readInt16(at('method'))], [10_000, 3]);
  deepEqual([buffer.readInt8(at('kind')), buffer.readInt8(at('flags'))], [1, 0]);
  const payload = buffer.__vector(at('payload'));
  equal(buffer.__vector_len(at('payload')), 12);
  deepEqual([buffer.readInt32(payload), buffer.readInt32(payload + 4)], [1, -5]);
});

test('a bare lane hands over what was written, round and round, and is full at its end', () => {
  const memory = new SharedArrayBuffer(BARE_LANE_BYTES);
  const writer = new BareLane(memory, 0);
  const reader = new BareLane(memory, 0);
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
  const recordBytes = stampedRecord().words.length * 4;
  equal(written > 4 * Math.floor((1 << 20) / (recordBytes + 8)), true);
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
