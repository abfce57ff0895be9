import { fork } from 'node:child_process';
import type { CellReport } from '../cell-process.js';
import type { CellName } from '../cells.js';
import type { Budget, Figures } from './cell.js';
import { OthersWatch } from './others.js';

/** Time for starting, warming up, verifying and closing, beside what the budget asks for. */
const GRACE_MS = 30_000;
/** How long a process may take to end after its report, when it has closed everything. */
const END_TIMEOUT_MS = 5_000;

/** What is needed to run one cell. */
export interface CellRun {
  readonly cell: CellName;
  readonly budget: Budget;
  /** The Node that runs it. */
  readonly nodePath: string;
}

/** Figures, or why there are none. */
export type CellOutcome =
  | { readonly isOk: true; readonly figures: Figures }
  | { readonly isOk: false; readonly reason: string };

function failed(reason: string): CellOutcome {
  return { isOk: false, reason };
}

function judge(report: CellReport | undefined, exit: string, watch: OthersWatch): CellOutcome {
  if (report?.kind === 'failure') return failed(report.reason);
  if (report === undefined) return failed(`ended with ${exit} and without a report`);
  if (exit !== '0') return failed(`did not end by itself after its report (${exit})`);
  const busy = watch.busyPercent();
  const others = busy === undefined ? {} : { othersBusyPercent: busy };
  return { isOk: true, figures: { ...report.figures, ...others } };
}

/**
 * Runs a cell in a fresh process. A report of wrong replies, no report in time, and a process that
 * does not end by itself are all failures: never a figure.
 */
export function runCell({ cell, budget, nodePath }: CellRun): Promise<CellOutcome> {
  return new Promise((resolve) => {
    const watch = new OthersWatch();
    const entry = new URL('../cell-process.js', import.meta.url);
    const child = fork(entry, [cell, JSON.stringify(budget)], { execPath: nodePath, execArgv: [] });
    const kill = (): void => void child.kill('SIGKILL');
    const allowedMs = budget.warmUpMs + budget.measureMs + budget.idleMs + GRACE_MS;
    let timer = setTimeout(kill, allowedMs);
    let report: CellReport | undefined;
    child.on('message', (message: CellReport) => {
      report = message;
      clearTimeout(timer);
      timer = setTimeout(kill, END_TIMEOUT_MS);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve(failed(error.message));
    });
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(judge(report, String(code ?? signal), watch));
    });
  });
}
