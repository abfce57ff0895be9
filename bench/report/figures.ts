import { formatWorth, worthsOf } from '../harness/choice-results.js';
import { formatFigure, formatNumber, formatRange } from '../harness/format.js';
import { duelsOf, type GridResult, shortName } from '../harness/grid-results.js';
import type { BenchReport } from '../harness/report.js';
import { formatBound } from '../harness/table.js';
import type { RowResult } from '../harness/verdict.js';

/** The report of the rows, from the root of the repository. */
const ROWS_JSON = 'bench/results/node20-2-cores.json';
/** The report of what the choices of the design are worth. */
const CHOICES_JSON = 'bench/results/choices-node20-2-cores.json';

/** A document and what stands in it between the marks of that name. */
export interface FiguresBlock {
  readonly path: string;
  readonly name: string;
  /** The report that it quotes. */
  readonly reportPath: string;
  readonly render: (report: BenchReport) => string;
}

/** Documents with figures; a test holds them to the committed reports. */
export const FIGURES_BLOCKS: readonly FiguresBlock[] = [
  { path: 'README.md', name: 'figures', reportPath: ROWS_JSON, render: renderForReaders },
  { path: 'docs/PERFORMANCE.md', name: 'figures', reportPath: ROWS_JSON, render: renderAll },
  { path: 'docs/PERFORMANCE.md', name: 'choices', reportPath: CHOICES_JSON, render: renderChoices },
];

/** The document with `block` between the marks of `name`; throws when it has none. */
export function withFigures(text: string, name: string, block: string): string {
  const beginMark = `<!-- ${name}: written by npm run bench:figures -->`;
  const endMark = `<!-- end of ${name} -->`;
  const begin = text.indexOf(beginMark);
  const end = text.indexOf(endMark);
  if (begin < 0 || end < begin) throw new Error(`no place for figures: ${beginMark} ${endMark}`);
  return `${text.slice(0, begin + beginMark.length)}\n${block}\n${text.slice(end)}`;
}

/** What the short table shows, in the words of somebody who has not read the long one. */
const FOR_READERS: readonly (readonly [id: string, words: string])[] = [
  ['L1', 'ask, one at a time, p50'],
  ['L2', 'asks, 256 in flight'],
  ['L3', 'asks, 32 in flight'],
  ['L4', 'asks of a record, 256 in flight'],
  ['L5', 'asks of 1 KiB, 256 in flight'],
  ['L6', 'asks of 1 MiB, 8 in flight'],
  ['L6b', 'asks about 1 MiB of shared memory'],
  ['L7', 'tells, counted at the endpoint'],
  ['L8a', 'first call after 20 ms of silence, p50'],
  ['L9', 'CPU of an open, idle service'],
  ['L11', 'asks within the thread, 256 in flight'],
  ['L12a', 'asks among many endpoints at random'],
  ['R1', 'asks over TCP, 256 in flight'],
  ['R2', 'ask over TCP, one at a time, p50'],
  ['R3', '1 MiB over TCP, there and back'],
  ['R4', 'tells over TCP'],
  ['K1', 'cluster of four TaskExecutors, until registered'],
  ['K2', 'word count against one plain thread'],
];

const AKIN_MIN = 0.1;

const MEETS: Readonly<Record<RowResult['verdict'], string>> = {
  goal: 'yes, goal too',
  met: 'yes',
  below: '**no**',
  unsure: 'not sure',
  shown: '',
  error: '**failed**',
};

function table(lines: readonly (readonly string[])[]): string {
  const [header, ...rest] = lines.map((cells) => `| ${cells.join(' | ')} |`);
  const rule = `| ${lines[0]!.map(() => '---').join(' | ')} |`;
  return [header, rule, ...rest].join('\n');
}

function origin(report: BenchReport): string {
  const { machine, rounds } = report;
  const isPart = report.rows.length === 0;
  const quick = report.isQuick ? 'npm run bench -- --quick' : 'npm run bench';
  const command = isPart ? 'npm run bench -- --only G7' : quick;
  const { cpu, cores, memoryGib, node, startedAt, commit } = machine;
  const where = `${cores} cores (${cpu}), ${memoryGib} GiB, Node ${node.slice(1)}`;
  const when = `${startedAt.slice(0, 10)}, commit ${commit ?? 'unknown'}`;
  const what = `One \`${command}\` (${rounds} rounds, medians)`;
  return `${what} on ${where}, ${when}; every reply verified.`;
}

function figureOf({ measure, figure }: RowResult): string {
  return figure === undefined ? '-' : formatFigure(measure.figure, figure.median);
}

function besideOf({ measure, beside, besideName }: RowResult): string {
  if (beside === undefined) return '';
  return `${besideName} ${formatFigure(measure.figure, beside.median)}`;
}

function renderForReaders(report: BenchReport): string {
  const lines = FOR_READERS.flatMap(([id, words]) => {
    const row = report.rows.find((each) => each.id === id);
    if (row === undefined) return [];
    // Beside something of quite another kind a ratio says nothing to a reader.
    const isAkin = row.ratio !== undefined && row.ratio.median >= AKIN_MIN;
    const beside = isAkin ? [besideOf(row), `${formatNumber(row.ratio.median)} x`] : ['', ''];
    return [[words, figureOf(row), ...beside, MEETS[row.verdict]]];
  });
  const header = ['', 'ringlane', 'beside it, in the same run', 'ratio', 'as required'];
  const parts = [origin(report), table([header, ...lines]), ...report.grids.map(renderPeers)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function renderAll(report: BenchReport): string {
  const lines = report.rows.map((row) => [
    `${row.id} ${row.question}`,
    figureOf(row),
    row.figure === undefined ? '' : formatRange(row.measure.figure, row.figure),
    besideOf(row),
    row.ratio === undefined ? '' : formatNumber(row.ratio.median),
    formatBound(row, row.required),
    formatBound(row, row.goal),
    row.reason ?? MEETS[row.verdict],
  ]);
  const header = ['row', 'figure', 'min-max', 'beside', 'ratio', 'required', 'goal', 'met'];
  const parts = [origin(report), table([header, ...lines]), ...report.grids.map(renderPeers)];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** For each question the best peer and how we stand to it; empty for other grids. */
function renderPeers(grid: GridResult): string {
  const duels = duelsOf(grid);
  if (duels.length === 0) return '';
  const questions = [...new Set(duels.map(({ question }) => question))];
  const lines = questions.flatMap((question) => {
    const own = grid.lines.find((line) => line.path === grid.ours && line.question === question);
    const asked = duels.filter((duel) => duel.question === question);
    const best = asked.reduce((a, b) => (b.times < a.times ? b : a));
    const rival = grid.lines.find((line) => line.path === best.peer && line.question === question);
    if (own?.spread === undefined || rival?.spread === undefined) return [];
    return [
      [
        question,
        formatFigure(own.figure, own.spread.median),
        `${shortName(best.peer)} ${formatFigure(rival.figure, rival.spread.median)}`,
        `${formatNumber(best.times)} x`,
        best.outcome,
      ],
    ];
  });
  const header = [grid.title, 'ringlane', 'best peer', 'ringlane is', ''];
  return table([header, ...lines]);
}

function renderChoices(report: BenchReport): string {
  const lines = report.grids
    .flatMap(worthsOf)
    .map((worth) => [worth.decision, worth.with, worth.instead, worth.without, formatWorth(worth)]);
  const header = ['decision', 'with it', 'instead', 'without it', 'worth'];
  return `${origin(report)}\n\n${table([header, ...lines])}`;
}
