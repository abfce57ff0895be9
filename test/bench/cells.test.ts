import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS, type CellName } from '../../bench/cells.js';
import { BUDGETS } from '../../bench/harness/cell.js';
import { ROWS } from '../../bench/rows.js';

/** What the table wants of a cell. */
function wantedOf(cell: CellName): string[] {
  const measures = ROWS.flatMap(({ measure, beside }) => (beside ? [measure, beside] : [measure]));
  return measures.filter((measure) => measure.cell === cell).map(({ figure }) => figure);
}

// Each cell verifies its replies and fails by itself; here it answers what the table needs of it.
for (const name of Object.keys(CELLS) as CellName[]) {
  test(`${name}, a few calls`, { timeout: 30_000 }, async () => {
    const figures: Readonly<Record<string, number>> = await CELLS[name](BUDGETS.tiny);
    for (const figure of wantedOf(name)) equal(Number.isFinite(figures[figure]), true, figure);
  });
}
