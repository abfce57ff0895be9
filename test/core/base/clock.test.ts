import { equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../core/base/clock.js';
import { deferred } from '../../../core/base/deferred.js';

/** Resolves with how late the task came, in milliseconds; negative is early. */
function lateness(delayMs: number): Promise<number> {
  const { promise, resolve } = deferred<number>();
  const started = systemClock.nowMs();
  systemClock.schedule(() => resolve(systemClock.nowMs() - started - delayMs), delayMs);
  return promise;
}

test('time never goes back', () => {
  let last = systemClock.nowMs();
  for (let i = 0; i < 100_000; i++) {
    const now = systemClock.nowMs();
    ok(now >= last, `${now} after ${last}`);
    last = now;
  }
});

test('no timer of the system clock fires early', async () => {
  const delays = Array.from({ length: 300 }, (_, i) => (i * 7 + 0.1 * (i % 10)) % 30);
  const all = await Promise.all(delays.map(lateness));
  equal(Math.min(...all) >= 0, true, `the earliest came ${Math.min(...all)} ms late`);
});

test('a negative delay is none', async () => {
  ok((await lateness(-5)) >= 5, 'it fired, and not before it was asked for');
});

test('a cancelled timer does not fire, and cancelling twice or too late is harmless', async () => {
  let fired = 0;
  const cancelled = systemClock.schedule(() => fired++, 1);
  cancelled.cancel();
  cancelled.cancel();
  const kept = systemClock.schedule(() => (fired += 10), 1);
  await lateness(5);
  equal(fired, 10);
  kept.cancel();
});

test('a delay longer than the timers of Node take does not fire at once', async () => {
  let fired = false;
  const timers = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map((delayMs) =>
    systemClock.schedule(() => (fired = true), delayMs),
  );
  await lateness(10);
  equal(fired, false);
  for (const timer of timers) timer.cancel();
});

test('all threads are on one time line', async () => {
  const worker = new Worker(new URL('./clock-worker.js', import.meta.url));
  try {
    let widest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 50; i++) {
      const before = systemClock.nowMs();
      worker.postMessage(null);
      const [there] = (await once(worker, 'message')) as [number];
      const after = systemClock.nowMs();
      widest = Math.max(widest, before - there, there - after);
    }
    // Each thread takes its shift once, from the tightest of a few pairs of readings.
    ok(widest < 5, `the time of the other thread is ${widest} ms outside of ours`);
  } finally {
    await worker.terminate();
  }
});
