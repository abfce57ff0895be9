import type { BenchArguments } from './arguments.js';
import type { RowResult } from './verdict.js';

/** What the guard says of two runs: the second one has only the rows that were in doubt. */
export interface GuardVerdict {
  /** Below what is required, or failed. */
  readonly below: readonly string[];
  /** Others used the machine too much to tell. */
  readonly unsure: readonly string[];
}

function idsOf(rows: readonly RowResult[], verdicts: readonly RowResult['verdict'][]): string[] {
  return rows.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id }) => id);
}

/** Throws when the guard would not do what the command line asks for. */
export function checkGuardArguments({ jsonPath, htmlPath, comparePath }: BenchArguments): void {
  if ((jsonPath ?? htmlPath ?? comparePath) === undefined) return;
  throw new Error('the guard takes no --json, --html and --compare: use npm run bench');
}

/** Rows that deserve a second, longer look. */
export function doubtfulRows(rows: readonly RowResult[]): string[] {
  return idsOf(rows, ['below', 'unsure']);
}

/**
 * A cell that failed has failed; a row in doubt is judged by its second run. Throws without rows.
 */
export function guardVerdict(
  first: readonly RowResult[],
  second: readonly RowResult[],
): GuardVerdict {
  if (first.length === 0) throw new Error('--only names no row, and the guard judges nothing else');
  const doubtful = new Set(doubtfulRows(first));
  // The name of a row may bring its halves along; only what was in doubt is judged again.
  const again = second.filter(({ id }) => doubtful.has(id));
  return {
    below: [...idsOf(first, ['error']), ...idsOf(again, ['below', 'error'])],
    unsure: idsOf(again, ['unsure']),
  };
}
