import { equal, ok } from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { IdleStrategy } from '../../../core/memory/idle-strategy.js';
import { PollerBudget } from '../../../core/memory/park-word.js';
import { createRegion } from '../../../core/memory/region-descriptor.js';

/** A strategy of a thread that is awake, with cores for `parallelism` threads. */
function strategy(parallelism: number): IdleStrategy {
  const budget = new PollerBudget(createRegion(1), parallelism, 0);
  budget.enter();
  return new IdleStrategy(budget);
}

/** Empty turns until it parks; answers how long that took, and fails when it never does. */
function untilPark(idle: IdleStrategy): number {
  const startMs = performance.now();
  while (performance.now() - startMs < 1000) {
    if (idle.onEmpty() === 'park') return performance.now() - startMs;
  }
  throw new Error('it did not park within a second');
}

test('a thread without work polls for a window and then parks', () => {
  const idle = strategy(1);
  equal(idle.onEmpty(), 'poll');
  ok(untilPark(idle) < 1000);
  equal(idle.onEmpty(), 'poll', 'after it was woken it begins anew');
});

test('work begins the window anew', () => {
  const idle = strategy(1);
  untilPark(idle);
  idle.onEmpty();
  idle.onWork();
  equal(idle.onEmpty(), 'poll');
});

test('a thread parks at once while more threads are awake than there are cores', () => {
  const idle = strategy(0);
  equal(idle.onEmpty(), 'park');
  equal(idle.onEmpty(), 'park');
});

test('a spin stops at the first work, and ends by itself without', () => {
  const idle = strategy(1);
  let looks = 0;
  equal(
    idle.spin(() => ++looks === 3),
    true,
  );
  equal(looks, 3);
  equal(
    idle.spin(() => false),
    false,
  );
});

test('a thread without a core of its own does not spin', () => {
  equal(
    strategy(0).spin(() => true),
    false,
  );
});

/** Bells without more work behind them: how many of `bells` it polls after. */
function pollsInVain(idle: IdleStrategy, bells: number): number {
  let polls = 0;
  for (let i = 0; i < bells; i++) {
    if (!idle.shouldPollAfterBell()) continue;
    polls++;
    untilPark(idle);
  }
  return polls;
}

test('polling that was in vain is left out ever more often, but never for good', () => {
  const idle = strategy(1);
  equal(pollsInVain(idle, 3), 2, 'the first time may have been an accident');
  const polls = pollsInVain(idle, 320);
  ok(polls >= 10 && polls <= 20, `${polls} of 320`);
});

test('polling that paid is tried again at once', () => {
  const idle = strategy(1);
  pollsInVain(idle, 100);
  while (!idle.shouldPollAfterBell());
  idle.onEmpty();
  idle.onWork();
  equal(idle.shouldPollAfterBell(), true);
});

test('what polling after bells has taught says nothing of that after sending and ringing', () => {
  const idle = strategy(1);
  pollsInVain(idle, 100);
  equal(idle.shouldPollAfterSend(), true);
  equal(idle.shouldPollAfterRing(), true);
});

test('while bells come one right after the other it polls, in vain or not', () => {
  const idle = strategy(1);
  pollsInVain(idle, 100);
  for (let i = 0; i < 20; i++) idle.onBell();
  equal(idle.shouldPollAfterBell(), true);
  untilPark(idle);
  equal(idle.shouldPollAfterBell(), true);
});

test('an answer that came at once makes it poll for the next one', () => {
  const idle = strategy(1);
  for (let i = 0; i < 8; i++) if (idle.shouldPollAfterSend()) untilPark(idle);
  while (idle.shouldPollAfterSend()) untilPark(idle);
  idle.onAnswered();
  equal(idle.shouldPollAfterSend(), true);
});
