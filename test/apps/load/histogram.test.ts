import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram, NO_LATENCY } from '../../../apps/load/histogram.js';

/** Three digits are kept: one part in a thousand. */
function assertNear(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected / 500, `${actual} is not near ${expected}`);
}

test('nothing recorded is zeros', () => {
  assert.deepEqual(new LatencyHistogram().summary(), NO_LATENCY);
});

test('percentiles of one to ten thousand microseconds', () => {
  const histogram = new LatencyHistogram();
  for (let us = 1; us <= 10_000; us++) histogram.recordMs(us / 1000);
  const summary = histogram.summary();
  assert.equal(summary.count, 10_000);
  assertNear(summary.p50Us, 5_000);
  assertNear(summary.p90Us, 9_000);
  assertNear(summary.p99Us, 9_900);
  assertNear(summary.p999Us, 9_990);
  assertNear(summary.p9999Us, 9_999);
  assertNear(summary.maxUs, 10_000);
  assertNear(summary.meanUs, 5_000.5);
});

test('percentiles never rise above the maximum', () => {
  const histogram = new LatencyHistogram();
  histogram.recordMs(123.456789);
  const { p50Us, p9999Us, maxUs } = histogram.summary();
  assert.ok(p50Us <= maxUs && p9999Us <= maxUs);
  assertNear(maxUs, 123_456.789);
});

test('one stall in a thousand calls shows at p99.9 and not at p50', () => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 9_980; i++) histogram.recordMs(0.01);
  for (let i = 0; i < 20; i++) histogram.recordMs(250);
  const { p50Us, p99Us, p999Us } = histogram.summary();
  assertNear(p50Us, 10);
  assertNear(p99Us, 10);
  assertNear(p999Us, 250_000);
});

test('keeps nanoseconds, takes what is not positive as one, and forgets', () => {
  const histogram = new LatencyHistogram();
  histogram.recordMs(0);
  histogram.recordMs(-5);
  assert.equal(histogram.percentileUs(50), 0.001);
  histogram.reset();
  assert.equal(histogram.count, 0);
});
