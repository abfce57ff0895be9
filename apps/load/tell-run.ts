import { deferred, type TimerHandle } from '../../core/internal.js';
import { RpcError } from '../../index.js';
import {
  type LoadClock,
  type LoadOptions,
  type LoadResult,
  systemLoadClock,
  type TellTarget,
  type TellTotals,
} from './load-model.js';
import { LoadRecorder } from './load-recorder.js';

/** One tell in so many carries the time: often enough for percentiles, too rare to be felt. */
const TIMED_EVERY = 64;
/** Time between two rounds of the event loop, so that heartbeats and Ctrl-C are served. */
const TURN_MS = 1;
/** After Ctrl-C the endpoint has so long to say what it has counted. */
const HURRIED_SETTLE_MS = 1_000;

/**
 * One stretch of tells: as fast as there is room for them, or at a rate. It ends in time, also
 * when there is no room any more and when the endpoint does not say what it has counted.
 */
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
  const end = new RunEnd(clock, options);
  while (nowMs < endMs && !end.isHere) {
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
    try {
      await end.orSooner(target.ready());
    } catch (error) {
      recorder.failed(error);
    }
    nowMs = clock.nowMs();
    if (count <= 0 || nowMs - turnMs >= TURN_MS || recorder.problems > 0) {
      await nextTurn(clock);
      turnMs = nowMs = clock.nowMs();
    }
  }
  end.close();
  let totals: TellTotals = { received: 0 };
  try {
    totals = await settle(target, clock, options);
  } catch (error) {
    recorder.failed(error);
  }
  const settledMs = clock.nowMs();
  const isRight = totals.received === sent && (totals.sum === undefined || totals.sum === sum);
  return recorder.result(settledMs, {
    calls: totals.received,
    isRight,
    ...(totals.latency ? { latency: totals.latency } : {}),
  });
}

/** When no more is told: the duration is over, or the signal has fired. */
class RunEnd {
  readonly #timer: TimerHandle;
  readonly #signal: AbortSignal | undefined;
  #wake = (): void => {};
  isHere: boolean;

  constructor(clock: LoadClock, { durationMs, signal }: LoadOptions) {
    this.#timer = clock.schedule(this.#come, durationMs);
    this.#signal = signal;
    this.isHere = signal?.aborted === true;
    signal?.addEventListener('abort', this.#come);
  }

  /** The promise, but no longer than until the end. */
  orSooner(promise: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      promise.then(resolve, reject);
    });
  }

  close(): void {
    this.#timer.cancel();
    this.#signal?.removeEventListener('abort', this.#come);
  }

  readonly #come = (): void => {
    this.isHere = true;
    this.#wake();
  };
}

/** What the endpoint has counted; rejects when it does not say so in time. */
async function settle(
  target: TellTarget,
  clock: LoadClock,
  { drainMs, signal }: LoadOptions,
): Promise<TellTotals> {
  const limit = deferred<never>();
  const giveUp = (): void => {
    const text = 'the endpoint did not say how many tells it has heard';
    limit.reject(new RpcError('TIMEOUT', text));
  };
  let timer = clock.schedule(giveUp, drainMs);
  const hurry = (): void => {
    timer.cancel();
    timer = clock.schedule(giveUp, Math.min(drainMs, HURRIED_SETTLE_MS));
  };
  if (signal?.aborted === true) hurry();
  else signal?.addEventListener('abort', hurry);
  try {
    return await Promise.race([target.settle(), limit.promise]);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', hurry);
  }
}

function tellOne(target: TellTarget, sequence: number, dueMs: number): void {
  if (sequence % TIMED_EVERY === 0 && target.tellTimed) target.tellTimed(sequence, dueMs);
  else target.tell(sequence);
}

function nextTurn(clock: LoadClock): Promise<void> {
  return new Promise((resolve) => clock.nextTurn(resolve));
}
