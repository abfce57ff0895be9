import type { CellName } from '../cells.js';
import type { FigureName } from './cell.js';

/** A figure of a cell. */
export interface Measure {
  readonly cell: CellName;
  readonly figure: FigureName;
}

/** A bound on a figure; of several that are given, the strictest holds. */
export interface Bound {
  /**
   * Absolute, in the unit of the figure, on the reference machine: scaled by the floor of the run
   * where the row has a `reference`, taken as it is where it has none.
   */
  readonly value?: number;
  /** Figure divided by what it is measured beside. */
  readonly ratio?: number;
}

/** What a row is measured beside, in the same run. */
export interface Beside extends Measure {
  /** What it is, in two words. */
  readonly name: string;
  /** What it was on the machine that the absolute bounds are for. */
  readonly reference?: number;
}

/** Another engine, measured elsewhere in turns with the same floor. */
export interface Rival {
  readonly name: string;
  /** Its figure divided by that floor. */
  readonly ratio: number;
}

/** One line of the table: a question, where its figure comes from, and what it has to be. */
export interface Row {
  readonly id: string;
  readonly question: string;
  readonly measure: Measure;
  readonly better: 'higher' | 'lower';
  readonly beside?: Beside;
  /** What another engine is on the floor of `beside`: rows that say how many times it we are. */
  readonly rival?: Rival;
  /** Absent: shown for information. */
  readonly required?: Bound;
  readonly goal?: Bound;
}

/** The bound on the ratio that follows from `bound`, or undefined when it is absolute only. */
export function ratioBound(row: Row, bound: Bound): number | undefined {
  const { beside, better } = row;
  if (beside === undefined) return undefined;
  const bounds = [
    ...(bound.ratio === undefined ? [] : [bound.ratio]),
    ...(bound.value === undefined || beside.reference === undefined
      ? []
      : [bound.value / beside.reference]),
  ];
  if (bounds.length === 0) return undefined;
  return better === 'higher' ? Math.max(...bounds) : Math.min(...bounds);
}
