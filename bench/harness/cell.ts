/**
 * What a cell may answer; units are last in the names. `callsPerSecond` counts messages of any
 * kind, `bytesPerSecond` counts what an echo carries there and back once.
 */
export type FigureName =
  | 'callsPerSecond'
  | 'bytesPerSecond'
  | 'p50Us'
  | 'p99Us'
  | 'p999Us'
  | 'rawP50Us'
  | 'rawP99Us'
  | 'nsPerOperation'
  | 'cpuUsPerCall'
  | 'cpuPercent'
  | 'durationMs'
  | 'timesPlain'
  | 'calls'
  | 'othersBusyPercent'
  | 'heapMib'
  | 'rssMib';

/** What one run of a cell measured. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** How long a cell works. The first bound that is reached ends a phase. */
export interface Budget {
  /** Calls that are not counted, until the code is hot. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Bound on the calls of each phase; tests run a few hundred. */
  readonly maxCalls: number;
  /** How long an idle service is watched. */
  readonly idleMs: number;
  /** Calls after a silence, of each kind. */
  readonly coldCalls: number;
}

/**
 * One question to the machine, run in a process of its own. It verifies every reply, closes what it
 * opened, and throws when something was wrong or missing: then there is no figure at all.
 */
export type Cell = (budget: Budget) => Promise<Figures>;

/** The usual bounds. */
export const BUDGETS = {
  full: { warmUpMs: 600, measureMs: 1_500, maxCalls: 1e9, idleMs: 10_000, coldCalls: 200 },
  quick: { warmUpMs: 600, measureMs: 300, maxCalls: 1e9, idleMs: 3_000, coldCalls: 40 },
  tiny: { warmUpMs: 20, measureMs: 50, maxCalls: 300, idleMs: 50, coldCalls: 3 },
} as const satisfies Record<string, Budget>;

/** Fails a cell: its replies are wrong or missing. */
export class WrongReply extends Error {
  override readonly name = 'WrongReply';
}
