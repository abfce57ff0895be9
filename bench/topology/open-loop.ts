import type { AskTarget, LoadOptions, LoadResult } from '../../apps/load/load-model.js';
import { runLoad } from '../../apps/load/run-load.js';
import { type Cell, WrongReply } from '../harness/cell.js';
import { memoryFigures } from '../harness/usage.js';
import { withEndpoint } from './one-to-one.js';

const CLOSED_IN_FLIGHT = 256;
/** More than an open loop needs while it keeps up; past it calls are late, and counted so. */
const OPEN_IN_FLIGHT = 65_536;
const DRAIN_MS = 5_000;
/** An open loop is watched longer: what it is about happens now and then. */
const OPEN_TIMES = 4;

function checked(result: LoadResult): LoadResult {
  if (result.verified) return result;
  const { wrong, errors, timeouts } = result;
  throw new WrongReply(`${wrong} wrong, ${errors} errors, ${timeouts} time-outs`);
}

/**
 * Calls at a given share of what the same generator reached in a closed loop just before, whether
 * answers come or not; latency counts from when a call was due. Calls that were due and could not
 * even begin are counted apart: then it did not keep up.
 */
export function openLoop(share: number): Cell {
  return ({ warmUpMs, measureMs }) =>
    withEndpoint(0, async (gateway) => {
      const target: AskTarget<number> = {
        send: (sequence) => gateway.echo(sequence),
        judge: (reply, sequence) => (reply === sequence ? 'ok' : 'wrong'),
      };
      const closed: LoadOptions = {
        inFlight: CLOSED_IN_FLIGHT,
        durationMs: measureMs,
        warmupMs: warmUpMs,
        drainMs: DRAIN_MS,
      };
      const capacity = checked(await runLoad(closed, target)).callsPerSecond;
      const open: LoadOptions = {
        ...closed,
        durationMs: OPEN_TIMES * measureMs,
        inFlight: OPEN_IN_FLIGHT,
        ratePerSecond: capacity * share,
      };
      const result = checked(await runLoad(open, target));
      const { latency, callsPerSecond, cpuUsPerCall, calls, notSent } = result;
      return {
        callsPerSecond,
        notSent,
        p50Us: latency.p50Us,
        p99Us: latency.p99Us,
        p999Us: latency.p999Us,
        maxUs: latency.maxUs,
        cpuUsPerCall,
        calls,
        ...memoryFigures(),
      };
    });
}
