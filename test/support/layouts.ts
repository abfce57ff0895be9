import type { Layout, LayoutField } from '../../core/base/layout.js';
import { align } from '../../core/base/sequence.js';

/**
 * Draws layouts as Agrona does: 32 bits a row, first byte left. The words are little-endian, as
 * every machine that Node runs on; the boxes show the order of the bytes.
 */
const BYTES_A_ROW = 4;
const COLUMNS_A_BYTE = 16;
const MIDDLE = BYTES_A_ROW * COLUMNS_A_BYTE - 1;
const RULE = `+${'-'.repeat(MIDDLE)}+`;
const BITS = Array.from({ length: 32 }, (_, bit) => bit);
const HEADING = [
  ` ${BITS.map((bit) => (bit % 10 === 0 ? bit / 10 : ' ')).join(' ')}`,
  ` ${BITS.map((bit) => bit % 10).join(' ')}`,
  `+${'-+'.repeat(32)}`,
];

/** A field or the unused bytes between two; `lengthBytes` 0 is a tail of any length. */
interface Stretch {
  readonly label: string;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** Why the fields do not fit the layout; undefined when they do. */
export function whyNotALayout({ fields, lengthBytes }: Layout): string | undefined {
  let end = 0;
  for (const field of sorted(fields)) {
    if (field.offset < end) return `field ${field.name} overlaps the one before it`;
    end = field.offset + field.lengthBytes;
    if (end > lengthBytes) return `field ${field.name} ends at ${end}, after ${lengthBytes}`;
  }
  return undefined;
}

function sorted(fields: readonly LayoutField[]): LayoutField[] {
  return [...fields].sort((a, b) => a.offset - b.offset || a.lengthBytes - b.lengthBytes);
}

function stretchesOf({ fields, lengthBytes }: Layout): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  const fillTo = (offset: number): void => {
    if (offset > end) stretches.push({ label: '', offset: end, lengthBytes: offset - end });
  };
  for (const { name, offset, lengthBytes: length } of sorted(fields)) {
    fillTo(offset);
    stretches.push({ label: name, offset, lengthBytes: length });
    end = offset + length;
  }
  fillTo(align(lengthBytes, BYTES_A_ROW));
  return stretches;
}

/** Cuts a stretch where rows begin; the rows that it fills stay in one piece. */
function cut({ label, offset, lengthBytes }: Stretch): Stretch[] {
  if (lengthBytes === 0) return [{ label, offset, lengthBytes }];
  const head = Math.min(lengthBytes, align(offset, BYTES_A_ROW) - offset);
  const body = lengthBytes - head - ((lengthBytes - head) % BYTES_A_ROW);
  const pieces = [
    { label, offset, lengthBytes: head },
    { label, offset: offset + head, lengthBytes: body },
    { label, offset: offset + head + body, lengthBytes: lengthBytes - head - body },
  ];
  return pieces.filter((piece) => piece.lengthBytes > 0);
}

function centre(text: string, columns: number): string {
  const shown = text.slice(0, columns);
  const left = (columns - shown.length) >> 1;
  return ' '.repeat(left) + shown + ' '.repeat(columns - shown.length - left);
}

function row(text: string, edge = '|'): string {
  return edge + centre(text, MIDDLE) + edge;
}

/** Whole rows of one field: up to two as they are, more as a break that says how many bytes. */
function wholeRows({ label, lengthBytes }: Stretch): string[] {
  if (lengthBytes === BYTES_A_ROW) return [row(label)];
  if (lengthBytes === 2 * BYTES_A_ROW) return [row(label), row('')];
  const length = lengthBytes === 0 ? 'to the end' : `${lengthBytes} bytes`;
  return label === '' ? [row(`unused, ${length}`, ':')] : [row(label), row(length, ':')];
}

/** The boxes alone, each with the offset of its first byte at the right. */
export function drawLayout(layout: Layout): string {
  const lines = [...HEADING];
  let cells = '';
  for (const piece of stretchesOf(layout).flatMap(cut)) {
    const { label, offset, lengthBytes } = piece;
    const end = offset + lengthBytes;
    if (lengthBytes % BYTES_A_ROW === 0) {
      const [first, ...rest] = wholeRows(piece);
      lines.push(`${first}  ${offset}`, ...rest, RULE);
      continue;
    }
    cells += `|${centre(label, lengthBytes * COLUMNS_A_BYTE - 1)}`;
    if (end % BYTES_A_ROW > 0) continue;
    lines.push(`${cells}|  ${end - BYTES_A_ROW}`, RULE);
    cells = '';
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

function renderField({ name, offset, lengthBytes, note }: LayoutField): string {
  const length = lengthBytes === 0 ? 'rest' : String(lengthBytes);
  return `| ${offset} | ${length} | \`${name}\` | ${note} |`;
}

/** The whole of `docs/LAYOUTS.md`. */
export function renderLayouts(layouts: readonly Layout[]): string {
  const sections = layouts.map((layout) =>
    [
      `## ${layout.title}`,
      '',
      '```',
      drawLayout(layout),
      '```',
      '',
      '| offset | bytes | field | written by, and what it publishes |',
      '| ---: | ---: | --- | --- |',
      ...layout.fields.map(renderField),
      '',
    ].join('\n'),
  );
  const preface = `# Layouts

Drawn by \`npm run layouts\` from the descriptors in the source; a test compares. Each row is 32
bits wide, first byte left; the number beside a row is its offset in bytes. Words are little-endian.
`;
  return [preface, ...sections].join('\n');
}
