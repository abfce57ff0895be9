import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { ParkWord, PollerBudget } from '../../../core/memory/park-word.js';
import {
  createRegion,
  openRegion,
  parkWordIndex,
  REGION_POLLERS_INDEX,
} from '../../../core/memory/region-descriptor.js';

test('nobody rings a thread that is awake', () => {
  const word = new ParkWord(createRegion(2), 1);
  equal(word.mustRing(), false);
});

test('exactly one of several callers rings a parked thread', () => {
  const region = createRegion(2);
  const owner = new ParkWord(region, 1);
  const ringers = [new ParkWord(region, 1), new ParkWord(openRegion(region.buffer), 1)];
  for (let round = 0; round < 3; round++) {
    owner.park();
    equal(ringers.filter((ringer) => ringer.mustRing()).length, 1, `round ${round}`);
  }
});

test('a thread that took its announcement back is not rung', () => {
  const region = createRegion(1);
  const word = new ParkWord(region, 0);
  word.park();
  word.unpark();
  equal(new ParkWord(region, 0).mustRing(), false);
});

test('a thread that sleeps on the spot is notified, not rung, and by one caller only', () => {
  const region = createRegion(1);
  const owner = new ParkWord(region, 0);
  const ringers = [new ParkWord(region, 0), new ParkWord(openRegion(region.buffer), 0)];
  owner.block();
  ok(ringers.every((ringer) => ringer.isParked()));
  deepEqual(
    ringers.map((ringer) => ringer.mustRing()),
    [false, false],
  );
  equal(region.control[parkWordIndex(0)], 0, 'the word is swapped all the same');
  // Swapped before it slept: a sleep that began now would last until its limit, an hour.
  owner.sleep(3_600_000);
  owner.block();
  owner.sleep(1);
  owner.unpark();
  equal(ringers[0]!.isParked(), false);
});

test('who has a bell for one life of a thread takes no word of the next', () => {
  const region = createRegion(2);
  const next = new ParkWord(region, 1, 2);
  const [late, right] = [new ParkWord(region, 1, 1), new ParkWord(region, 1, 2)];
  next.park();
  equal(late.mustRing(), false);
  equal(right.mustRing(), true);
  next.block();
  equal(late.mustRing(), false);
  ok(right.isParked(), 'it is still to be woken');
  equal(right.mustRing(), false);
  equal(right.isParked(), false);
});

test('a caller whose swap comes after the death of the thread takes nothing', () => {
  const region = createRegion(2);
  const [first, second] = [1, 2].map((life) => new ParkWord(region, 1, life));
  first!.park();
  const { compareExchange } = Atomics;
  // Between the caller's look and its swap the thread dies, lives again and falls asleep.
  Atomics.compareExchange = ((...args: Parameters<typeof compareExchange>) => {
    Atomics.compareExchange = compareExchange;
    second!.park();
    return compareExchange(...args);
  }) as typeof compareExchange;
  try {
    equal(first!.mustRing(), false);
  } finally {
    Atomics.compareExchange = compareExchange;
  }
  equal(second!.mustRing(), true, 'it is woken by who writes to it');
});

test('every thread has a park word of its own, 256 bytes apart, the last one inside', () => {
  const region = createRegion(3);
  const words = [0, 1, 2].map((thread) => new ParkWord(region, thread));
  words[1]!.park();
  equal(words[0]!.mustRing(), false);
  equal(words[2]!.mustRing(), false);
  equal(words[1]!.mustRing(), true);
  equal(parkWordIndex(2) - parkWordIndex(1), 64);
  ok(parkWordIndex(0) - REGION_POLLERS_INDEX >= 32);
  words[2]!.park();
  equal(region.control[parkWordIndex(2)], 1);
});

test('a thread outside the region has no park word', () => {
  const region = createRegion(2);
  for (const thread of [-1, 2, 0.5]) {
    throws(() => new ParkWord(region, thread), /thread of the region/, `thread ${thread}`);
  }
});

test('a region is opened with the threads it was made for', () => {
  const opened = openRegion(createRegion(4).buffer);
  equal(opened.threads, 4);
  new ParkWord(opened, 3).park();
});

test('memory that is not a region is refused', () => {
  for (const [index, value] of [
    [0, 1],
    [1, 1],
    [2, 3],
    [3, 1],
  ] as const) {
    const { buffer, control } = createRegion(2);
    control[index] = value;
    throws(() => openRegion(buffer), { code: 'PROTOCOL_ERROR', message: /not a region/ });
  }
  for (const length of [0, 3, 8, 256]) {
    const refused = { code: 'PROTOCOL_ERROR', message: /not a region/ };
    throws(() => openRegion(new SharedArrayBuffer(length)), refused, `${length} bytes`);
  }
});

test('the poller budget has room for as many awake threads as there are cores', () => {
  const region = createRegion(4);
  const budgets = [0, 1, 2].map((thread) => new PollerBudget(region, 2, thread));
  equal(budgets[0]!.hasRoom(), true);
  for (const budget of budgets) budget.enter();
  equal(budgets[0]!.hasRoom(), false);
  budgets[2]!.leave();
  equal(budgets[0]!.hasRoom(), true);
  equal(Atomics.load(region.control, REGION_POLLERS_INDEX), 2);
});
