import { drawing, element, label } from '../../apps/report/svg.js';

/** One bar. */
export interface Bar {
  readonly name: string;
  /** Number of its colour, from 0. */
  readonly color: number;
  readonly value: number;
  /** What is written behind it. */
  readonly text: string;
}

const WIDTH = 480;
const LEFT = 130;
const RIGHT = 70;
const BAR_HEIGHT = 18;
const STEP = 26;

/** Bars beside each other; their lengths are logarithms where they differ too much. */
export function drawBarPlot(title: string, bars: readonly Bar[]): string {
  const values = bars.map(({ value }) => value);
  const largest = Math.max(...values);
  const smallest = Math.min(...values);
  const isLog = largest / smallest > 50;
  const share = (value: number): number => {
    if (!isLog) return value / largest;
    const low = Math.log10(smallest) - 0.5;
    return (Math.log10(value) - low) / (Math.log10(largest) - low);
  };
  const drawn = bars.map(({ name, color, value, text }, i) => {
    const y = 6 + i * STEP;
    const width = Math.max(1, share(value) * (WIDTH - LEFT - RIGHT));
    const bar = { x: LEFT, y, width, height: BAR_HEIGHT, class: `bar c${color}` };
    return [
      label(LEFT - 8, y + 14, name, { class: 'end' }),
      element('rect', bar),
      label(LEFT + width + 6, y + 14, text),
    ].join('');
  });
  const size = { width: WIDTH, height: 10 + bars.length * STEP };
  const caption = isLog ? `${title} (lengths on a logarithmic scale)` : title;
  const svg = drawing(size, caption, drawn.join(''));
  return `<figure><figcaption>${caption}</figcaption>${svg}</figure>`;
}
