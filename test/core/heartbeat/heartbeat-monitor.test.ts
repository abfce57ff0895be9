import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatMonitor } from '../../../core/heartbeat/heartbeat-monitor.js';
import { ManualClock } from '../../support/manual-clock.js';

function monitor(clock: ManualClock, ends: string[], threshold = 2): HeartbeatMonitor<void> {
  return new HeartbeatMonitor<void>({
    resourceId: 'target',
    target: { receiveHeartbeat: async () => {}, requestHeartbeat: async () => {} },
    time: {
      nowMs: () => clock.nowMs(),
      execute: (task) => task(),
      schedule: (task, delayMs) => clock.schedule(task, delayMs),
    },
    timeoutMs: 50_000,
    failedRpcRequestsUntilUnreachable: threshold,
    onEnd: (state) => ends.push(state),
  });
}

/** Just heard of, it is silent for the time-out, to the millisecond. */
function noticesSilence(clock: ManualClock, ends: readonly string[]): void {
  clock.advance(49_999);
  assert.deepEqual(ends, []);
  clock.advance(1);
  assert.deepEqual(ends, ['TIMEOUT'], 'real silence is noticed');
}

test('silence for exactly the time-out ends it, a millisecond less does not', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  clock.advance(49_999);
  assert.equal(watched.state, 'RUNNING');
  clock.advance(1);
  assert.deepEqual(ends, ['TIMEOUT']);
  assert.equal(clock.pendingTimers, 0);
});

test('every heartbeat starts the time-out anew', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  for (let i = 0; i < 10; i++) {
    clock.advance(49_000);
    watched.reportHeartbeat();
  }
  assert.equal(watched.lastHeartbeatMs, clock.nowMs());
  noticesSilence(clock, ends);
});

test('no false alarm when our own thread was held up for longer than the time-out', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  clock.advance(3_000);
  // All timers are late by minutes; the heartbeats that came meanwhile are not drained yet.
  clock.jump(200_000);
  assert.deepEqual(ends, []);
  watched.reportHeartbeat();
  noticesSilence(clock, ends);
});

test('a pause that ends just before the deadline raises no alarm either', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  clock.jump(49_999);
  clock.advance(2);
  assert.deepEqual(ends, []);
  watched.reportHeartbeat();
  clock.advance(49_000);
  assert.equal(watched.state, 'RUNNING');
});

test('a last look that is late itself looks once more: the heartbeat may wait to be read', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  clock.advance(49_900);
  // Late by 100 ms only, and the heartbeat came within them.
  clock.jump(200);
  assert.deepEqual(ends, []);
  watched.reportHeartbeat();
  noticesSilence(clock, ends);
});

test('a thread that is always a little late notices silence all the same', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  monitor(clock, ends);
  let passedMs = 0;
  for (; ends.length === 0 && passedMs < 100_000; passedMs += 5_020) clock.jump(5_020);
  assert.deepEqual(ends, ['TIMEOUT']);
  assert.ok(passedMs <= 60_000, `after ${passedMs} ms`);
});

test('a target that stays silent after our own pause is found within one more time-out', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  monitor(clock, ends);
  clock.jump(60_000);
  clock.advance(50_000);
  assert.deepEqual(ends, ['TIMEOUT']);
});

test('two unreachable calls in a row end it, one does not, and success in between resets', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  watched.reportRpcUnreachable();
  watched.reportRpcSuccess();
  watched.reportRpcUnreachable();
  watched.reportHeartbeat();
  watched.reportRpcUnreachable();
  assert.deepEqual(ends, []);
  watched.reportRpcUnreachable();
  assert.deepEqual(ends, ['UNREACHABLE']);
  assert.equal(clock.pendingTimers, 0);
});

test('a threshold of -1 leaves it to the time-out', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends, -1);
  for (let i = 0; i < 10; i++) watched.reportRpcUnreachable();
  assert.deepEqual(ends, []);
  clock.advance(50_000);
  assert.deepEqual(ends, ['TIMEOUT']);
});

test('it ends exactly once, whatever comes after', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends, 1);
  watched.reportRpcUnreachable();
  watched.reportRpcUnreachable();
  watched.reportHeartbeat();
  watched.cancel();
  clock.advance(100_000);
  assert.deepEqual(ends, ['UNREACHABLE']);
  assert.equal(watched.state, 'UNREACHABLE');
});

test('cancelled, it ends without a word and leaves no timer', () => {
  const clock = new ManualClock();
  const ends: string[] = [];
  const watched = monitor(clock, ends);
  watched.cancel();
  watched.reportRpcUnreachable();
  clock.advance(100_000);
  assert.deepEqual(ends, []);
  assert.equal(watched.state, 'CANCELED');
  assert.equal(clock.pendingTimers, 0);
});
