import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { PollerBudget } from '../../../core/memory/park-word.js';
import { CancelBits } from '../../../core/memory/cancel-bits.js';
import { createRegion, openRegion } from '../../../core/memory/region-descriptor.js';
import { ThreadLives } from '../../../core/memory/thread-lives.js';

test('lives count up for each thread by itself, and everybody sees when one has ended', () => {
  const region = createRegion(3);
  const home = new ThreadLives(region);
  const seen = new ThreadLives(openRegion(region.buffer));
  equal(seen.current(1), 0);
  equal(seen.hasEnded(1, 0), false, 'a thread that nobody counts has not ended');
  for (let life = 1; life <= 3; life++) {
    equal(home.begin(1), life);
    equal(seen.current(1), life);
    deepEqual(
      [life - 1, life, life + 1].map((each) => seen.hasEnded(1, each)),
      [true, false, false],
    );
    home.end(1);
    equal(seen.current(1), life);
    deepEqual(
      [life - 1, life, life + 1].map((each) => seen.hasEnded(1, each)),
      [true, true, false],
    );
  }
  equal(seen.current(2), 0);
});

test('a thread that died awake is taken out of the pollers once, by whoever comes first', () => {
  const region = createRegion(3);
  const [own, other] = [1, 2].map((thread) => new PollerBudget(region, 1, thread));
  own!.enter();
  other!.enter();
  equal(other!.hasRoom(), false);
  // Home, for the dead one: it has a word of its own, so twice is once.
  new PollerBudget(region, 0, 1).leave();
  new PollerBudget(region, 0, 1).leave();
  equal(other!.hasRoom(), true);
  other!.leave();
  own!.enter();
  equal(own!.hasRoom(), true);
});

test('the cancel bits of a thread that died are all given back, those of others are not', () => {
  const region = createRegion(3, 1000);
  const bits = [0, 1, 2].map((thread) => new CancelBits(region, thread));
  for (const each of bits) for (const call of [0, 31, 32, 999]) each.set(call);
  bits[1]!.clearAll();
  for (const call of [0, 31, 32, 999]) {
    deepEqual(
      bits.map((each) => each.isSet(call)),
      [true, false, true],
    );
  }
});
