import { equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../core/config/limits.js';
import {
  CACHE_STRETCH,
  createLane,
  LANE_DATA_OFFSET,
  LANE_HEAD_INDEX,
  LANE_LAYOUT,
  LANE_TAIL_INDEX,
  openLane,
} from '../../../core/memory/lane-descriptor.js';
import { RECORD_LAYOUT } from '../../../core/memory/record-descriptor.js';
import { REGION_LAYOUT } from '../../../core/memory/region-descriptor.js';
import { OWNERS } from './lane-pair.js';

/** A lane with one 32-bit word of its header overwritten. */
function spoiled(offset: number, value: number): SharedArrayBuffer {
  const buffer = createLane(OWNERS, 64);
  new Int32Array(buffer)[offset >> 2] = value;
  return buffer;
}

function fieldOffset(name: string): number {
  const field = LANE_LAYOUT.fields.find((candidate) => candidate.name === name);
  ok(field, name);
  return field.offset;
}

test('an opened lane shows its owners, capacity and start', () => {
  const memory = openLane(createLane(OWNERS, 64, 2 ** 32 - 64), OWNERS);
  equal(memory.capacity, 64);
  equal(memory.producer, OWNERS.producer);
  equal(memory.consumer, OWNERS.consumer);
  equal(memory.bytes.length, 64);
  equal(memory.words.length, 16);
  equal(memory.words.byteOffset, LANE_DATA_OFFSET);
  equal(Atomics.load(memory.control, LANE_TAIL_INDEX), -64);
  equal(Atomics.load(memory.control, LANE_HEAD_INDEX), -64);
});

test('memory that is not a lane is refused, and the message says why', () => {
  const refusals: readonly [SharedArrayBuffer, RegExp][] = [
    [spoiled(fieldOffset('magic'), 1), /magic 1 is not/],
    [spoiled(fieldOffset('version'), 2), /layout 2 is not 1/],
    [spoiled(fieldOffset('capacity'), 128), /capacity 128 does not fit/],
    [spoiled(fieldOffset('producer'), 4), /joins 4 to 5, not 3 to 5/],
    [spoiled(fieldOffset('consumer'), 6), /joins 3 to 6, not 3 to 5/],
    [new SharedArrayBuffer(LANE_DATA_OFFSET + 64), /magic 0 is not/],
  ];
  for (const [buffer, message] of refusals) {
    throws(() => openLane(buffer, OWNERS), { code: 'PROTOCOL_ERROR', message });
  }
});

test('memory shorter than the header of a lane is refused, not read', () => {
  for (const length of [0, 3, 16, LANE_DATA_OFFSET - 4]) {
    throws(() => openLane(new SharedArrayBuffer(length), OWNERS), {
      code: 'PROTOCOL_ERROR',
      message: new RegExp(`${length} bytes`),
    });
  }
});

test('owners in the wrong order are other owners', () => {
  const swapped = { producer: OWNERS.consumer, consumer: OWNERS.producer };
  throws(() => openLane(createLane(OWNERS, 64), swapped), /joins 3 to 5, not 5 to 3/);
});

test('a capacity is a power of two that holds a record, a start is aligned', () => {
  for (const capacity of [0, -64, 63, 100, 1, 4, LIMITS.laneCapacityBytesMax * 2]) {
    throws(() => createLane(OWNERS, capacity), /lane capacity/, `capacity ${capacity}`);
  }
  throws(() => createLane(OWNERS, 64, 4), /multiple of the record alignment/);
});

test('tail, head and data lie two cache lines apart, so that nobody shares one', () => {
  equal(CACHE_STRETCH, 128);
  for (const [before, after] of [
    ['capacity', 'tail'],
    ['tail', 'head'],
    ['head', 'data'],
  ] as const) {
    const apart = Math.floor(fieldOffset(after) / 128) - Math.floor(fieldOffset(before) / 128);
    ok(apart >= 1, `${before} and ${after}`);
  }
  equal(LANE_TAIL_INDEX * 4, fieldOffset('tail'));
  equal(LANE_HEAD_INDEX * 4, fieldOffset('head'));
});

test('the fields of every layout lie in order, inside it, and do not overlap', () => {
  for (const layout of [LANE_LAYOUT, RECORD_LAYOUT, REGION_LAYOUT]) {
    let end = 0;
    for (const { name, offset, lengthBytes } of layout.fields) {
      ok(offset >= end && offset % 4 === 0, `${layout.name}.${name}`);
      end = offset + lengthBytes;
    }
    ok(end <= layout.lengthBytes, layout.name);
  }
});
