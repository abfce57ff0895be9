import type { CellName } from '../cells.js';
import type { Budget, Figures } from './cell.js';
import type { Plan } from './plan.js';
import { NOISY_PERCENT } from './others.js';
import { type CellOutcome, type CellRun, runCell } from './run-cell.js';

/** What all steps of a round gave; `undefined` where the cell did not run or failed. */
export type Round = readonly (Figures | undefined)[];

/** All rounds, the first failure of each cell that failed, and why some are not here. */
export interface Rounds {
  readonly rounds: readonly Round[];
  readonly failures: ReadonlyMap<CellName, string>;
  readonly absences: ReadonlyMap<CellName, string>;
}

/** How to run the rounds. */
export interface RoundOptions {
  readonly count: number;
  readonly rowBudget: Budget;
  readonly gridBudget: Budget;
  readonly nodePath: string;
  /** A cell that others disturbed is run once more at once, and the quieter run counts. */
  readonly repeatsNoisy: boolean;
  /** Called before each step. */
  readonly onStep: (progress: Progress) => void;
}

/** Where the run is. */
export interface Progress {
  readonly round: number;
  readonly cell: CellName;
  readonly done: number;
  readonly total: number;
}

async function runQuietly(run: CellRun, { repeatsNoisy }: RoundOptions): Promise<CellOutcome> {
  const first = await runCell(run);
  if (!repeatsNoisy || first.kind !== 'figures' || busyOf(first) <= NOISY_PERCENT) return first;
  const second = await runCell(run);
  return second.kind === 'figures' && busyOf(second) > busyOf(first) ? first : second;
}

function busyOf({ figures }: { readonly figures: Figures }): number {
  return figures.othersBusyPercent ?? 0;
}

/**
 * Runs the steps of the plan round after round, every other round backwards, so that no cell
 * always runs after the same one. A cell that failed or is not here is not run again.
 */
export async function runRounds(plan: Plan, options: RoundOptions): Promise<Rounds> {
  const failures = new Map<CellName, string>();
  const absences = new Map<CellName, string>();
  const rounds: Round[] = [];
  const total = plan.steps.length * options.count;
  let done = 0;
  for (let round = 0; round < options.count; round++) {
    const results = new Array<Figures | undefined>(plan.steps.length).fill(undefined);
    const order = plan.steps.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const { cell, isForGrid, isOnce } = plan.steps[index]!;
      options.onStep({ round, cell, done: done++, total });
      if (failures.has(cell) || absences.has(cell) || (isOnce && round > 0)) continue;
      const budget = isForGrid ? options.gridBudget : options.rowBudget;
      const outcome = await runQuietly({ cell, budget, nodePath: options.nodePath }, options);
      if (outcome.kind === 'figures') results[index] = outcome.figures;
      else (outcome.kind === 'absence' ? absences : failures).set(cell, outcome.reason);
    }
    rounds.push(results);
  }
  return { rounds, failures, absences };
}
