import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { LANE_HEAD_INDEX, LANE_TAIL_INDEX } from '../../../core/memory/lane-descriptor.js';
import type { LaneReader, RecordSource } from '../../../core/memory/lane-reader.js';
import { drainAll, type LanePair, lanePair, OWNERS, put, seenAs } from './lane-pair.js';

function handOver(reader: LaneReader, onRecord: (fill: number) => void, limit = 1000): number {
  return reader.drain(
    { onRecord: (source, _type, offset) => onRecord(source.bytes[offset]!) },
    limit,
  );
}

function filled(count: number, capacity = 1024): LanePair {
  const pair = lanePair(capacity);
  for (let i = 0; i < count; i++) put(pair.writer, 8, i);
  pair.writer.publish();
  return pair;
}

test('a drain hands over type, offset and length of every record and answers how many', () => {
  const { writer, reader, memory } = lanePair(256);
  put(writer, 0, 0, 7);
  put(writer, 12, 5, 2_147_483_647);
  writer.publish();
  const seen: unknown[] = [];
  const onRecord = (source: RecordSource, ...rest: number[]): void => {
    equal(source, reader);
    seen.push(rest);
  };
  equal(reader.drain({ onRecord }, 10), 2);
  deepEqual(seen, [
    [7, 8, 0],
    [2_147_483_647, 16, 16],
  ]);
  equal(reader.words.buffer, memory.buffer);
  equal(reader.producer, OWNERS.producer);
});

test('a drain stops at its limit and goes on there', () => {
  const { reader, memory } = filled(5);
  equal(
    handOver(reader, () => {}, 0),
    0,
  );
  deepEqual(
    drainAll(reader, 2).map((record) => record.fill),
    [0, 1],
  );
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 32);
  equal(reader.hasRecords(), true);
  deepEqual(
    drainAll(reader, 9).map((record) => record.fill),
    [2, 3, 4],
  );
  equal(reader.hasRecords(), false);
});

test('padding does not count against the limit', () => {
  const { writer, reader } = lanePair(64);
  put(writer, 40, 1);
  writer.publish();
  drainAll(reader);
  put(writer, 24, 2);
  put(writer, 8, 3);
  writer.publish();
  deepEqual(drainAll(reader, 1), [seenAs(24, 2)]);
  deepEqual(drainAll(reader, 1), [seenAs(8, 3)]);
});

test('padding that is left behind by a limit is read by the next drain', () => {
  const { writer, reader } = lanePair(64);
  put(writer, 40, 1);
  writer.publish();
  // The claim pads the end; without a commit only the padding is published.
  equal(writer.claim(24), -1);
  deepEqual(drainAll(reader, 1), [seenAs(40, 1)]);
  equal(writer.claim(24), 8);
  equal(writer.publish(), true);
  equal(reader.hasRecords(), true);
  deepEqual(drainAll(reader, 1), []);
  equal(reader.hasRecords(), false);
  equal(writer.usedBytes(), 0);
});

test('records at the end, at the end but one header, and past it keep their content', () => {
  // Offsets of 48, 56 and 64 in a lane of 64: room for a header and a word, a header, nothing.
  for (const [before, position] of [
    [40, 48],
    [48, 56],
    [56, 0],
  ] as const) {
    for (const length of [0, 8, 16, 24]) {
      const { writer, reader } = lanePair(64);
      put(writer, before, 1);
      writer.publish();
      drainAll(reader);
      const fits = position === 0 || position + 8 + length <= 64;
      equal(writer.claim(length), fits ? position + 8 : 8, `${length} bytes at ${position}`);
      put(writer, length, 2);
      writer.publish();
      deepEqual(drainAll(reader), [seenAs(length, 2)], `${length} bytes at ${position}`);
    }
  }
});

test('the bytes are given back only after the batch', () => {
  const { reader, memory } = filled(3);
  handOver(reader, () => equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 0));
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 48);
});

test('a handler that throws has consumed its record, and the next drain goes on after it', () => {
  const { reader, memory } = filled(4);
  const seen: number[] = [];
  const failing = (fill: number): void => {
    seen.push(fill);
    if (fill === 1) throw new Error('handler');
  };
  throws(() => handOver(reader, failing), /^Error: handler$/);
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 32);
  equal(handOver(reader, failing), 2);
  deepEqual(seen, [0, 1, 2, 3]);
});

test('a drain inside a handler of the same lane reads nothing, and order is kept', () => {
  const { reader, memory } = filled(3);
  const seen: number[] = [];
  handOver(reader, (fill) => {
    seen.push(fill);
    equal(
      handOver(reader, () => seen.push(-1)),
      0,
    );
    equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 0, 'the inner drain gave nothing back');
    equal(reader.hasRecords(), fill < 2);
  });
  deepEqual(seen, [0, 1, 2]);
});

