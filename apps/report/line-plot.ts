import { drawing, element, label, pathThrough } from './svg.js';

/** One line of a plot. */
export interface PlotLine {
  readonly name: string;
  /** Number of its colour, from 0. */
  readonly color: number;
  readonly isDashed: boolean;
  /** Values from left to right, all above zero. */
  readonly values: readonly number[];
}

/** What a plot shows. */
export interface LinePlot {
  readonly title: string;
  readonly lines: readonly PlotLine[];
  /** Names under the first to the last value; fewer than values are spread evenly. */
  readonly ticks: readonly string[];
  readonly scale: 'log' | 'linear';
  readonly format: (value: number) => string;
  readonly hasDots: boolean;
}

const SIZE = { width: 480, height: 280 } as const;
const PLOT = { left: 64, right: 16, top: 12, bottom: 28 } as const;

/** Draws lines over a grid, with a legend below. */
export function drawLinePlot(plot: LinePlot): string {
  const values = plot.lines.flatMap((line) => line.values.filter((value) => value > 0));
  if (values.length === 0) return '<p class="quiet">Nothing was measured.</p>';
  const { low, high, marks } = scaleFor(values, plot.scale);
  const yOf = (value: number): number => {
    const at = (v: number): number => (plot.scale === 'log' ? Math.log10(Math.max(v, low)) : v);
    const share = (at(value) - at(low)) / (at(high) - at(low));
    return SIZE.height - PLOT.bottom - share * (SIZE.height - PLOT.top - PLOT.bottom);
  };
  const grid = marks.map((mark) => {
    const y = yOf(mark);
    const line = { x1: PLOT.left, x2: SIZE.width - PLOT.right, y1: y, y2: y, class: 'grid' };
    return element('line', line) + label(PLOT.left - 8, y + 4, plot.format(mark), { class: 'end' });
  });
  const ticks = plot.ticks.map((tick, i) =>
    label(xOf(i, plot.ticks.length), SIZE.height - 8, tick, { class: 'middle' }),
  );
  const lines = plot.lines.map((line) => drawLine(line, plot, yOf));
  const svg = drawing(SIZE, plot.title, [...grid, ...ticks, ...lines].join(''));
  return `<figure><figcaption>${plot.title}</figcaption>${svg}${legend(plot.lines)}</figure>`;
}

function xOf(index: number, count: number): number {
  const inset = 24;
  const width = SIZE.width - PLOT.left - PLOT.right - 2 * inset;
  return PLOT.left + inset + (count < 2 ? width / 2 : (index / (count - 1)) * width);
}

function drawLine(line: PlotLine, plot: LinePlot, yOf: (value: number) => number): string {
  const { values, color, isDashed, name } = line;
  const points = values.map((value, i) => [xOf(i, values.length), yOf(value)] as const);
  const path = element('path', {
    d: pathThrough(points),
    class: `line c${color}${isDashed ? ' dashed' : ''}`,
  });
  if (!plot.hasDots) return path;
  const dots = points.map(([cx, cy], i) => {
    const hint = element('title', {}, `${name}, ${plot.ticks[i]}: ${plot.format(values[i]!)}`);
    return element('circle', { cx, cy, r: 3.5, class: `dot c${color}` }, hint);
  });
  return path + dots.join('');
}

/** The legend is HTML, so that it wraps on a phone. */
export function legend(lines: readonly Pick<PlotLine, 'name' | 'color' | 'isDashed'>[]): string {
  const items = lines.map(({ name, color, isDashed }) => {
    const sample = `<i class="sample c${color}${isDashed ? ' dashed' : ''}"></i>`;
    return `<li>${sample}${name}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>`;
}

/** Bounds and grid lines: decades, or about five round numbers from zero. */
export function scaleFor(
  values: readonly number[],
  scale: 'log' | 'linear',
): { readonly low: number; readonly high: number; readonly marks: readonly number[] } {
  const max = Math.max(...values);
  if (scale === 'linear') {
    const step = roundStep(max / 4);
    const count = Math.max(1, Math.ceil(max / step));
    const marks = Array.from({ length: count + 1 }, (_, i) => i * step);
    return { low: 0, high: count * step, marks };
  }
  const first = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(Math.log10(max) - 1e-9));
  const marks = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return { low: 10 ** first, high: 10 ** last, marks };
}

function roundStep(step: number): number {
  const decade = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].map((factor) => factor * decade).find((round) => round >= step)!;
}
