import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CancelBits } from '../../../core/memory/cancel-bits.js';
import { ParkWord } from '../../../core/memory/park-word.js';
import { createRegion, openRegion } from '../../../core/memory/region-descriptor.js';

const ASKS = 3_000;
const THREADS = 3;

test('the bits of any calls of any threads are set and cleared without touching another', () => {
  const slot = fc.oneof(fc.nat(ASKS - 1), fc.constantFrom(0, 31, 32, 1_023, 1_024, ASKS - 1));
  const step = fc.record({ thread: fc.nat(THREADS - 1), slot, on: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const region = createRegion(THREADS, ASKS);
      const opened = openRegion(region.buffer);
      const writers = Array.from({ length: THREADS }, (_, i) => new CancelBits(region, i));
      const readers = Array.from({ length: THREADS }, (_, i) => new CancelBits(opened, i));
      const set = new Set<string>();
      for (const { thread, slot: at, on } of steps) {
        if (on) writers[thread]!.set(at);
        else writers[thread]!.clear(at);
        if (on) set.add(`${thread}:${at}`);
        else set.delete(`${thread}:${at}`);
      }
      readers.forEach((reader, thread) => {
        for (let at = 0; at < ASKS; at++) equal(reader.isSet(at), set.has(`${thread}:${at}`));
      });
    }),
    { numRuns: 20 },
  );
});

test('a bit belongs to the slot: the generation of a call number changes nothing', () => {
  const bits = new CancelBits(createRegion(1, 64), 0);
  bits.set((7 << 20) | 33);
  equal(bits.isSet(33), true);
  equal(bits.isSet((0xfff << 20) | 33), true);
  bits.clear((1 << 20) | 33);
  equal(bits.isSet(33), false);
});

test('park words and cancel bits of all threads lie apart', () => {
  const region = createRegion(THREADS, ASKS);
  const words = Array.from({ length: THREADS }, (_, thread) => new ParkWord(region, thread));
  const bits = Array.from({ length: THREADS }, (_, thread) => new CancelBits(region, thread));
  for (const own of bits) for (let slot = 0; slot < ASKS; slot++) own.set(slot);
  equal(
    words.some((word) => word.isParked()),
    false,
  );
  for (const word of words) word.park();
  for (const own of bits) for (let slot = 0; slot < ASKS; slot++) own.clear(slot);
  equal(
    words.every((word) => word.isParked()),
    true,
  );
});
