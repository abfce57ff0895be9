import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { areApart, median, percentile, spreadOf } from '../../bench/harness/statistics.js';

test('the median is the middle value, or the mean of the two middle ones', () => {
  equal(median([3]), 3);
  equal(median([10, 9, 100]), 10);
  equal(median([4, 1, 3, 2]), 2.5);
  equal(median([]), Number.NaN);
});

test('values are compared as numbers, and the given ones stay where they are', () => {
  const values = [100, 9, 20];
  equal(median(values), 20);
  deepEqual(values, [100, 9, 20]);
});

test('a percentile is the nearest rank', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
  equal(percentile(sorted, 0), 1);
  equal(percentile(sorted, 0.5), 50);
  equal(percentile(sorted, 0.501), 51);
  equal(percentile(sorted, 0.99), 99);
  equal(percentile(sorted, 0.999), 100);
  equal(percentile(sorted, 1), 100);
  equal(percentile(Float64Array.of(7), 0.99), 7);
  equal(percentile(new Float64Array(), 0.5), Number.NaN);
});

test('a spread holds median, smallest and largest', () => {
  deepEqual(spreadOf([5, 1, 9]), { median: 5, min: 1, max: 9 });
});

test('two spreads are apart when no round of one lies among those of the other', () => {
  const low = spreadOf([1, 2, 3]);
  equal(areApart(low, spreadOf([4, 5])), true);
  equal(areApart(spreadOf([4, 5]), low), true);
  equal(areApart(low, spreadOf([3, 5])), false);
  equal(areApart(low, spreadOf([0, 9])), false);
});
