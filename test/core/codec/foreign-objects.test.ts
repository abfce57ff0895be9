import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { refuseForeign } from '../../../core/codec/foreign-objects.js';
import { TAG_MSGPACK } from '../../../core/codec/value-codec.js';
import { LIMITS } from '../../../core/config/limits.js';
import { encode } from './codec-support.js';

const LIMIT = LIMITS.foreignObjects;

/** How many objects are counted past the limit; undefined when nothing is refused. */
function pastLimit(...values: readonly unknown[]): number | undefined {
  const encoded = encode(values);
  const place = { payloadOffset: encoded.offset, payloadLength: encoded.length };
  const refusal = refuseForeign(encoded, place, 'arguments');
  if (refusal?.code === 'PROTOCOL_ERROR') throw refusal;
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

test('patterns of regular expressions, which take long to read, count by their bytes', () => {
  equal(pastLimit(new RegExp('a'.repeat(LIMIT / 8))), 2);
  equal(pastLimit([new RegExp('a'.repeat(LIMIT / 8 - 1)), new Map()]), undefined);
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
  [/x/g, 10],
  [new RegExp('x'.repeat(300)), 2 + 8 * 300],
  [new ArrayBuffer(300), 1],
];

test('what lies behind every form of MessagePack is counted', () => {
  const values = FORMS.map(([value]) => value);
  const objects = FORMS.reduce((sum, [, each]) => sum + each, 0);
  equal(pastLimit([...values, crowd(LIMIT)]), 1 + objects);
});

test('what no peer writes, and would make much work of few bytes, is refused', () => {
  const odd = [
    'd5720040',
    'd47300d67000000001',
    'd67300000000c0',
    'd47800d67000000001',
    'd47800929090',
  ];
  const more = [
    'd66900000001a141',
    'd66900000001d90141',
    'd4650091a141',
    'c70462000000ff90',
    'd4780092a090',
  ];
  const refusals = [...odd, ...more].map((hex) => refusalOf(Buffer.from(hex, 'hex')));
  deepEqual(refusals, Array(10).fill('PROTOCOL_ERROR'));
  for (const hex of ['d4730090', 'd6690000000190', 'd4724091a14101', 'd4780092a0a0']) {
    equal(refusalOf(Buffer.from(hex, 'hex')), undefined, hex);
  }
});

test('nothing that we write is refused, shared and cyclic parts included', () => {
  const kinds = { withMap: true, withSet: true, withDate: true, withTypedArray: true };
  const anything = fc.anything({ ...kinds, withBigInt: true, withSparseArray: true });
  fc.assert(
    fc.property(anything, fc.string({ unit: 'binary' }), (value, text) => {
      const parts = [value, new Set([value]), new Map([[text, value]]), /a/u, new Error(text)];
      equal(pastLimit([...parts, ...parts, parts, -0], value), undefined);
    }),
    { numRuns: 500 },
  );
});

function refusalOf(pack: Buffer): string | undefined {
  const bytes = Buffer.alloc(8 + ((pack.length + 3) & -4));
  bytes.writeInt32LE(TAG_MSGPACK, 0);
  bytes.writeInt32LE(pack.length, 4);
  pack.copy(bytes, 8);
  const words = new Int32Array(new Uint8Array(bytes).buffer);
  const place = { payloadOffset: 0, payloadLength: bytes.length };
  return refuseForeign({ words, bytes }, place, 'result')?.code;
}
