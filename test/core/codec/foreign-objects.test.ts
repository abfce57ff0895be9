import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { refuseManyObjects } from '../../../core/codec/foreign-objects.js';
import { LIMITS } from '../../../core/config/limits.js';
import { encode } from './codec-support.js';

const LIMIT = LIMITS.foreignObjects;

/** How many objects are counted past the limit; undefined when nothing is refused. */
function pastLimit(...values: readonly unknown[]): number | undefined {
  const encoded = encode(values);
  const place = { payloadOffset: encoded.offset, payloadLength: encoded.length };
  const refusal = refuseManyObjects(encoded, place, 'arguments');
  return refusal && refusal.actual! - LIMIT;
}

/** MessagePack of `count` objects. */
function crowd(count: number): unknown[] {
  return [new Map(), ...Array.from({ length: count - 2 }, () => [])];
}

test('as many objects as the limit pass, one more is refused, with both numbers', () => {
  equal(pastLimit(crowd(LIMIT)), undefined);
  equal(pastLimit(crowd(LIMIT + 1)), 1);
});

test('all arguments of a call count together, whatever lies between them', () => {
  const half = crowd(LIMIT / 2);
  const between = [1, -0.5, null, undefined, true, false, 7n, 'text', 'é', '\ud800', { a: [{}] }];
  equal(pastLimit(half, ...between, new Uint8Array(5), Buffer.alloc(3), half), undefined);
  equal(pastLimit(half, ...between, new Uint8Array(5), Buffer.alloc(3), half, new Set()), 2);
});

test('texts, numbers and bytes are no objects, however much they look like some', () => {
  const bytes = Buffer.alloc(LIMIT * 2, 0x90);
  const numbers = Array.from({ length: LIMIT }, (_, i) => 0x9090 + i);
  equal(pastLimit(new Map<unknown, unknown>([[bytes, numbers]])), undefined);
  equal(pastLimit([new Map(), '\u0410'.repeat(LIMIT)]), undefined);
});

test('trees are not counted: they take a few times their bytes', () => {
  equal(pastLimit(Array.from({ length: LIMIT + 1 }, () => [])), undefined);
});

/** Every form that MessagePack has, with the objects that it is made of. */
const FORMS: readonly (readonly [value: unknown, objects: number])[] = [
  ...[0, 5, 31, 32, 255, 256, 65_535, 65_536].flatMap((length) => [
    ['\u0090'.repeat(length), 0] as const,
    [new Uint8Array(length).fill(0x90), 1] as const,
    [new Float64Array(length), 1] as const,
  ]),
  ...[0, 15, 16, 65_535, 65_536].flatMap((length) => [
    [Array.from({ length }, () => 0x90), 1] as const,
    [new Map(Array.from({ length }, (_, i) => [i, 0x90])), 1] as const,
    [new Set(Array.from({ length }, (_, i) => i)), 2] as const,
  ]),
  ...[0x90, -0x90, 0x9090, -0x9090, 0x9090_9090, -0x1090_9090, 2 ** 53 - 1, 0.1, NaN].map(
    (value) => [value, 0] as const,
  ),
  ...[0x90n, 2n ** 63n - 1n, -(2n ** 63n), null, true].map((value) => [value, 0] as const),
  [2n ** 200n, 1],
  [new Date(0x9090_9090), 1],
  [new Date(-1), 1],
  [/x/g, 2],
  [new ArrayBuffer(300), 1],
];

test('what lies behind every form of MessagePack is counted', () => {
  const values = FORMS.map(([value]) => value);
  const objects = FORMS.reduce((sum, [, each]) => sum + each, 0);
  equal(pastLimit([...values, crowd(LIMIT)]), 1 + objects);
});

test('records with ids of two bytes, which hide what follows, count at their worst', () => {
  const bytes = Buffer.alloc(8 + LIMIT + 8, 0xa0);
  bytes.writeInt32LE(13, 0);
  bytes.writeInt32LE(LIMIT + 8, 4);
  const place = { payloadOffset: 0, payloadLength: bytes.length };
  const source = {
    bytes,
    words: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2),
  };
  equal(refuseManyObjects(source, place, 'result'), undefined);
  bytes.set([0xd5, 0x72, 0, 0], 8);
  const refusal = refuseManyObjects(source, place, 'result');
  deepEqual([refusal?.code, refusal?.limit], ['RESULT_TOO_LARGE', LIMIT]);
});
