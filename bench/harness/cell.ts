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
  | 'maxUs'
  | 'notSent'
  | 'rawP50Us'
  | 'shortP50Us'
  | 'rawShortP50Us'
  | 'rawP99Us'
  | 'nsPerOperation'
  | 'cpuUsPerCall'
  | 'cpuPercent'
  | 'afterWorkCpuPercent'
  | 'durationMs'
  | 'timesPlain'
  | 'calls'
  | 'endpoints'
  | 'heapBytesPerEndpoint'
  | 'callerBytesPerEndpoint'
  | 'startsPerSecond'
  | 'stopsPerSecond'
  | 'laneMib'
  | 'othersBusyPercent'
  | 'heapMib'
  | 'rssMib';

/** What one run of a cell measured. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** How long a cell works. The first bound that is reached ends a phase. */
export interface Budget {
  /** How large a cell builds what it measures: `tiny` only proves that it works. */
  readonly scale: 'full' | 'quick' | 'tiny';
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

const UNBOUNDED_CALLS = 1e9;

/** The usual bounds: of rows in a full and in a quick run, of grids, of the tests. */
export const BUDGETS = {
  full: {
    scale: 'full',
    warmUpMs: 450,
    measureMs: 350,
    maxCalls: UNBOUNDED_CALLS,
    idleMs: 10_000,
    coldCalls: 150,
  },
  quick: {
    scale: 'quick',
    warmUpMs: 350,
    measureMs: 150,
    maxCalls: UNBOUNDED_CALLS,
    idleMs: 5_000,
    coldCalls: 30,
  },
  grid: {
    scale: 'quick',
    warmUpMs: 150,
    measureMs: 120,
    maxCalls: UNBOUNDED_CALLS,
    idleMs: 1_500,
    coldCalls: 30,
  },
  tiny: {
    scale: 'tiny',
    warmUpMs: 20,
    measureMs: 50,
    maxCalls: 300,
    idleMs: 50,
    coldCalls: 3,
  },
} as const satisfies Record<string, Budget>;

/** Fails a cell: its replies are wrong or missing. */
export class WrongReply extends Error {
  override readonly name = 'WrongReply';
}

/** There is nothing to measure here: a package is not installed, or wants another Node. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}
