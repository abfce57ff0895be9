import type { Figures } from './cell.js';
import { formatFigure, formatNumber, formatRange, formatTable } from './format.js';
import type { PlannedGrid } from './plan.js';
import type { Round, Rounds } from './rounds.js';
import { areApart, type Spread, spreadOf } from './statistics.js';
import { isQuiet, mediansOf, quietRounds } from './verdict.js';

/** One cell of a grid after all rounds. */
export interface GridLine {
  readonly path: string;
  readonly question: string;
  readonly cell: string;
  /** Rate, or for one call in flight the middle latency. */
  readonly spread?: Spread;
  readonly figure: 'callsPerSecond' | 'p50Us' | 'durationMs' | 'nsPerOperation';
  /** Median of everything that the cell measured. */
  readonly details?: Figures;
  /** Why there is no figure. */
  readonly reason?: string;
  readonly isAbsent: boolean;
  /** Others were busy in every round: the figures say little. */
  readonly isNoisy: boolean;
}

/** A grid after all rounds. */
export interface GridResult {
  readonly id: string;
  readonly title: string;
  readonly ours?: string;
  readonly floor?: string;
  readonly lines: readonly GridLine[];
}

/** What a cell is judged by: how long one call takes, or how many there are in a second. */
function figureOf(rounds: readonly Round[], step: number, question: string): GridLine['figure'] {
  const figures = rounds.find((round) => round[step] !== undefined)?.[step];
  if (figures?.nsPerOperation !== undefined) return 'nsPerOperation';
  if (figures?.durationMs !== undefined) return 'durationMs';
  return question.endsWith('/1') && figures?.p50Us !== undefined ? 'p50Us' : 'callsPerSecond';
}

/** Medians over the quiet rounds of each cell. */
export function gridResult({ grid, cells }: PlannedGrid, results: Rounds): GridResult {
  const { id, title, ours, floor } = grid;
  const lines = cells.map(({ path, question, cell, step }): GridLine => {
    const ran = results.rounds.filter((round) => round[step] !== undefined);
    const figure = figureOf(ran, step, question);
    const known = { path, question, cell, figure };
    const absence = results.absences.get(cell);
    const reason = results.failures.get(cell) ?? absence;
    if (reason !== undefined) {
      return { ...known, reason, isAbsent: absence !== undefined, isNoisy: false };
    }
    const rounds = quietRounds(ran, [step]);
    const values = rounds.map((round) => round[step]?.[figure] ?? Number.NaN);
    const details = mediansOf(rounds, step);
    const isNoisy = rounds.every((round) => !isQuiet(round, [step]));
    return { ...known, spread: spreadOf(values), details, isAbsent: false, isNoisy };
  });
  return { id, title, lines, ...(ours ? { ours } : {}), ...(floor ? { floor } : {}) };
}

const HEADER = [
  'path',
  'question',
  'calls/s',
  'min-max',
  'p50 us',
  'p99 us',
  'p99.9 us',
  'max us',
  'CPU us',
  'heap MiB',
  'RSS MiB',
];

function formatLine(line: GridLine): string[] {
  const { path, question, details, spread, reason } = line;
  if (details === undefined || spread === undefined) return [path, question, reason ?? '-'];
  const { callsPerSecond, p50Us, p99Us, p999Us, maxUs, cpuUsPerCall, heapMib, rssMib } = details;
  const rest = [p50Us, p99Us, p999Us, maxUs, cpuUsPerCall, heapMib, rssMib];
  const rate =
    callsPerSecond === undefined
      ? formatFigure(line.figure, spread.median)
      : formatFigure('callsPerSecond', callsPerSecond);
  return [
    path,
    question,
    rate,
    formatRange(line.figure, spread),
    ...rest.map((value) => (value === undefined ? '' : formatNumber(value))),
  ];
}

/** All cells of a grid, one a line. */
export function formatGrid({ id, title, lines }: GridResult): string {
  const table = formatTable(
    [HEADER, ...lines.map(formatLine)],
    new Set([2, 3, 4, 5, 6, 7, 8, 9, 10]),
  );
  const extras = lines.flatMap(({ cell, details }) => {
    const text = extraOf(details ?? {});
    return text === '' ? [] : [`${cell}: ${text}`];
  });
  return [`${id}  ${title}`, table, ...extras].join('\n');
}

