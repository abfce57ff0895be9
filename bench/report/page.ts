import { htmlDocument, table } from '../../apps/report/html.js';
import { escapeHtml } from '../../apps/report/svg.js';
import { formatFigure, formatNumber, formatRange } from '../harness/format.js';
import {
  duelsOf,
  extraOf,
  type GridLine,
  type GridResult,
  shortName,
} from '../harness/grid-results.js';
import { describeMachine } from '../harness/machine.js';
import type { BenchReport } from '../harness/report.js';
import { formatBound, VERDICTS } from '../harness/table.js';
import type { RowResult } from '../harness/verdict.js';
import { drawGrid } from './grid-plots.js';

/** Rows whose figures stand in large letters at the top. */
const CARDS: readonly (readonly [id: string, text: string])[] = [
  ['L1', 'one ask to another thread, p50'],
  ['L2', 'asks to another thread, 256 in flight'],
  ['L7', 'tells to another thread'],
  ['R1', 'asks to another process, 256 in flight'],
  ['L9', 'CPU of an open, idle service'],
  ['K2', 'as fast as one plain thread at counting words'],
];

function renderCards(rows: readonly RowResult[]): string {
  const cards = CARDS.flatMap(([id, text]) => {
    const row = rows.find((each) => each.id === id);
    if (row?.figure === undefined) return [];
    const value = escapeHtml(formatFigure(row.measure.figure, row.figure.median));
    return [`<div class="card"><b>${value}</b><span>${text} (${id})</span></div>`];
  });
  return cards.length === 0 ? '' : `<div class="cards">${cards.join('')}</div>`;
}

const CLASSES: Readonly<Record<RowResult['verdict'], string>> = {
  goal: 'good',
  met: 'good',
  below: 'bad',
  error: 'bad',
  unsure: 'quiet',
  shown: 'quiet',
};

function renderRow(row: RowResult): string[] {
  const { id, question, measure, figure, beside, besideName, ratio, verdict, isNoisy } = row;
  const name = measure.figure;
  const text = row.reason ?? `${VERDICTS[verdict]}${isNoisy ? ' (others were busy)' : ''}`;
  return [
    `${id} ${escapeHtml(question)}`,
    figure ? formatFigure(name, figure.median) : '',
    `<span class="${CLASSES[verdict]}">${escapeHtml(text)}</span>`,
    figure ? formatRange(name, figure) : '',
    beside ? `${besideName} ${formatFigure(name, beside.median)}` : '',
    ratio ? formatNumber(ratio.median) : '',
    escapeHtml(formatBound(row, row.required)),
    escapeHtml(formatBound(row, row.goal)),
  ];
}

function renderRows(rows: readonly RowResult[]): string {
  if (rows.length === 0) return '';
  const titles = ['row', 'figure', 'verdict', 'min-max', 'beside', 'ratio', 'required', 'goal'];
  return `<h2>Rows</h2>
<p class="quiet">Medians over the rounds; ratios are taken round by round to the floor of the same
round, and they decide.</p>
${table(titles, rows.map(renderRow))}`;
}

/** Peers as lines, questions as columns. */
function renderPeers(grid: GridResult): string {
  const duels = duelsOf(grid);
  const questions = [...new Set(grid.lines.map(({ question }) => question))];
  const paths = [...new Set(grid.lines.map(({ path }) => path))];
  const cell = (path: string, question: string): string => {
    const line = grid.lines.find((each) => each.path === path && each.question === question);
    if (line?.spread === undefined) {
      return `<span class="quiet">${escapeHtml(line?.reason ?? '')}</span>`;
    }
    const figure = formatFigure(line.figure, line.spread.median);
    const duel = duels.find((each) => each.peer === path && each.question === question);
    if (duel === undefined) return `<b>${figure}</b>`;
    const { outcome, times } = duel;
    const kind = { win: 'good', tie: 'quiet', loss: 'bad', unsure: 'quiet' }[outcome];
    return `${figure} <span class="${kind}">${formatNumber(times)} x ${outcome}</span>`;
  };
  const rows = paths.map((path) => [
    path === grid.ours ? '<b>ringlane</b>' : escapeHtml(shortName(path)),
    ...questions.map((question) => cell(path, question)),
  ]);
  const count = (outcome: string): number =>
    duels.filter((duel) => duel.outcome === outcome).length;
  return `<p class="quiet">Behind each figure: how many times as fast ringlane is. A tie: their
rounds overlap. Unsure: others used the machine. ${count('win')} wins, ${count('tie')} ties,
${count('unsure')} unsure, <b>${count('loss')} losses</b>.</p>
${table(['', ...questions.map(escapeHtml)], rows)}`;
}

function renderLine(line: GridLine): string[] {
  const { path, question, details, spread, figure, reason } = line;
  const name = `${escapeHtml(path)}, ${escapeHtml(question)}`;
  if (details === undefined || spread === undefined) return [name, escapeHtml(reason ?? '')];
  const { callsPerSecond, p50Us, p99Us, p999Us, cpuUsPerCall, rssMib } = details;
  const rest = [p50Us, p99Us, p999Us, cpuUsPerCall, rssMib];
  return [
    name,
    callsPerSecond === undefined
      ? formatFigure(figure, spread.median)
      : formatFigure('callsPerSecond', callsPerSecond),
    formatRange(figure, spread),
    ...rest.map((value) => (value === undefined ? '' : formatNumber(value))),
    escapeHtml(extraOf(details)),
  ];
}

function renderGrid(grid: GridResult): string {
  const titles = [
    'cell',
    'calls/s',
    'min-max',
    'p50 us',
    'p99 us',
    'p99.9 us',
    'CPU us',
    'RSS MiB',
    '',
  ];
  const figures =
    grid.ours === undefined ? table(titles, grid.lines.map(renderLine)) : renderPeers(grid);
  return `<h2>${escapeHtml(grid.title)}</h2>
${drawGrid(grid)}
<div class="below">${figures}</div>`;
}

/** The page of a report: one file, light and dark, without scripts and without the network. */
export function renderReport(report: BenchReport): string {
  const { machine, rounds, isQuick, rows, grids } = report;
  const kind = isQuick ? 'quick rounds' : 'rounds';
  const origin = `${describeMachine(machine)}; ${machine.startedAt}; ${rounds} ${kind}`;
  const body = `<h1>ringlane bench</h1>
<p class="quiet">${escapeHtml(origin)}. Every cell in a fresh process, rounds in turns, every reply
verified.</p>
${renderCards(rows)}
${renderRows(rows)}
${grids.map(renderGrid).join('\n')}`;
  return htmlDocument('ringlane bench', body);
}
