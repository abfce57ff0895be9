import { CELLS, type CellName, ECHO_WINDOWS, WINDOWS } from './cells.js';
import { CHOICES } from './choices.js';
import { LOCAL_PEERS, REMOTE_PEERS } from './peers/peer-list.js';

/** Cells that are shown together: every path asked every question that it has a cell for. */
export interface Grid {
  readonly id: string;
  readonly title: string;
  readonly paths: readonly string[];
  readonly questions: readonly string[];
  /** When not every question is for every path. */
  readonly only?: ReadonlySet<CellName>;
  /** The path that the others are compared with, where they are peers of it. */
  readonly ours?: string;
  /** The path that shows what the machine allows. */
  readonly floor?: string;
}

const overWindows = WINDOWS.map((window) => `ask-number/${window}`);
const echoes = Object.entries(ECHO_WINDOWS).map(([name, window]) => `ask-${name}/${window}`);
/** What peers are asked: each of them with its own cell. */
const BESIDE_PEERS = ['1', '32', '256'].map((window) => `ask-number/${window}`);

/** `home-to-worker` of a cell's name; floors, peers and parts have a folder before it. */
export function pathOf(cell: CellName): string {
  const parts = cell.split('/');
  const length = ['floor', 'peers', 'micro'].includes(parts[0]!) ? 2 : 1;
  return parts.slice(0, length).join('/');
}

/** What a cell of that path is asked. */
export function questionOf(cell: CellName): string {
  return cell.slice(pathOf(cell).length + 1);
}

const CHOSEN = [...new Set(CHOICES.flatMap((choice) => [choice.with, choice.without]))];

/** What a full run measures beside the rows, and what `--only` may name. */
export const GRIDS: readonly Grid[] = [
  {
    id: 'G1',
    title: 'One to one, by calls in flight',
    paths: ['home-to-worker', 'floor/lanes'],
    questions: overWindows,
    floor: 'floor/lanes',
  },
  {
    id: 'G2',
    title: 'One to one, by payload',
    paths: ['home-to-worker'],
    questions: ['ask-nothing/256', 'ask-three-numbers/256', ...echoes, 'ask-shared-1-mib/8'],
  },
  {
    id: 'G3',
    title: 'Shapes',
    paths: [
      'same-thread',
      'worker-to-worker',
      'fan-in-3',
      'fan-out-3',
      'pipeline-3',
      'ping-pong',
      'beside-flood',
    ],
    questions: ['ask-number/1', 'ask-number/256', '1', '256'],
  },
  {
    id: 'G4',
    title: 'Handlers that answer later; call stacks off and on; open loop',
    paths: ['home-to-worker', 'stacks-off', 'stacks-on', 'open-loop'],
    questions: [
      'ask-next-turn/1',
      'ask-next-turn/256',
      'ask-5-ms/1',
      'ask-5-ms/256',
      'ask-number/256',
      '50-percent',
      '90-percent',
    ],
  },
  {
    id: 'G5',
    title: 'Many endpoints, many threads',
    paths: ['endpoints-1', 'endpoints-1000', 'threads-16'],
    questions: ['ask-number/256', 'every-pair'],
  },
  {
    id: 'G6',
    title: 'Between processes, by calls in flight',
    paths: ['remote-home', 'remote-worker', 'unix-socket', 'floor/socket'],
    questions: overWindows,
    floor: 'floor/socket',
  },
  {
    id: 'G7',
    title: 'What each choice of the design is worth',
    paths: [...new Set(CHOSEN.map(pathOf))],
    questions: [...new Set(CHOSEN.map(questionOf))],
    only: new Set(CHOSEN),
  },
  {
    id: 'P1',
    title: 'Between threads, beside peers',
    paths: ['home-to-worker', 'floor/lanes', 'floor/post-message', ...LOCAL_PEERS],
    questions: [...BESIDE_PEERS, 'ask-record/256', 'ask-1-kib/256', 'ask-1-mib/8'],
    ours: 'home-to-worker',
    floor: 'floor/lanes',
  },
  {
    id: 'P2',
    title: 'Between processes, beside peers',
    paths: ['remote-home', 'floor/socket', ...REMOTE_PEERS],
    questions: [...BESIDE_PEERS, 'ask-record/256', 'ask-1-mib/8'],
    ours: 'remote-home',
    floor: 'floor/socket',
  },
];

/** One cell of a grid. */
export interface GridCell {
  readonly path: string;
  readonly question: string;
  readonly cell: CellName;
}

/** The cells that there are, path by path. */
export function cellsOf({ paths, questions, only }: Grid): GridCell[] {
  return paths
    .flatMap((path) =>
      questions.map((question) => ({ path, question, cell: `${path}/${question}` })),
    )
    .filter(({ cell }) => cell in CELLS && (only?.has(cell) ?? true));
}
