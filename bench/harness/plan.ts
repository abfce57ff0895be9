import type { CellName } from '../cells.js';
import type { Measure, Row } from './row.js';

/** Where a row finds its figures among the steps of a round. */
export interface PlannedRow {
  readonly row: Row;
  readonly step: number;
  readonly besideStep: number | undefined;
}

/** What every round does, in this order or backwards. */
export interface Plan {
  readonly steps: readonly CellName[];
  readonly rows: readonly PlannedRow[];
}

function isFloor(cell: CellName): boolean {
  return cell.startsWith('floor/');
}

/**
 * Puts the cells of all rows in turns with their floors. A cell runs once a round whoever wants
 * it; a floor runs again right after each row, or once for neighbours and all when `sharesFloors`.
 */
export function planRound(rows: readonly Row[], sharesFloors: boolean): Plan {
  const steps: CellName[] = [];
  const stepOf = ({ cell }: Measure, isFresh: boolean): number => {
    const known = steps.lastIndexOf(cell);
    if (known >= 0 && !isFresh) return known;
    return steps.push(cell) - 1;
  };
  const planned = rows.map((row) => {
    const step = stepOf(row.measure, false);
    const { beside } = row;
    if (beside === undefined) return { row, step, besideStep: undefined };
    return { row, step, besideStep: stepOf(beside, isFloor(beside.cell) && !sharesFloors) };
  });
  return { steps, rows: planned };
}

/**
 * Without parts of the engine, and without floors that no other row is measured beside; when these
 * are all, they stay.
 */
export function quickRows(rows: readonly Row[]): readonly Row[] {
  const beside = new Set(rows.map((row) => row.beside?.cell));
  const needed = rows.filter(({ measure: { cell } }) => {
    return beside.has(cell) || !(isFloor(cell) || cell.startsWith('micro/'));
  });
  return needed.length > 0 ? needed : rows;
}

/** Rows whose id begins with one of `names`, letters in any case; all without names. */
export function selectRows(rows: readonly Row[], names: readonly string[]): readonly Row[] {
  if (names.length === 0) return rows;
  const unknown = names.filter((name) => !rows.some((row) => isNamed(row, name)));
  if (unknown.length > 0) {
    const known = rows.map(({ id }) => id).join(', ');
    throw new Error(`no row is named ${unknown.join(', ')}; there are ${known}`);
  }
  return rows.filter((row) => names.some((name) => isNamed(row, name)));
}

/** `L1` is L1 and not L10a; `L10` is both halves of it. */
function isNamed(row: Row, name: string): boolean {
  const id = row.id.toLowerCase();
  const wanted = name.toLowerCase();
  return id === wanted || (id.startsWith(wanted) && /^[a-z]+$/.test(id.slice(wanted.length)));
}
