import { CELLS, type CellName } from './cells.js';
import type { Budget, Figures } from './harness/cell.js';

/** What a cell's process says before it ends by itself. */
export type CellReport =
  | { readonly kind: 'figures'; readonly figures: Figures; readonly node: string }
  | { readonly kind: 'failure'; readonly reason: string };

async function run(name: CellName, budget: Budget): Promise<CellReport> {
  try {
    const figures = await CELLS[name](budget);
    return { kind: 'figures', figures, node: process.version };
  } catch (error) {
    return { kind: 'failure', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** `cell-process.js <cell> <budget as JSON>`: one cell, one report, then nothing is left open. */
const [name, budget] = process.argv.slice(2);
const report = await run(name as CellName, JSON.parse(budget!) as Budget);
process.send?.(report, () => process.disconnect());
