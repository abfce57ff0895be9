import { formatFigure, formatNumber, formatRange, formatTable } from './format.js';
import { NOISY_PERCENT } from './others.js';
import type { HeldBound, RowResult } from './verdict.js';

const HEADER = [
  'row',
  'question',
  'figure',
  'min-max',
  'floor of the run',
  'ratio',
  'min-max',
  'required',
  'goal',
  'rounds',
  'verdict',
];
const RIGHT: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7, 8, 9]);

/** What a verdict is called. */
export const VERDICTS = {
  goal: 'goal met',
  met: 'met',
  below: 'BELOW',
  shown: '',
  unsure: 'unsure',
  error: 'ERROR',
} as const;

const NOISE = `? = others used over ${NOISY_PERCENT} % of the cores in every round: run it again`;

/** `>= 2.51 M/s (0.45)`: for this run, and as a ratio where the ratio decides. */
export function formatBound(result: RowResult, bound: HeldBound | undefined): string {
  if (bound === undefined) return '';
  const sign = result.better === 'higher' ? '>=' : '<=';
  const value = formatFigure(result.measure.figure, bound.value);
  return `${sign} ${value}${bound.ratio === undefined ? '' : ` (${formatNumber(bound.ratio)})`}`;
}

function formatRow(result: RowResult): string[] {
  const { figure, beside, ratio } = result;
  const name = result.measure.figure;
  return [
    result.id,
    result.question,
    figure ? formatFigure(name, figure.median) : '-',
    figure ? formatRange(name, figure) : '',
    beside ? `${result.besideName} ${formatFigure(name, beside.median)}` : '',
    ratio ? formatNumber(ratio.median) : '',
    ratio ? `${formatNumber(ratio.min)}-${formatNumber(ratio.max)}` : '',
    formatBound(result, result.required),
    formatBound(result, result.goal),
    result.countedRounds === undefined ? '' : `${result.countedRounds}`,
    `${VERDICTS[result.verdict]}${result.isNoisy ? ' ?' : ''}`,
  ];
}

/** The table of all rows, wins and losses alike, and below it why a row has no figure. */
export function formatResults(results: readonly RowResult[]): string {
  const table = formatTable([HEADER, ...results.map(formatRow)], RIGHT);
  const errors = results.flatMap(({ id, reason }) =>
    reason === undefined ? [] : [`${id}: ${reason}`],
  );
  const isNoisy = results.some((result) => result.isNoisy);
  return [table, ...(isNoisy ? [NOISE] : []), ...errors].join('\n');
}

const DETAILS_HEADER = [
  'row',
  'cell',
  'calls/s',
  'p50 us',
  'p99 us',
  'p99.9 us',
  'CPU us',
  'RSS MiB',
  'others %',
];

/** What else each cell measured: latencies, CPU of all threads and processes per call, memory. */
export function formatDetails(results: readonly RowResult[]): string {
  const isNew = ({ measure }: RowResult, index: number): boolean =>
    results.findIndex((result) => result.measure.cell === measure.cell) === index;
  const lines = results.filter(isNew).flatMap(({ id, measure, details }) => {
    if (details === undefined || details.nsPerOperation !== undefined) return [];
    const { callsPerSecond, p50Us, p99Us, p999Us, cpuUsPerCall, rssMib, othersBusyPercent } =
      details;
    const rate = callsPerSecond && formatFigure('callsPerSecond', callsPerSecond);
    const rest = [p50Us, p99Us, p999Us, cpuUsPerCall, rssMib, othersBusyPercent];
    const texts = rest.map((value) => (value === undefined ? '' : formatNumber(value)));
    return [[id, measure.cell, rate || '', ...texts]];
  });
  return formatTable([DETAILS_HEADER, ...lines], new Set([2, 3, 4, 5, 6, 7, 8]));
}

/** `9 rows with a bound: 3 reach the goal, 5 are met, 1 below (L4), 0 errors`. */
export function summarize(results: readonly RowResult[]): string {
  const ids = (verdict: RowResult['verdict']): string[] =>
    results.filter((result) => result.verdict === verdict).map(({ id }) => id);
  const named = (names: readonly string[]): string =>
    names.length === 0 ? '0' : `${names.length} (${names.join(', ')})`;
  return [
    `goal met: ${named(ids('goal'))}`,
    `required met: ${named(ids('met'))}`,
    `below: ${named(ids('below'))}`,
    `unsure: ${named(ids('unsure'))}`,
    `errors: ${named(ids('error'))}`,
  ].join('; ');
}
