import { formatNumber, formatTable } from './format.js';
import { VERDICTS } from './table.js';
import type { RowResult } from './verdict.js';

/**
 * Rows with a rival that was measured elsewhere, in turns with the same floor: how many times as
 * fast as it we are on the floor of this run. Empty without any.
 */
export function formatRivals(results: readonly RowResult[]): string {
  const lines = results.flatMap(
    ({ id, question, rival, ratio, required, goal, verdict, isNoisy }) => {
      if (rival === undefined || ratio === undefined) return [];
      const times = (value: number | undefined): string =>
        value === undefined ? '' : formatNumber(value / rival.ratio);
      return [
        [
          id,
          question,
          `${times(ratio.median)} x`,
          `${times(ratio.min)}-${times(ratio.max)}`,
          `>= ${times(required?.ratio)} x`,
          `>= ${times(goal?.ratio)} x`,
          `${VERDICTS[verdict]}${isNoisy ? ' ?' : ''}`,
        ],
      ];
    },
  );
  if (lines.length === 0) return '';
  const header = ['row', 'times as fast as', 'times', 'min-max', 'required', 'goal', 'verdict'];
  return formatTable([header, ...lines], new Set([2, 3, 4, 5]));
}
