import { equal } from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CELLS, type CellName } from '../../bench/cells.js';
import { cellsOf, GRIDS } from '../../bench/grids.js';
import { BUDGETS, NotHere } from '../../bench/harness/cell.js';
import { ROWS } from '../../bench/rows.js';

/** What the table wants of a cell. */
function wantedOf(cell: CellName): string[] {
  const measures = ROWS.flatMap(({ measure, beside }) => (beside ? [measure, beside] : [measure]));
  return measures.filter((measure) => measure.cell === cell).map(({ figure }) => figure);
}

/** Cells that differ from others in the number of calls in flight only. */
const SAME_CODE = /number\/(8|32|100|1024)$/;
/** One question is enough to see that a peer is used rightly. */
const MORE_OF_PEERS = /^peers\/(?!.*(number\/256|-1-kib\/256)$)/;

/** A peer that is not installed is no failure: users and CI do not have them. */
async function runTiny(cell: CellName, t: TestContext): Promise<void> {
  try {
    const figures: Readonly<Record<string, number>> = await CELLS[cell]!(BUDGETS.tiny);
    for (const figure of wantedOf(cell)) equal(Number.isFinite(figures[figure]), true, figure);
  } catch (error) {
    if (!(error instanceof NotHere)) throw error;
    t.skip(error.message);
  }
}

// Each cell verifies its replies and fails by itself; here it answers what the table needs of it.
for (const name of Object.keys(CELLS)) {
  const isWanted = wantedOf(name).length > 0;
  if (!isWanted && (SAME_CODE.test(name) || MORE_OF_PEERS.test(name))) continue;
  test(`${name}, a few calls`, { timeout: 60_000 }, (t) => runTiny(name, t));
}

test('every row and every grid asks for cells that there are', () => {
  const wanted = ROWS.flatMap(({ measure, beside }) => [measure, ...(beside ? [beside] : [])]);
  for (const { cell } of wanted) equal(cell in CELLS, true, cell);
  for (const grid of GRIDS) {
    const cells = cellsOf(grid);
    for (const path of grid.paths)
      equal(
        cells.some((cell) => cell.path === path),
        true,
        path,
      );
    for (const question of grid.questions) {
      equal(
        cells.some((cell) => cell.question === question),
        true,
        `${grid.id} ${question}`,
      );
    }
  }
});
