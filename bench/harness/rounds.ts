import type { CellName } from '../cells.js';
import type { Budget, Figures } from './cell.js';
import type { Plan } from './plan.js';
import { runCell } from './run-cell.js';

/** What all steps of a round gave; `undefined` where the cell failed. */
export type Round = readonly (Figures | undefined)[];

/** All rounds, and the first failure of each cell that failed. */
export interface Rounds {
  readonly rounds: readonly Round[];
  readonly failures: ReadonlyMap<CellName, string>;
}

/** How to run the rounds. */
export interface RoundOptions {
  readonly count: number;
  readonly budget: Budget;
  readonly nodePath: string;
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

/**
 * Runs the steps of the plan round after round, every other round backwards, so that no cell
 * always runs after the same one. A cell that failed is not run again.
 */
export async function runRounds(plan: Plan, options: RoundOptions): Promise<Rounds> {
  const failures = new Map<CellName, string>();
  const rounds: Round[] = [];
  const total = plan.steps.length * options.count;
  let done = 0;
  for (let round = 0; round < options.count; round++) {
    const results = new Array<Figures | undefined>(plan.steps.length).fill(undefined);
    const order = plan.steps.map((_, index) => index);
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      const cell = plan.steps[index]!;
      options.onStep({ round, cell, done: done++, total });
      if (failures.has(cell)) continue;
      const outcome = await runCell({ cell, budget: options.budget, nodePath: options.nodePath });
      if (outcome.isOk) results[index] = outcome.figures;
      else failures.set(cell, outcome.reason);
    }
    rounds.push(results);
  }
  return { rounds, failures };
}
