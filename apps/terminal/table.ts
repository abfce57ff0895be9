import { widthOf } from './style.js';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand right, words left (default). */
  readonly align?: 'left' | 'right';
}

/** Lines of a table: titles, then rows, columns as wide as their widest cell. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => widthOf(row[i] ?? ''))));
  return cells.map((row) =>
    columns
      .map(({ align }, i) => pad(row[i] ?? '', widths[i]!, align ?? 'left'))
      .join('  ')
      .trimEnd(),
  );
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}
