import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createRegion } from '../../../core/memory/region-descriptor.js';
import { SharedTime } from '../../../core/memory/shared-time.js';

test('the shared time never goes back, also where it wraps', () => {
  const region = createRegion(2);
  const [one, other] = [new SharedTime(region), new SharedTime(region)];
  one.store(1_000);
  other.store(990);
  equal(one.load(), 1_000, 'a thread that read its clock earlier and stores later changes nothing');
  other.store(1_016);
  equal(one.load(), 1_016);
  // Steps of less than half the range: 32-bit milliseconds wrap.
  for (const later of [2 ** 30, 2 ** 31 - 1, -(2 ** 31) + 5]) {
    one.store(later | 0);
    equal(other.load(), later | 0);
  }
  other.store(2 ** 31 - 1);
  equal(one.load(), -(2 ** 31) + 5);
});

test('a service whose calls had no deadlines for weeks has the time again with the first', () => {
  const dayMs = 86_400_000;
  for (const days of [1, 24, 25, 26, 40, 49, 49.5]) {
    const time = new SharedTime(createRegion(2));
    time.store(dayMs | 0);
    const later = ((1 + days) * dayMs) | 0;
    time.store(later);
    equal(time.load(), later, `after ${days} days`);
    time.store(later - 10_000);
    equal(time.load(), later, 'and does not go back');
  }
});