/** What only a few cells measure. */
export function extraOf(figures: Figures): string {
  const { endpoints, heapBytesPerEndpoint, callerBytesPerEndpoint, startsPerSecond } = figures;
  const { stopsPerSecond, laneMib, durationMs } = figures;
  const parts: string[] = [];
  if (endpoints !== undefined) {
    parts.push(
      `${endpoints} endpoints`,
      `${formatNumber(heapBytesPerEndpoint!)} bytes each on their thread`,
      `${formatNumber(callerBytesPerEndpoint!)} bytes each where they were started`,
      `${formatFigure('callsPerSecond', startsPerSecond!)} started`,
      `${formatFigure('callsPerSecond', stopsPerSecond!)} stopped`,
    );
  }
  if (laneMib !== undefined) {
    parts.push(
      `${formatNumber(laneMib)} MiB more resident memory in ${formatNumber(durationMs!)} ms`,
    );
  }
  if ((figures.notSent ?? 0) > 0) parts.push(`${figures.notSent} calls could not even begin`);
  return parts.join(', ');
}

/** Ours beside one peer at one question. */
export interface Duel {
  readonly question: string;
  readonly peer: string;
  /** How many times as fast as the peer we are; below 1 we lose. */
  readonly times: number;
  readonly outcome: 'win' | 'tie' | 'loss' | 'unsure';
}

/**
 * Every comparison of a grid of peers. A tie: the rounds of the two overlap. Unsure: others used
 * the machine in every round of one of them.
 */
export function duelsOf({ ours, floor, lines }: GridResult): Duel[] {
  if (ours === undefined) return [];
  return lines.flatMap(({ path, question, figure, spread, isNoisy }): Duel[] => {
    if (path === ours || path === floor || spread === undefined) return [];
    const line = lines.find((each) => each.path === ours && each.question === question);
    const own = line?.spread;
    if (own === undefined) return [];
    const isUnsure = isNoisy || line?.isNoisy === true;
    const isRate = figure === 'callsPerSecond';
    const times = isRate ? own.median / spread.median : spread.median / own.median;
    const clear = areApart(own, spread) ? (times > 1 ? 'win' : 'loss') : 'tie';
    const outcome = isUnsure ? 'unsure' : clear;
    return [{ question, peer: path, times, outcome }];
  });
}

/** A path without its folder. */
export function shortName(path: string): string {
  return path.replace(/^(peers|floor)\//, '');
}

/** Peers as lines, questions as columns: their figure and how many times as fast we are. */
export function formatPeers(result: GridResult): string {
  const duels = duelsOf(result);
  const questions = [...new Set(result.lines.map(({ question }) => question))];
  const paths = [...new Set(result.lines.map(({ path }) => path))];
  const cellText = (path: string, question: string): string => {
    const line = result.lines.find((each) => each.path === path && each.question === question);
    if (line?.spread === undefined) return line === undefined ? '' : (line.reason ?? '-');
    const figure = formatFigure(line.figure, line.spread.median);
    const duel = duels.find((each) => each.peer === path && each.question === question);
    if (duel === undefined) return figure;
    const mark = { win: '', tie: ' tie', loss: ' LOSS', unsure: ' ?' }[duel.outcome];
    return `${figure} (${formatNumber(duel.times)} x${mark})`;
  };
  const lines = paths.map((path) => {
    const texts = questions.map((question) => cellText(path, question));
    const reasons = new Set(texts.filter((text) => text !== ''));
    const isGone = result.lines.every((line) => line.path !== path || line.isAbsent);
    if (isGone && reasons.size === 1) return [shortName(path), [...reasons][0]!];
    return [shortName(path), ...texts];
  });
  const header = ['', ...questions];
  const table = formatTable([header, ...lines], new Set(questions.map((_, i) => i + 1)));
  return [
    `${result.id}  ${result.title} (in brackets: how many times as fast we are)`,
    table,
    summaryOf(duels),
  ].join('\n');
}

function summaryOf(duels: readonly Duel[]): string {
  const losses = duels.filter(({ outcome }) => outcome === 'loss');
  const count = (outcome: Duel['outcome']): number =>
    duels.filter((duel) => duel.outcome === outcome).length;
  const named = losses.map(
    ({ question, peer, times }) => `${shortName(peer)} at ${question} (${formatNumber(times)} x)`,
  );
  const list = named.length === 0 ? '' : `: ${named.join(', ')}`;
  const unsure = count('unsure') === 0 ? '' : `, ${count('unsure')} unsure (others were busy)`;
  return `${count('win')} wins, ${count('tie')} ties${unsure}, ${losses.length} losses${list}`;
}
