import { deepEqual, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, DeadLetterDemand, readMetrics } from '../../../core/metrics/counters.js';
import {
  COUNTER_NAMES,
  createMetricsMemory,
  METRICS_LAYOUT,
  openMetricsMemory,
} from '../../../core/metrics/metrics-descriptor.js';

test('every counter of every thread has a place of its own', () => {
  const memory = createMetricsMemory(3);
  for (let thread = 0; thread < 3; thread++) {
    const counters = new Counters(memory, thread);
    COUNTER_NAMES.forEach((name, index) => {
      for (let times = 0; times < 1 + index + 100 * thread; times++) counters.add(name);
    });
  }
  const { total, home, workers } = readMetrics(openMetricsMemory(memory.buffer));
  equal(workers.length, 2);
  COUNTER_NAMES.forEach((name, index) => {
    deepEqual(
      [home[name], workers[0]![name], workers[1]![name], total[name]],
      [1 + index, 101 + index, 201 + index, 303 + 3 * index],
    );
  });
});

test('a counter goes on past 32 bits', () => {
  const memory = createMetricsMemory(1);
  memory.counters[COUNTER_NAMES.indexOf('lateAnswers')] = 2n ** 32n - 1n;
  const counters = new Counters(memory, 0);
  counters.add('lateAnswers');
  equal(counters.value('lateAnswers'), 2 ** 32);
});

test('memory that is not counters is refused', () => {
  const whole = createMetricsMemory(2).buffer;
  const bad = [new SharedArrayBuffer(0), new SharedArrayBuffer(8), new SharedArrayBuffer(4096)];
  for (const field of METRICS_LAYOUT.fields.slice(0, 3)) {
    const spoiled = new SharedArrayBuffer(whole.byteLength);
    new Uint8Array(spoiled).set(new Uint8Array(whole));
    new Int32Array(spoiled)[field.offset >> 2] = 77;
    bad.push(spoiled);
  }
  for (const buffer of bad) throws(() => openMetricsMemory(buffer), { code: 'PROTOCOL_ERROR' });
});

test('the demand for dead letters is seen by whoever opens the memory', () => {
  const memory = createMetricsMemory(1);
  const seen = new DeadLetterDemand(openMetricsMemory(memory.buffer));
  const demand = new DeadLetterDemand(memory);
  equal(seen.exists(), false);
  demand.add(1);
  demand.add(1);
  demand.add(-1);
  equal(seen.exists(), true);
  demand.add(-1);
  equal(seen.exists(), false);
});
