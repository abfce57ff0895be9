import { writeFileSync } from 'node:fs';
import { CommandError, EXIT_CODES, type ExitCode, inputError } from '../exit-codes.js';
import { describeMachine, machineLine } from '../report/machine.js';
import { formatCount, formatMillis } from '../terminal/format.js';
import type { Terminal } from '../terminal/terminal.js';
import type { LoadOptions, LoadResult } from './load-model.js';
import { type LoadCommandOptions, parseLoadOptions } from './load-options.js';
import { printLoadResult } from './load-report.js';
import { openTarget, type OpenTarget } from './open-target.js';
import { runLoad, runTellLoad } from './run-load.js';

/** Waiting for missing answers longer than their own deadline would find nothing. */
const DRAIN_EXTRA_MS = 500;

/** `ringlane load`: answers the exit code. */
export async function loadCommand(
  args: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ExitCode> {
  const options = parseLoadOptions(args);
  const target = await openTarget(options);
  let result: LoadResult;
  try {
    // Told before the target is closed: an endpoint that hangs or fails as it stops takes no
    // measured figures along.
    result = await measureAndTell(options, target, terminal, signal);
  } catch (error) {
    await target.close().catch(() => {});
    throw error;
  }
  await target.close();
  if (signal.aborted) return EXIT_CODES.interrupted;
  return result.verified ? EXIT_CODES.ok : EXIT_CODES.failed;
}

async function measureAndTell(
  options: LoadCommandOptions,
  target: OpenTarget,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<LoadResult> {
  const isQuiet = options.jsonFile === '-';
  if (!isQuiet) announce(terminal, options, target);
  const result = await measure(options, target, signal);
  if (!isQuiet) printLoadResult(terminal, result);
  if (options.jsonFile !== undefined) writeJson(options, target.title, result);
  return result;
}

function announce(terminal: Terminal, options: LoadCommandOptions, target: OpenTarget): void {
  const { inFlight, ratePerSecond, durationMs, warmupMs } = options;
  const loop =
    ratePerSecond === undefined
      ? `closed loop, ${inFlight} in flight`
      : `open loop, ${formatCount(ratePerSecond)} calls/s, at most ${inFlight} in flight`;
  const warmup = warmupMs > 0 ? ` after ${formatMillis(warmupMs)} of warm-up` : '';
  terminal.line(terminal.style.bold(target.title));
  terminal.line(`${loop}, for ${formatMillis(durationMs)}${warmup}`);
  terminal.line(terminal.style.dim(machineLine(describeMachine())));
  terminal.line();
}

function measure(
  options: LoadCommandOptions,
  target: OpenTarget,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { inFlight, durationMs, warmupMs, ratePerSecond, timeoutMs } = options;
  const drainMs = timeoutMs + DRAIN_EXTRA_MS;
  const load: LoadOptions = { inFlight, durationMs, warmupMs, ratePerSecond, drainMs, signal };
  if (target.tells) return runTellLoad(load, target.tells);
  if (target.asks) return runLoad(load, target.asks);
  throw new CommandError('the target can neither be asked nor told', EXIT_CODES.failed);
}

/** Stable keys: those of the report's `load` rows, and more. */
function writeJson(options: LoadCommandOptions, title: string, result: LoadResult): void {
  const { latency } = result;
  const json = {
    machine: describeMachine(),
    target: title,
    path: options.url ? 'http' : options.path,
    kind: options.kind,
    inFlight: options.inFlight,
    durationMs: options.durationMs,
    requestedPerSecond: result.requestedPerSecond ?? null,
    callsPerSecond: Math.round(result.callsPerSecond),
    calls: result.calls,
    p50Us: latency.p50Us,
    p90Us: latency.p90Us,
    p99Us: latency.p99Us,
    p999Us: latency.p999Us,
    p9999Us: latency.p9999Us,
    maxUs: latency.maxUs,
    meanUs: latency.meanUs,
    generatorLateP99Us: result.generatorLateP99Us,
    cpuUsPerCall: result.cpuUsPerCall,
    errors: result.errors,
    timeouts: result.timeouts,
    wrong: result.wrong,
    refused: result.refused,
    notSent: result.notSent,
    verified: result.verified,
    interrupted: result.isInterrupted,
    throughput: result.throughput,
  };
  const text = `${JSON.stringify(json, null, 2)}\n`;
  if (options.jsonFile === '-') {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(options.jsonFile!, text);
  } catch (error) {
    throw inputError(`--json: cannot write ${options.jsonFile}: ${(error as Error).message}`);
  }
}
