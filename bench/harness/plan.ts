import type { CellName } from '../cells.js';
import { cellsOf, type Grid, type GridCell, pathOf, questionOf } from '../grids.js';
import type { Row } from './row.js';

/** Where a row finds its figures among the steps of a round. */
export interface PlannedRow {
  readonly row: Row;
  readonly step: number;
  readonly besideStep: number | undefined;
}

/** Where the cells of a grid are among the steps of a round. */
export interface PlannedGrid {
  readonly grid: Grid;
  readonly cells: readonly (GridCell & { readonly step: number })[];
}

/** One cell of a round. */
export interface Step {
  readonly cell: CellName;
  /** All cells of a grid have the same, shorter budget, those of the rows theirs. */
  readonly isForGrid: boolean;
  /** In the first round only. */
  readonly isOnce: boolean;
}

/** What every round does, in this order or backwards. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly rows: readonly PlannedRow[];
  readonly grids: readonly PlannedGrid[];
}

/** What is to be planned. */
export interface Wanted {
  readonly rows: readonly Row[];
  readonly grids: readonly Grid[];
}

/** In the first round only: one has rounds of its own, one is a long wait, one a long start. */
const LONG_CELLS: ReadonlySet<CellName> = new Set([
  'mini-cluster/word-count',
  'home-to-worker/idle',
  'endpoints-100000/ask-number/256',
]);

/**
 * Puts the cells of all rows in turns with their floors, then those of the grids. A cell runs once
 * a round whoever wants it, except that a grid has cells of its own: all with the same budget.
 */
export function planRound({ rows, grids }: Wanted): Plan {
  const steps: Step[] = [];
  const stepOf = (cell: CellName, isForGrid: boolean): number => {
    const known = steps.findIndex((step) => step.cell === cell && step.isForGrid === isForGrid);
    if (known >= 0) return known;
    return steps.push({ cell, isForGrid, isOnce: LONG_CELLS.has(cell) }) - 1;
  };
  const plannedRows = rows.map((row) => {
    const step = stepOf(row.measure.cell, false);
    const besideStep = row.beside && stepOf(row.beside.cell, false);
    return { row, step, besideStep };
  });
  const plannedGrids = grids.map((grid) => {
    const cells = cellsOf(grid).map((place) => ({ ...place, step: stepOf(place.cell, true) }));
    return { grid, cells };
  });
  return { steps, rows: plannedRows, grids: plannedGrids };
}

/** Rows with a bound, and those that cost nothing beside them; when there are none, all stay. */
export function quickRows(rows: readonly Row[]): readonly Row[] {
  const bounded = rows.filter(({ required, goal }) => required ?? goal);
  const measured = new Set(bounded.flatMap(({ measure, beside }) => [measure.cell, beside?.cell]));
  const needed = rows.filter(({ measure }) => measured.has(measure.cell));
  return needed.length > 0 ? needed : rows;
}

/** Where names are looked up: everything that there is. */
export interface Catalogue extends Wanted {
  readonly cells: readonly CellName[];
}

/**
 * What `names` say: rows by their id (`L8` is L8a to L8c), grids by theirs, cells by their names
 * or any part of them that holds a slash. Without names: all rows, and in a full run all grids.
 */
export function select(all: Catalogue, names: readonly string[], isQuick: boolean): Wanted {
  if (names.length === 0) {
    return isQuick ? { rows: quickRows(all.rows), grids: [] } : all;
  }
  const exact = new Set(names.filter((name) => all.cells.includes(name)));
  const isCell = (cell: CellName, name: string): boolean =>
    exact.has(name) ? cell === name : name.includes('/') && cell.includes(name);
  const unknown = names.filter(
    (name) =>
      !all.rows.some(({ id }) => isNamed(id, name)) &&
      !all.grids.some(({ id }) => isNamed(id, name)) &&
      !all.cells.some((cell) => isCell(cell, name)),
  );
  if (unknown.length > 0) {
    const known = [...all.rows, ...all.grids].map(({ id }) => id).join(', ');
    throw new Error(`nothing is named ${unknown.join(', ')}; there are ${known}, and cells`);
  }
  const rows = all.rows.filter(({ id }) => names.some((name) => isNamed(id, name)));
  const grids = all.grids.filter(({ id }) => names.some((name) => isNamed(id, name)));
  const cells = all.cells.filter((cell) => names.some((name) => isCell(cell, name)));
  return { rows, grids: [...grids, ...gridsOf(cells)] };
}

/** Cells that somebody named, as a grid for each path. */
function gridsOf(cells: readonly CellName[]): Grid[] {
  const paths = [...new Set(cells.map(pathOf))];
  return paths.map((path) => {
    const questions = cells.filter((cell) => pathOf(cell) === path).map(questionOf);
    return { id: 'G0', title: path, paths: [path], questions };
  });
}

/** `L1` is L1 and not L10a; `L10` is both halves of it; `L` is all of them. */
function isNamed(id: string, name: string): boolean {
  const own = id.toLowerCase();
  const wanted = name.toLowerCase();
  if (!own.startsWith(wanted)) return false;
  const rest = own.slice(wanted.length);
  return /^[a-z]*$/.test(rest) || (/^[a-z]+$/.test(wanted) && /^\d/.test(rest));
}
