import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PostEcho } from '../floor/post-echo.js';
import { type Budget, type Cell, WrongReply } from '../harness/cell.js';
import { percentile } from '../harness/statistics.js';
import { cpuUs, memoryFigures } from '../harness/usage.js';
import { withEndpoint } from './one-to-one.js';
import { touch } from './questions.js';

/** Long enough that both threads sleep. */
const SILENCE_MS = 20;
/** So short that a call does not find everything cold, so long that nobody polls any more. */
const SHORT_SILENCE_MS = 2;
/** What is left over from the calls before: timers, garbage, a polling window. */
const SETTLE_MS = 300;
/** Silences of the warm-up: short, so that the code of both sides becomes hot in a second. */
const WARM_SILENCE_MS = 1;
/** A call after a silence takes so much longer than others that its warm-up lasts this many. */
const WARM_UPS = 4;

type AskNumber = (value: number) => Promise<number>;

/** One call after a silence; microseconds. */
async function coldCallUs(ask: AskNumber, value: number, silenceMs: number): Promise<number> {
  await sleep(silenceMs);
  const startMs = performance.now();
  const reply = await ask(value);
  const latencyUs = (performance.now() - startMs) * 1000;
  if (reply !== value) throw new WrongReply(`call ${value} was answered ${reply}`);
  return latencyUs;
}

/** One of each, beginning with the other one each time. */
async function coldPair(
  engine: AskNumber,
  raw: AskNumber,
  index: number,
  silenceMs: number,
): Promise<readonly [engineUs: number, rawUs: number]> {
  if (index % 2 === 0) {
    const engineUs = await coldCallUs(engine, index, silenceMs);
    return [engineUs, await coldCallUs(raw, index, silenceMs)];
  }
  const rawUs = await coldCallUs(raw, index, silenceMs);
  return [await coldCallUs(engine, index, silenceMs), rawUs];
}

/** `calls` of each, their latencies sorted. */
async function coldPairs(
  engine: AskNumber,
  raw: AskNumber,
  calls: number,
  silenceMs: number,
): Promise<{ readonly engineUs: Float64Array; readonly rawUs: Float64Array }> {
  const engineUs = new Float64Array(calls);
  const rawUs = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    [engineUs[i], rawUs[i]] = await coldPair(engine, raw, i, silenceMs);
  }
  return { engineUs: engineUs.sort(), rawUs: rawUs.sort() };
}

/** Both sides equally warm, as the cells of all other rows are before they count. */
async function warmUp(engine: AskNumber, raw: AskNumber, budget: Budget): Promise<void> {
  const endMs = performance.now() + budget.warmUpMs * WARM_UPS;
  for (let i = 0; i < budget.maxCalls && performance.now() < endMs; i++) {
    await coldPair(engine, raw, i, WARM_SILENCE_MS);
  }
}

/** Engine and raw `postMessage` in turns, after 20 ms and after 2 ms of silence, in one process. */
export const coldCall: Cell = (budget) =>
  withEndpoint(0, async (gateway) => {
    const raw = await PostEcho.start();
    try {
      await touch(gateway);
      for (let i = 0; i < 200; i++) await raw.ask(i);
      await warmUp(gateway.echo, raw.ask, budget);
      const long = await coldPairs(gateway.echo, raw.ask, budget.coldCalls, SILENCE_MS);
      const short = await coldPairs(gateway.echo, raw.ask, budget.coldCalls * 4, SHORT_SILENCE_MS);
      return {
        p50Us: percentile(long.engineUs, 0.5),
        p99Us: percentile(long.engineUs, 0.99),
        rawP50Us: percentile(long.rawUs, 0.5),
        rawP99Us: percentile(long.rawUs, 0.99),
        shortP50Us: percentile(short.engineUs, 0.5),
        rawShortP50Us: percentile(short.rawUs, 0.5),
        calls: budget.coldCalls,
        ...memoryFigures(),
      };
    } finally {
      await raw.close();
    }
  });

/** CPU of the whole process, in percent of one core, while nothing happens. */
async function idleCpuPercent(idleMs: number): Promise<number> {
  const startMs = performance.now();
  const cpuBefore = cpuUs();
  await sleep(idleMs);
  const usedUs = cpuUs() - cpuBefore;
  return (usedUs / ((performance.now() - startMs) * 1000)) * 100;
}

/**
 * A service with an endpoint and a gateway is open and idle: right after work, when deadlines tick
 * for a second more and V8, after eight, tidies each thread's heap twice; and from then on. A quick
 * run ends before that.
 */
export const idleCpu: Cell = (budget) =>
  withEndpoint(0, async (gateway) => {
    await touch(gateway);
    await sleep(SETTLE_MS);
    const afterWorkCpuPercent = await idleCpuPercent(budget.idleMs);
    const isFull = budget.scale === 'full';
    const cpuPercent = isFull ? await idleCpuPercent(budget.idleMs) : afterWorkCpuPercent;
    await touch(gateway);
    return { cpuPercent, afterWorkCpuPercent, ...memoryFigures() };
  });
