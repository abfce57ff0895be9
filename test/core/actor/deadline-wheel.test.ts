import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineWheel, TICK_MS } from '../../../core/actor/deadline-wheel.js';

const SLOTS = 64;

/** What happens to a wheel: relative times, so that a run may start anywhere on the time line. */
const STEPS = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('insert' as const),
      slot: fc.nat({ max: SLOTS - 1 }),
      inMs: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 40_000 }), fc.nat(2 ** 30)),
    }),
    fc.record({ kind: fc.constant('remove' as const), slot: fc.nat({ max: SLOTS - 1 }) }),
    fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 100 }), fc.nat({ max: 50_000 })),
    }),
  ),
  { maxLength: 120 },
);

const START = fc.constantFrom(0, 1, 2 ** 31 - 3000, 2 ** 32 - 3000, 2 ** 30);

test('it gives out exactly what a sorted list would, across every wrap', () => {
  fc.assert(
    fc.property(START, STEPS, (start, steps) => {
      const wheel = new DeadlineWheel();
      wheel.grow(SLOTS);
      const list = new Map<number, number>();
      let nowMs = start;
      const expire = (): void => {
        const due = [...list].filter(([, at]) => at <= nowMs).map(([slot]) => slot);
        for (const slot of due) list.delete(slot);
        const given: number[] = [];
        wheel.expire(nowMs | 0, (slot) => given.push(slot));
        deepEqual(given.sort(ascending), due.sort(ascending));
      };
      expire();
      for (const step of steps) {
        if (step.kind === 'pass') {
          nowMs += step.ms;
          expire();
        } else if (step.kind === 'remove') {
          if (list.delete(step.slot)) wheel.remove(step.slot);
        } else if (!list.has(step.slot)) {
          list.set(step.slot, nowMs + step.inMs);
          wheel.insert(step.slot, (nowMs + step.inMs) | 0);
        }
      }
      nowMs += 2 ** 30 + 1;
      expire();
      equal(list.size, 0);
    }),
    { numRuns: 1_000 },
  );
});

function ascending(a: number, b: number): number {
  return a - b;
}

test('nothing is given out early, and a due one at the next look', () => {
  const wheel = new DeadlineWheel();
  wheel.grow(1);
  for (const inMs of [1, TICK_MS - 1, TICK_MS, 16_384, 16_385, 100_000, 2_073_600_000]) {
    const startMs = 12_345;
    const given: number[] = [];
    wheel.expire(startMs, () => {});
    wheel.insert(0, (startMs + inMs) | 0);
    wheel.expire((startMs + inMs - 1) | 0, (slot) => given.push(slot));
    equal(given.length, 0, `${inMs} ms, one before`);
    wheel.expire((startMs + inMs) | 0, (slot) => given.push(slot));
    deepEqual(given, [0], `${inMs} ms`);
  }
});

test('growing keeps what waits', () => {
  const wheel = new DeadlineWheel();
  for (let slots = 1; slots <= 256; slots *= 2) {
    wheel.grow(slots);
    for (let slot = slots >> 1; slot < slots; slot++) wheel.insert(slot, 1000 + (slot % 5));
  }
  const given: number[] = [];
  wheel.expire(999, (slot) => given.push(slot));
  ok(given.length === 0);
  wheel.expire(1004, (slot) => given.push(slot));
  equal(new Set(given).size, 256);
});

test('a look after a long pause finds everything that was missed', () => {
  const wheel = new DeadlineWheel();
  wheel.grow(1024);
  for (let slot = 0; slot < 1024; slot++) wheel.insert(slot, slot * 300);
  let count = 0;
  wheel.expire(1024 * 300, () => count++);
  equal(count, 1024);
});
