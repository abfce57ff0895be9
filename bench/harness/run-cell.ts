import { fork } from 'node:child_process';
import type { CellReport } from '../cell-process.js';
import type { CellName } from '../cells.js';
import type { Budget } from './cell.js';
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

/** Figures, why there are none, or why there can be none here. */
export type CellOutcome = CellReport;

/** What is kept of what a process wrote to its stderr. */
const STDERR_MAX = 16_384;

function failed(reason: string): CellOutcome {
  return { kind: 'failure', reason };
}

/** The line of a crash that says what went wrong. */
function errorLine(stderr: string): string {
  const line = stderr.split('\n').find((text) => /^\S*Error\b.*: /.test(text));
  return line === undefined ? '' : `: ${line}`;
}

/** What is known when the process has ended. */
interface Ending {
  readonly report: CellReport | undefined;
  readonly exit: string;
  readonly stderr: string;
}

function judge({ report, exit, stderr }: Ending, watch: OthersWatch): CellOutcome {
  if (report !== undefined && report.kind !== 'figures') return report;
  const because = errorLine(stderr);
  if (report === undefined) return failed(`ended with ${exit} and without a report${because}`);
  if (exit !== '0') return failed(`did not end well after its report (${exit})${because}`);
  const busy = watch.busyPercent();
  const others = busy === undefined ? {} : { othersBusyPercent: busy };
  return { kind: 'figures', figures: { ...report.figures, ...others } };
}

/**
 * Runs a cell in a fresh process. A report of wrong replies, no report in time, and a process that
 * does not end by itself are all failures: never a figure.
 */
export function runCell({ cell, budget, nodePath }: CellRun): Promise<CellOutcome> {
  return new Promise((resolve) => {
    const watch = new OthersWatch();
    const entry = new URL('../cell-process.js', import.meta.url);
    const child = fork(entry, [cell, JSON.stringify(budget)], {
      execPath: nodePath,
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    const allowedMs = budget.warmUpMs + budget.measureMs + budget.idleMs + GRACE_MS;
    let timer = setTimeout(kill, allowedMs);
    let report: CellReport | undefined;
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < STDERR_MAX) stderr += text;
    });
    child.on('message', (message: CellReport) => {
      report = message;
      clearTimeout(timer);
      timer = setTimeout(kill, END_TIMEOUT_MS);
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      resolve(failed(error.message));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(judge({ report, exit: String(code ?? signal), stderr }, watch));
    });
  });
}
