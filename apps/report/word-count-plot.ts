import { formatMillis } from '../terminal/format.js';
import { legend } from './line-plot.js';
import type { WordCountReport } from './report-model.js';
import { drawing, element, label } from './svg.js';

const WIDTH = 480;
const BAR_HEIGHT = 22;
const LEFT = 80;
const RIGHT = 80;
const ROUND_HEIGHT = 2 * BAR_HEIGHT + 20;

const SERIES = [
  { name: 'cluster', color: 0, key: 'clusterMs' },
  { name: 'one plain thread', color: 4, key: 'plainMs' },
] as const;

/** Two bars a round: how long the cluster and the plain thread took. */
export function drawWordCount(count: WordCountReport): string {
  const { rounds } = count;
  const longest = Math.max(1, ...rounds.flatMap((round) => [round.clusterMs, round.plainMs]));
  const bars = rounds.flatMap((round, i) => {
    const top = 8 + i * ROUND_HEIGHT;
    const name = label(LEFT - 10, top + BAR_HEIGHT + 5, `round ${i + 1}`, { class: 'end' });
    const drawn = SERIES.map(({ color, key }, j) => {
      const y = top + j * (BAR_HEIGHT + 2);
      const width = Math.max(1, (round[key] / longest) * (WIDTH - LEFT - RIGHT));
      const bar = { x: LEFT, y, width, height: BAR_HEIGHT, class: `bar c${color}` };
      return element('rect', bar) + label(LEFT + width + 8, y + 16, formatMillis(round[key]));
    });
    return [name, ...drawn];
  });
  const size = { width: WIDTH, height: 8 + rounds.length * ROUND_HEIGHT };
  const title = `Time to count: ${count.speedUp.toFixed(2)} x as fast (medians)`;
  const svg = drawing(size, title, bars.join(''));
  const names = SERIES.map(({ name, color }) => ({ name, color, isDashed: false }));
  return `<figure><figcaption>${title}</figcaption>${svg}${legend(names)}</figure>`;
}
