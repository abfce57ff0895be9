import { CHOICES } from '../choices.js';
import { formatFigure, formatNumber, formatTable } from './format.js';
import type { GridResult } from './grid-results.js';
import { areApart } from './statistics.js';

/** A decision with both its figures, as text. */
export interface Worth {
  readonly decision: string;
  readonly with: string;
  readonly instead: string;
  readonly without: string;
  /** How many times as fast with it. */
  readonly times: number;
  /** No round of one lies among those of the other. */
  readonly isClear: boolean;
}

/** What a grid says about the decisions of the design; empty when it was not about them. */
export function worthsOf({ lines }: GridResult): Worth[] {
  return CHOICES.flatMap((choice) => {
    const own = lines.find(({ cell }) => cell === choice.with);
    const other = lines.find(({ cell }) => cell === choice.without);
    if (own?.spread === undefined || other?.spread === undefined) return [];
    const ratio = own.spread.median / other.spread.median;
    return [
      {
        decision: choice.decision,
        with: formatFigure(own.figure, own.spread.median),
        instead: choice.instead,
        without: formatFigure(other.figure, other.spread.median),
        times: own.figure === 'callsPerSecond' ? ratio : 1 / ratio,
        isClear: areApart(own.spread, other.spread),
      },
    ];
  });
}

/** `3.1 x`, or that nobody can tell. */
export function formatWorth({ times, isClear }: Worth): string {
  return `${formatNumber(times)} x${isClear ? '' : ' (within the noise)'}`;
}

/** The table of them; empty without any. */
export function formatChoices(grid: GridResult): string {
  const worths = worthsOf(grid);
  if (worths.length === 0) return '';
  const header = ['decision', 'with it', 'instead', 'without it', 'worth'];
  const lines = worths.map((worth) => [
    worth.decision,
    worth.with,
    worth.instead,
    worth.without,
    formatWorth(worth),
  ]);
  return formatTable([header, ...lines], new Set([1, 3]));
}
