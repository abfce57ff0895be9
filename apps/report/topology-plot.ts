import type { DemoReport, MemberReport } from './report-model.js';
import { drawing, element, label } from './svg.js';

const WIDTH = 480;
const ROW_HEIGHT = 17;
const PADDING = 10;

interface Box {
  readonly title: string;
  readonly rows: readonly string[];
  readonly kind: 'home' | 'thread';
}

/** Draws processes as frames, threads as boxes in them, and what each runs. */
export function drawTopology(report: DemoReport): string {
  const { cluster } = report;
  if (!cluster) return '<p class="quiet">The cluster did not come up.</p>';
  const threads = cluster.members.filter((member) => !member.isOwnProcess);
  const own = cluster.members.filter((member) => member.isOwnProcess);
  const home: Box = {
    title: 'home thread',
    rows: ['ResourceManager', 'Dispatcher', 'JobMasters', 'PieceSource'],
    kind: 'home',
  };
  const main = drawProcess(0, `process ${cluster.processId}`, [home, ...threads.map(threadBox)]);
  let y = main.height + 44;
  const others = own.map((member) => {
    const title = `process ${member.processId}`;
    const drawn = drawProcess(y, title, [{ ...threadBox(member), title: 'home thread' }]);
    const wire = drawWire(main.height, y);
    y += drawn.height + 12;
    return wire + drawn.markup;
  });
  const height = own.length === 0 ? main.height : y;
  const markup = main.markup + others.join('');
  return `<figure>${drawing({ width: WIDTH, height }, 'Who runs where', markup)}</figure>`;
}

function threadBox(member: MemberReport): Box {
  return {
    title: `thread ${member.thread}`,
    rows: [member.resourceId, ...member.endpoints],
    kind: 'thread',
  };
}

const COLUMNS = 3;

function drawProcess(
  y: number,
  title: string,
  boxes: readonly Box[],
): { readonly markup: string; readonly height: number } {
  const gap = 10;
  const boxWidth = (WIDTH - 2 * PADDING - (COLUMNS - 1) * gap) / COLUMNS;
  const lines: Box[][] = [];
  for (let i = 0; i < boxes.length; i += COLUMNS) lines.push(boxes.slice(i, i + COLUMNS));
  let at = y + 30;
  const drawn = lines.flatMap((line) => {
    const rows = Math.max(...line.map((box) => box.rows.length));
    const boxHeight = 30 + rows * ROW_HEIGHT;
    const top = at;
    at += boxHeight + gap;
    return line.map((box, i) => {
      const place = { x: PADDING + i * (boxWidth + gap), y: top, width: boxWidth };
      return drawBox(box, place, boxHeight);
    });
  });
  const height = at - y;
  const frame = { x: 1, y: y + 1, width: WIDTH - 2, height: height - 2, rx: 8, class: 'frame' };
  const markup =
    element('rect', frame) +
    label(PADDING + 2, y + 20, title, { class: 'strong' }) +
    drawn.join('');
  return { markup, height };
}

function drawBox(
  box: Box,
  place: { readonly x: number; readonly y: number; readonly width: number },
  height: number,
): string {
  const rect = element('rect', { ...place, height, rx: 6, class: `box ${box.kind}` });
  const title = label(place.x + 8, place.y + 18, box.title, { class: 'quiet' });
  const rows = box.rows.map((row, i) => {
    const y = place.y + 18 + (i + 1) * ROW_HEIGHT;
    return label(place.x + 8, y, row, i === 0 ? { class: 'strong' } : {});
  });
  return rect + title + rows.join('');
}

function drawWire(fromY: number, toY: number): string {
  const x = WIDTH / 2;
  return (
    element('line', { x1: x, x2: x, y1: fromY, y2: toY, class: 'wire' }) +
    label(x + 10, (fromY + toY) / 2 + 4, 'TCP, framed', { class: 'quiet' })
  );
}
