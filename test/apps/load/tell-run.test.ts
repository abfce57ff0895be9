import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadOptions, LoadResult, TellTarget } from '../../../apps/load/load-model.js';
import { runTellLoad } from '../../../apps/load/run-load.js';
import { ManualLoadClock } from './manual-load-clock.js';

/** Counts what it is told; may lose one tell, or be full for a while. */
class CountingTarget implements TellTarget {
  received = 0;
  timed = 0;
  #sum = 0;
  loses = 0;
  fullFor = 0;

  tell(sequence: number): void {
    if (this.fullFor > 0) {
      this.fullFor--;
      throw Object.assign(new Error('MAILBOX_FULL'), { code: 'MAILBOX_FULL' });
    }
    if (this.loses > 0) {
      this.loses--;
      return;
    }
    this.received++;
    this.#sum = (this.#sum + sequence) | 0;
  }

  tellTimed(sequence: number): void {
    this.timed++;
    this.tell(sequence);
  }

  async ready(): Promise<void> {}

  async begin(): Promise<void> {
    this.received = 0;
    this.#sum = 0;
  }

  async settle() {
    return { received: this.received, sum: this.#sum };
  }
}

async function turned(target: TellTarget, options: Partial<LoadOptions>): Promise<LoadResult> {
  const clock = new ManualLoadClock();
  const load = { inFlight: 10, durationMs: 100, warmupMs: 0, drainMs: 0, ...options, clock };
  const running = runTellLoad(load, target);
  let result: LoadResult | undefined;
  void running.then((measured) => (result = measured));
  for (let i = 0; i < 2_000 && result === undefined; i++) await clock.pass(1);
  return running;
}

test('tells at a rate are all told and all counted', async () => {
  const target = new CountingTarget();
  const result = await turned(target, { ratePerSecond: 1_000 });
  assert.ok(result.calls >= 99 && result.calls <= 100, String(result.calls));
  assert.equal(result.verified, true);
  assert.equal(target.timed, 2);
});

test('a tell that is lost is noticed', async () => {
  const target = new CountingTarget();
  target.loses = 1;
  const result = await turned(target, { ratePerSecond: 1_000 });
  assert.equal(result.verified, false);
});

test('a full mailbox is an error that is counted, and the run goes on', async () => {
  const target = new CountingTarget();
  target.fullFor = 3;
  const result = await turned(target, { ratePerSecond: 1_000 });
  assert.equal(result.errors, 3);
  assert.equal(result.verified, false);
  assert.ok(result.calls > 90);
  const { intervalMs, callsPerSecond } = result.throughput;
  const shown = callsPerSecond.reduce((sum, each) => sum + (each * intervalMs) / 1_000, 0);
  assert.ok(shown <= result.calls, `${shown} in the curve, ${result.calls} told`);
});

test('the warm-up is forgotten before measuring', async () => {
  const result = await turned(new CountingTarget(), { ratePerSecond: 1_000, warmupMs: 50 });
  assert.ok(result.calls <= 100);
  assert.equal(result.verified, true);
});

test('without room and without an answer the run ends in time, and says so', async () => {
  for (const isFull of [true, false]) {
    const target = new CountingTarget();
    const never = new Promise<never>(() => {});
    if (isFull) target.ready = () => never;
    target.settle = () => never;
    const result = await turned(target, { ratePerSecond: 1_000, drainMs: 50 });
    assert.deepEqual([result.timeouts, result.verified], [1, false]);
    assert.ok(result.measuredMs >= 150 && result.measuredMs < 160, String(result.measuredMs));
  }
});

test('Ctrl-C while the endpoint counts: it is given a little time, not all', async () => {
  const controller = new AbortController();
  const target = new CountingTarget();
  target.settle = () => {
    controller.abort();
    return new Promise(() => {});
  };
  const { signal } = controller;
  const load = { ratePerSecond: 1_000, drainMs: 10_000, signal };
  const result = await turned(target, load);
  assert.ok(result.measuredMs < 1_200, String(result.measuredMs));
});
