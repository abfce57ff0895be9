import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskTarget, LoadOptions, LoadResult } from '../../../apps/load/load-model.js';
import { runLoad } from '../../../apps/load/run-load.js';
import { ManualLoadClock } from './manual-load-clock.js';

/** A target on the turned clock: answers after a fixed time, but not while it is stalled. */
class TurnedTarget implements AskTarget<number> {
  readonly #clock: ManualLoadClock;
  readonly #startMs: number;
  readonly #stall: readonly [fromMs: number, toMs: number];
  calls = 0;

  constructor(clock: ManualLoadClock, stall: readonly [number, number] = [0, 0]) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#stall = stall;
  }

  send(sequence: number): Promise<number> {
    this.calls++;
    const at = this.#clock.nowMs() - this.#startMs;
    const [from, to] = this.#stall;
    const delayMs = 1 + (at >= from && at < to ? to - at : 0);
    return new Promise((resolve) => this.#clock.schedule(() => resolve(sequence), delayMs));
  }

  judge(reply: number, sequence: number) {
    return reply === sequence ? 'ok' : 'wrong';
  }
}

function optionsOn(clock: ManualLoadClock, options: Partial<LoadOptions>): LoadOptions {
  return { inFlight: 100, durationMs: 1_000, warmupMs: 0, drainMs: 500, ...options, clock };
}

/** Runs to the end on the turned clock. */
async function turned(
  target: AskTarget<number>,
  clock: ManualLoadClock,
  options: Partial<LoadOptions>,
): Promise<LoadResult> {
  const running = runLoad(optionsOn(clock, options), target);
  let result: LoadResult | undefined;
  void running.then((measured) => (result = measured));
  for (let i = 0; i < 5_000 && result === undefined; i++) await clock.pass(1);
  // The last turn of the event loop may still be under way.
  await clock.pass(1);
  assert.equal(clock.pendingTimers, 0);
  return running;
}

test('open loop: a stall is paid by every call that was due in it', async () => {
  const clock = new ManualLoadClock();
  const target = new TurnedTarget(clock, [400, 600]);
  const result = await turned(target, clock, { ratePerSecond: 1_000, inFlight: 1 });
  // One call is in flight during the stall; 200 more are due and wait for it.
  assert.equal(result.calls + result.notSent, 1_000);
  assert.ok(result.latency.maxUs >= 200_000, `max ${result.latency.maxUs}`);
  assert.ok(result.latency.p90Us >= 150_000, `p90 ${result.latency.p90Us}`);
  assert.equal(result.verified, true);
});

test('closed loop: the same stall is paid by one call only', async () => {
  const clock = new ManualLoadClock();
  const result = await turned(new TurnedTarget(clock, [400, 600]), clock, { inFlight: 1 });
  assert.ok(result.latency.maxUs >= 200_000);
  assert.ok(result.latency.p99Us < 5_000, `p99 ${result.latency.p99Us}`);
});

test('open loop: keeps the rate when the target keeps up', async () => {
  const clock = new ManualLoadClock();
  const result = await turned(new TurnedTarget(clock), clock, { ratePerSecond: 500 });
  assert.equal(result.calls, 500);
  assert.equal(result.notSent, 0);
  assert.equal(result.requestedPerSecond, 500);
  assert.ok(Math.abs(result.callsPerSecond - 500) <= 5, String(result.callsPerSecond));
  assert.ok(result.latency.p50Us <= 2_100, `p50 ${result.latency.p50Us}`);
  assert.ok(result.generatorLateP99Us <= 100, `late ${result.generatorLateP99Us}`);
});

test('open loop: a generator that is held up says so', async () => {
  const clock = new ManualLoadClock();
  const running = runLoad(optionsOn(clock, { ratePerSecond: 1_000 }), new TurnedTarget(clock));
  for (let i = 0; i < 25; i++) {
    await clock.pass(30);
    clock.jump(5);
  }
  await clock.pass(1_000);
  const result = await running;
  assert.equal(result.calls, 1_000);
  assert.ok(result.generatorLateP99Us >= 3_000, `late ${result.generatorLateP99Us}`);
});

test('open loop: a target that never answers is no reason to send more than fit', async () => {
  const clock = new ManualLoadClock();
  const dead = { send: () => new Promise<number>(() => {}), judge: () => 'ok' as const };
  const result = await turned(dead, clock, { ratePerSecond: 100, inFlight: 10 });
  assert.equal(result.calls, 0);
  assert.equal(result.timeouts, 10);
  assert.equal(result.notSent, 90);
  assert.equal(result.verified, false);
});

test('wrong replies, refusals, errors and time-outs are counted apart', async () => {
  const clock = new ManualLoadClock();
  const fail = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
  const target: AskTarget<number> = {
    send: (n) =>
      n % 5 === 3 ? fail('TIMEOUT') : n % 5 === 4 ? fail('BROKEN') : Promise.resolve(n),
    judge: (n) => (n % 5 === 1 ? 'wrong' : n % 5 === 2 ? 'refused' : 'ok'),
  };
  const result = await turned(target, clock, { ratePerSecond: 100 });
  const { calls, wrong, refused, timeouts, errors } = result;
  assert.deepEqual(
    { calls, wrong, refused, timeouts, errors },
    {
      calls: 20,
      wrong: 20,
      refused: 20,
      timeouts: 20,
      errors: 20,
    },
  );
  assert.equal(result.verified, false);
  assert.deepEqual(
    result.errorSamples.map(([text]) => text),
    ['Error: TIMEOUT', 'Error: BROKEN'],
  );
});

test('a target that throws at the call ends as errors, not as a recursion', async () => {
  const clock = new ManualLoadClock();
  const target: AskTarget<number> = {
    send: () => {
      throw new Error('full');
    },
    judge: () => 'ok',
  };
  const result = await turned(target, clock, { inFlight: 2, durationMs: 10 });
  assert.ok(result.errors > 0);
  assert.equal(result.verified, false);
});

test('the warm-up is not counted', async () => {
  const clock = new ManualLoadClock();
  const target = new TurnedTarget(clock);
  const result = await turned(target, clock, { ratePerSecond: 100, warmupMs: 500 });
  assert.equal(result.calls, 100);
  assert.equal(target.calls, 150);
});

test('an interruption ends the run at once and keeps what was measured', async () => {
  const clock = new ManualLoadClock();
  const controller = new AbortController();
  const options = optionsOn(clock, { ratePerSecond: 1_000, signal: controller.signal });
  const running = runLoad(options, new TurnedTarget(clock));
  await clock.pass(300);
  controller.abort();
  const result = await running;
  assert.equal(result.isInterrupted, true);
  assert.ok(result.calls >= 290 && result.calls <= 301, String(result.calls));
  assert.ok(result.measuredMs >= 299 && result.measuredMs <= 302);
  await clock.pass(1);
  assert.equal(clock.pendingTimers, 0);
});

test('a plain function that answers at once does not starve the event loop', async () => {
  let turns = 0;
  const count = (): void => {
    turns++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const options = { inFlight: 4, durationMs: 500, warmupMs: 0, drainMs: 100 };
  const result = await runLoad(options, async (sequence) => sequence);
  clearImmediate(timer);
  assert.ok(turns > 1, String(turns));
  assert.ok(result.calls > 1_000);
  assert.equal(result.verified, true);
  assert.ok(result.cpuUsPerCall > 0);
  assert.ok(result.throughput.callsPerSecond.length > 0);
});
