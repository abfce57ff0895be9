import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  align,
  isPowerOfTwo,
  sequenceBefore,
  sequenceDistance,
} from '../../../core/base/sequence.js';

const position = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const distance = fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 });

test('the distance of two positions is right across every wrap', () => {
  fc.assert(
    fc.property(position, distance, (from, step) => {
      const to = (from + step) | 0;
      equal(sequenceDistance(from, to), step);
      equal(sequenceBefore(from, to), step > 0);
      equal(sequenceBefore(to, from), step < 0);
    }),
  );
});

test('positions are compared right at both wraps', () => {
  for (const wrap of [2 ** 31, 2 ** 32]) {
    const before = (wrap - 8) | 0;
    const after = (wrap + 8) | 0;
    equal(sequenceDistance(before, after), 16);
    equal(sequenceDistance(after, before), -16);
    equal(sequenceBefore(before, after), true);
    equal(sequenceBefore(after, before), false);
    equal(sequenceBefore(after, after), false);
  }
});

test('alignment rounds up to the next multiple and leaves multiples alone', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 30 }), fc.integer({ min: 0, max: 10 }), (value, bits) => {
      const alignment = 2 ** bits;
      equal(align(value, alignment), Math.ceil(value / alignment) * alignment);
    }),
  );
});

test('powers of two are told from all other whole numbers up to 2^30', () => {
  for (let bits = 0; bits <= 30; bits++) {
    equal(isPowerOfTwo(2 ** bits), true, `2^${bits}`);
    if (bits > 1) equal(isPowerOfTwo(2 ** bits - 1), false, `2^${bits} - 1`);
    if (bits > 0) equal(isPowerOfTwo(2 ** bits + 1), bits === 0, `2^${bits} + 1`);
  }
  for (const value of [0, -1, -8, Number.NaN]) equal(isPowerOfTwo(value), false, `${value}`);
  for (const value of [2.5, 0.5, 2 ** 32, 2 ** 32 + 1, 2 ** 53, Number.POSITIVE_INFINITY]) {
    equal(isPowerOfTwo(value), false, `${value}`);
  }
});
