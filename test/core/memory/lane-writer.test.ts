import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { LANE_HEAD_INDEX, LANE_TAIL_INDEX } from '../../../core/memory/lane-descriptor.js';
import { FULL } from '../../../core/memory/lane-writer.js';
import { drainAll, lanePair, put, seenAs, spaceOf } from './lane-pair.js';

/** Positions from which the 32-bit words wrap soon, beside the ordinary ones. */
const STARTS = [0, 8, 2 ** 31 - 64, 2 ** 31 - 8, 2 ** 32 - 64, 2 ** 32 - 8];

for (const start of STARTS) {
  test(`a lane that starts at ${start} can be filled exactly and drained, again and again`, () => {
    const { writer, reader } = lanePair(64, start);
    for (let lap = 1; lap <= 20; lap++) {
      for (let i = 0; i < 8; i++) equal(put(writer, 0, 0, lap + i), true, `lap ${lap}, ${i}`);
      equal(writer.usedBytes(), 64);
      equal(writer.claim(0), FULL);
      writer.publish();
      equal(writer.claim(0), FULL);
      deepEqual(
        drainAll(reader),
        [0, 1, 2, 3, 4, 5, 6, 7].map((i) => seenAs(0, 0, lap + i)),
      );
      equal(writer.usedBytes(), 0);
      equal(reader.hasRecords(), false);
    }
  });

  test(`a lane that starts at ${start} takes records up to half a lane anywhere`, () => {
    for (let length = 0; length <= 64 - 8; length++) {
      const { writer, reader } = lanePair(128, start);
      for (let i = 0; i < 64; i++) {
        equal(put(writer, length, i), true, `length ${length}, record ${i}`);
        writer.publish();
        deepEqual(drainAll(reader), [seenAs(length, i)]);
      }
    }
  });
}

test('unpublished records are invisible, and one publication shows all of them', () => {
  const { memory, writer, reader } = lanePair(256);
  put(writer, 8, 1);
  put(writer, 16, 2);
  equal(reader.hasRecords(), false);
  deepEqual(drainAll(reader), []);
  equal(Atomics.load(memory.control, LANE_TAIL_INDEX), 0);
  equal(writer.unpublishedBytes, 40);
  equal(writer.publish(), true);
  equal(Atomics.load(memory.control, LANE_TAIL_INDEX), 40);
  equal(writer.unpublishedBytes, 0);
  equal(reader.hasRecords(), true);
  equal(drainAll(reader).length, 2);
});

test('publishing nothing answers false and stores nothing', () => {
  const { writer } = lanePair(64);
  equal(writer.publish(), false);
  put(writer, 0, 0);
  equal(writer.publish(), true);
  equal(writer.publish(), false);
});

test('a claim that is not committed leaves its room to the next one', () => {
  const { writer, reader } = lanePair(64);
  const first = writer.claim(24);
  writer.bytes.fill(9, first, first + 24);
  equal(writer.claim(8), first);
  equal(writer.publish(), false);
  put(writer, 8, 1);
  writer.claim(24);
  put(writer, 16, 2);
  writer.publish();
  deepEqual(drainAll(reader), [
    { type: 1, length: 8, fill: 1 },
    { type: 1, length: 16, fill: 2 },
  ]);
});

test('a commit may be shorter than its claim and frees the difference', () => {
  const { writer, reader } = lanePair(64);
  const offset = writer.claim(48);
  writer.bytes.fill(7, offset, offset + 8);
  writer.commit(8, 4);
  equal(writer.usedBytes(), 16);
  equal(put(writer, 40, 5), true);
  equal(writer.claim(0), FULL);
  writer.publish();
  deepEqual(drainAll(reader), [
    { type: 4, length: 8, fill: 7 },
    { type: 1, length: 40, fill: 5 },
  ]);
});

test('a commit may be shorter than its claim after padding too', () => {
  const { writer, reader } = lanePair(64);
  put(writer, 40, 1);
  writer.publish();
  drainAll(reader);
  equal(writer.claim(24), 8, 'the record starts at the start of the lane');
  writer.bytes.fill(2, 8, 16);
  writer.commit(8, 1);
  writer.publish();
  deepEqual(drainAll(reader), [{ type: 1, length: 8, fill: 2 }]);
  equal(writer.usedBytes(), 0);
});

test('claims are 8-byte aligned and follow the header', () => {
  const { writer } = lanePair(256);
  for (const length of [0, 1, 7, 8, 9, 15]) {
    const before = writer.usedBytes();
    equal(writer.claim(length), before + 8);
    writer.commit(length, 1);
    equal(writer.usedBytes(), before + spaceOf(length));
  }
});

test('a writer keeps to its copy of head until that has no room, then looks again', () => {
  const { memory, writer, reader } = lanePair(64);
  for (let i = 0; i < 4; i++) put(writer, 8, i);
  writer.publish();
  equal(writer.claim(8), FULL);
  drainAll(reader, 1);
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), 16);
  equal(writer.claim(16), FULL, 'one record of room is not two');
  equal(put(writer, 8, 9), true);
  equal(writer.claim(0), FULL);
});

test('a claim may take exactly what was given back since the writer last looked', () => {
  const { writer, reader } = lanePair(64);
  for (let i = 0; i < 4; i++) put(writer, 8, i);
  writer.publish();
  drainAll(reader, 1);
  equal(writer.claim(8), 8, 'one record');
  drainAll(reader);
  equal(put(writer, 56, 9), true, 'the whole lane');
  equal(writer.claim(0), FULL);
});

test('a record that fits neither the end nor half of the lane is a mistake of the caller', () => {
  const { writer, reader } = lanePair(64);
  put(writer, 8, 1);
  writer.publish();
  drainAll(reader);
  throws(() => writer.claim(48), /a record is at most half a lane/);
  equal(put(writer, 40, 2), true, 'to the end of an empty lane there may be more room than half');
});

test('full stays a value at the wrap and commits nothing', () => {
  const { writer, reader } = lanePair(64);
  put(writer, 8, 1);
  put(writer, 24, 2);
  writer.publish();
  drainAll(reader, 1);
  // 16 bytes are left at the end and 16 are free at the start: 24 fit into neither.
  equal(writer.claim(16), FULL);
  equal(writer.claim(16), FULL);
  equal(writer.unpublishedBytes, 0);
  equal(writer.publish(), false);
  equal(put(writer, 8, 3), true);
  equal(put(writer, 8, 4), true);
  equal(writer.usedBytes(), 64);
  writer.publish();
  deepEqual(
    drainAll(reader).map((record) => record.fill),
    [2, 3, 4],
  );
});
