import { CELLS, type CellName } from './cells.js';
import { type Budget, type Figures, NotHere } from './harness/cell.js';

/** What a cell's process says before it ends by itself. */
export type CellReport =
  | { readonly kind: 'figures'; readonly figures: Figures }
  | { readonly kind: 'failure' | 'absence'; readonly reason: string };

async function run(name: CellName, budget: Budget): Promise<CellReport> {
  try {
    const cell = CELLS[name];
    if (cell === undefined) throw new Error(`there is no cell ${name}`);
    return { kind: 'figures', figures: await cell(budget) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof NotHere ? 'absence' : 'failure', reason };
  }
}

/** `cell-process.js <cell> <budget as JSON>`: one cell, one report, then nothing is left open. */
const [name, budget] = process.argv.slice(2);
const report = await run(name!, JSON.parse(budget!) as Budget);
process.send?.(report, () => process.disconnect());
