import {
  type LoadClock,
  type LoadOptions,
  type LoadResult,
  systemLoadClock,
  type TellTarget,
} from './load-model.js';
import { LoadRecorder } from './load-recorder.js';

/** One tell in so many carries the time: often enough for percentiles, too rare to be felt. */
const TIMED_EVERY = 64;
/** Time between two rounds of the event loop, so that heartbeats and Ctrl-C are served. */
const TURN_MS = 1;

/** One stretch of tells: as fast as there is room for them, or at a rate. */
export async function runTells(target: TellTarget, options: LoadOptions): Promise<LoadResult> {
  const clock = options.clock ?? systemLoadClock;
  await target.begin();
  const startMs = clock.nowMs();
  const recorder = new LoadRecorder(options, startMs);
  const endMs = startMs + options.durationMs;
  const periodMs = options.ratePerSecond === undefined ? 0 : 1000 / options.ratePerSecond;
  let sent = 0;
  let sum = 0;
  let turnMs = startMs;
  let nowMs = startMs;
  while (nowMs < endMs && options.signal?.aborted !== true) {
    const due =
      periodMs === 0 ? options.inFlight : Math.floor((nowMs - startMs) / periodMs) + 1 - sent;
    const count = Math.min(due, options.inFlight);
    const sentBefore = sent;
    for (let i = 0; i < count; i++) {
      const dueMs = periodMs === 0 ? nowMs : startMs + sent * periodMs;
      try {
        tellOne(target, sent, dueMs);
        sum = (sum + sent++) | 0;
      } catch (error) {
        recorder.failed(error);
        break;
      }
    }
    recorder.completed(nowMs, sent - sentBefore);
    await target.ready();
    nowMs = clock.nowMs();
    if (count <= 0 || nowMs - turnMs >= TURN_MS || recorder.problems > 0) {
      await nextTurn(clock);
      turnMs = nowMs = clock.nowMs();
    }
  }
  const totals = await target.settle();
  const settledMs = clock.nowMs();
  const isRight = totals.received === sent && (totals.sum === undefined || totals.sum === sum);
  return recorder.result(settledMs, {
    calls: totals.received,
    isRight,
    ...(totals.latency ? { latency: totals.latency } : {}),
  });
}

function tellOne(target: TellTarget, sequence: number, dueMs: number): void {
  if (sequence % TIMED_EVERY === 0 && target.tellTimed) target.tellTimed(sequence, dueMs);
  else target.tell(sequence);
}

function nextTurn(clock: LoadClock): Promise<void> {
  return new Promise((resolve) => clock.nextTurn(resolve));
}
