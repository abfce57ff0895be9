import type { FigureName } from './cell.js';
import type { Spread } from './statistics.js';

/** How a figure is shown: what it is divided by, the unit, the digits behind the point. */
interface Unit {
  readonly name: string;
  readonly divisor: number;
}

const RATE_UNITS: readonly Unit[] = [
  { name: 'M/s', divisor: 1e6 },
  { name: 'k/s', divisor: 1e3 },
  { name: '/s', divisor: 1 },
];
const BYTE_UNITS: readonly Unit[] = [
  { name: 'GB/s', divisor: 1e9 },
  { name: 'MB/s', divisor: 1e6 },
];
const MICROSECONDS: Unit = { name: 'us', divisor: 1 };

function unitFor(figure: FigureName, value: number): Unit {
  if (figure === 'callsPerSecond') return largest(RATE_UNITS, value);
  if (figure === 'bytesPerSecond') return largest(BYTE_UNITS, value);
  if (figure === 'nsPerOperation') return { name: 'ns', divisor: 1 };
  if (figure === 'cpuPercent' || figure === 'afterWorkCpuPercent') return { name: '%', divisor: 1 };
  if (figure === 'durationMs') return { name: 'ms', divisor: 1 };
  if (figure === 'heapBytesPerEndpoint' || figure === 'callerBytesPerEndpoint') {
    return { name: 'bytes', divisor: 1 };
  }
  if (figure === 'timesPlain') return { name: 'x', divisor: 1 };
  return MICROSECONDS;
}

function largest(units: readonly Unit[], value: number): Unit {
  return units.find(({ divisor }) => value >= divisor) ?? units.at(-1)!;
}

/** Two or three digits that count. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 0.1 || size === 0 ? value.toFixed(2) : value.toPrecision(2);
}

/** A figure with its unit: `5.13 M/s`. */
export function formatFigure(figure: FigureName, value: number): string {
  const { name, divisor } = unitFor(figure, value);
  return `${formatNumber(value / divisor)} ${name}`;
}

/** Smallest and largest in the unit of the median: `4.90-5.30`. */
export function formatRange(figure: FigureName, { median, min, max }: Spread): string {
  const { divisor } = unitFor(figure, median);
  return `${formatNumber(min / divisor)}-${formatNumber(max / divisor)}`;
}

/** Columns as wide as their widest text; those named in `right` lean to the right. */
export function formatTable(
  lines: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const formatLine = (line: readonly string[]): string =>
    line
      .map((text, column) =>
        right.has(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  return lines.map(formatLine).join('\n');
}
