import { drawLinePlot, type PlotLine } from '../../apps/report/line-plot.js';
import { formatCount, formatMicros } from '../../apps/terminal/format.js';
import type { Figures } from '../harness/cell.js';
import { type GridLine, type GridResult, shortName } from '../harness/grid-results.js';
import { drawBarPlot } from './bar-plot.js';

const QUESTION_OF_CURVES = /^ask-number\/(\d+)$/;
const FLOOR_COLOR = 4;
const OURS_COLOR = 0;
/** Colours of all the others, in turn. */
const OTHER_COLORS = [1, 2, 3, 5, 6, 7, 8, 9] as const;

type LineStyle = Pick<PlotLine, 'name' | 'color' | 'isDashed'>;

/** The colour and dash of every path of a grid; ours and the floor have their own. */
function lineStyles(grid: GridResult): Map<string, LineStyle> {
  const paths = [...new Set(grid.lines.map(({ path }) => path))];
  const ours = grid.ours ?? paths.find((path) => path !== grid.floor);
  let others = 0;
  return new Map(
    paths.map((path): [string, LineStyle] => {
      if (path === grid.floor) {
        return [path, { name: `floor: ${shortName(path)}`, color: FLOOR_COLOR, isDashed: true }];
      }
      if (path === ours) {
        const name = grid.ours === undefined ? path : 'ringlane';
        return [path, { name, color: OURS_COLOR, isDashed: false }];
      }
      const color = OTHER_COLORS[others++ % OTHER_COLORS.length]!;
      return [path, { name: shortName(path), color, isDashed: false }];
    }),
  );
}

function detailsAt(grid: GridResult, path: string, question: string): Figures | undefined {
  const line = grid.lines.find((each) => each.path === path && each.question === question);
  return line?.details;
}

/** Lines with a value at every tick; a line with a hole would lie about what is between. */
function wholeLines(
  grid: GridResult,
  valuesOf: (path: string) => readonly (number | undefined)[],
): PlotLine[] {
  return Array.from(lineStyles(grid), ([path, style]) => ({ ...style, values: valuesOf(path) }))
    .filter(({ values }) => values.every((value) => value !== undefined && value > 0))
    .map((line) => ({ ...line, values: line.values as readonly number[] }));
}

function windowsOf(lines: readonly GridLine[]): number[] {
  const windows = lines.flatMap(({ question }) => {
    const match = QUESTION_OF_CURVES.exec(question);
    return match === null ? [] : [Number(match[1])];
  });
  return [...new Set(windows)].sort((a, b) => a - b);
}

function throughputPlot(grid: GridResult, windows: readonly number[]): string {
  return drawLinePlot({
    title: 'Asks of a number a second, by calls in flight',
    lines: wholeLines(grid, (path) =>
      windows.map((window) => detailsAt(grid, path, `ask-number/${window}`)?.callsPerSecond),
    ),
    ticks: windows.map(String),
    scale: 'log',
    format: formatCount,
    hasDots: true,
  });
}

function latencyPlot(grid: GridResult): string {
  return drawLinePlot({
    title: 'Latency of one ask at a time, by percentile',
    lines: wholeLines(grid, (path) => {
      const details = detailsAt(grid, path, 'ask-number/1');
      return [details?.p50Us, details?.p99Us, details?.p999Us];
    }),
    ticks: ['p50', 'p99', 'p99.9'],
    scale: 'log',
    format: formatMicros,
    hasDots: true,
  });
}

function cpuPlot(grid: GridResult): string {
  const bars = Array.from(lineStyles(grid), ([path, { name, color }]) => {
    const value = detailsAt(grid, path, 'ask-number/256')?.cpuUsPerCall;
    return value === undefined || value <= 0
      ? []
      : [{ name, color, value, text: formatMicros(value) }];
  }).flat();
  return drawBarPlot('CPU of all threads and processes per ask, 256 in flight', bars);
}

/** What can be drawn of a grid; empty when it has nothing over several windows. */
export function drawGrid(grid: GridResult): string {
  const windows = windowsOf(grid.lines);
  if (windows.length < 3 || grid.lines.every(({ details }) => details === undefined)) return '';
  const plots = [throughputPlot(grid, windows), latencyPlot(grid), cpuPlot(grid)];
  return `<div class="pair">${plots.join('\n')}</div>`;
}