test('a drain works again after a handler threw from inside a nested drain', () => {
  const { reader } = filled(2);
  throws(() =>
    handOver(reader, () => {
      handOver(reader, () => {});
      throw new Error('outer');
    }),
  );
  equal(
    handOver(reader, () => {}),
    1,
  );
});

test('records published while a drain runs wait for the next one', () => {
  const { reader, writer } = filled(1);
  const publishMore = (): void => {
    put(writer, 8, 9);
    writer.publish();
  };
  equal(handOver(reader, publishMore), 1);
  equal(reader.hasRecords(), true);
  deepEqual(drainAll(reader), [seenAs(8, 9)]);
});

/** Writes `length` over the header of the second of three records of 16 bytes in 64. */
function corrupt(length: number, type = 1): LanePair {
  const pair = filled(3, 64);
  pair.memory.words[4] = length;
  pair.memory.words[5] = type;
  return pair;
}

for (const length of [0, 4, -16, 12, 17, 40, 64, 2 ** 31 - 8, -(2 ** 31)]) {
  test(`a record length of ${length} is refused by name and stops the lane there`, () => {
    const { reader, memory } = corrupt(length);
    const seen: number[] = [];
    const drain = (): number => handOver(reader, (fill) => seen.push(fill));
    const error = { code: 'PROTOCOL_ERROR', message: /thread 3: record length -?\d+ at offset 16/ };
    throws(drain, error);
    deepEqual(seen, [0], 'the record before it is delivered');
    equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 16);
    throws(drain, error);
    deepEqual(seen, [0], 'nothing after it is delivered');
  });
}

test('a record that would run over the end of the lane is refused', () => {
  const { writer, reader, memory } = lanePair(64);
  put(writer, 40, 1);
  writer.publish();
  drainAll(reader);
  put(writer, 8, 2);
  put(writer, 8, 3);
  writer.publish();
  // 32 bytes are published, but only 16 lie between offset 48 and the end.
  memory.words[48 >> 2] = 32;
  throws(() => drainAll(reader), { code: 'PROTOCOL_ERROR', message: /length 32 at offset 48/ });
});

test('padding that does not end at the end of the lane is refused', () => {
  const { reader } = corrupt(16, -1);
  throws(() => drainAll(reader), { code: 'PROTOCOL_ERROR', message: /length 16 at offset 16/ });
});

for (const tail of [-16, 80, 2 ** 30]) {
  test(`a tail of ${tail} in a lane of 64 bytes never makes a handler read outside`, () => {
    const { reader, memory } = filled(4, 64);
    Atomics.store(memory.control, LANE_TAIL_INDEX, tail);
    // Read as 16-byte records the ring goes round for ever: only the distance can stop it.
    throws(() => drainAll(reader), { code: 'PROTOCOL_ERROR' });
  });
}

test('taking stops at the first record that is left, and a drain goes on there', () => {
  const { reader, memory } = filled(5);
  const taken: number[] = [];
  const takeRecord = (_type: number, offset: number): boolean => {
    const fill = reader.bytes[offset]!;
    if (fill === 3) return false;
    taken.push(fill);
    return true;
  };
  equal(reader.take({ takeRecord }), true);
  deepEqual(taken, [0, 1, 2]);
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 48);
  equal(reader.take({ takeRecord }), false, 'nothing was taken');
  deepEqual(
    drainAll(reader).map(({ fill }) => fill),
    [3, 4],
  );
  equal(reader.take({ takeRecord }), false, 'nothing is there');
});

test('what a handler takes ahead of itself, its drain does not hand over again', () => {
  // Once round the ring, so that the end of the drain lies beyond a padding record.
  const { writer, reader } = lanePair(128);
  for (let i = 0; i < 3; i++) put(writer, 24, 9);
  writer.publish();
  equal(drainAll(reader).length, 3);
  for (let i = 0; i < 3; i++) put(writer, 24, i);
  writer.publish();
  const seen: number[] = [];
  const ahead: number[] = [];
  const onRecord = (source: RecordSource, _type: number, offset: number): void => {
    seen.push(source.bytes[offset]!);
    put(writer, 8, 7);
    writer.publish();
    const takeRecord = (_: number, at: number): boolean => ahead.push(reader.bytes[at]!) > 0;
    reader.take({ takeRecord });
  };
  equal(reader.drain({ onRecord }, 100), 1);
  deepEqual(seen, [0]);
  deepEqual(ahead, [1, 2, 7]);
  equal(reader.hasRecords(), false);
});
