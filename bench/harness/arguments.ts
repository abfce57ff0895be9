import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchArguments {
  readonly isQuick: boolean;
  /** Names of rows, grids and cells; none means all. */
  readonly only: readonly string[];
  readonly nodePath: string;
  readonly jsonPath: string | undefined;
  readonly htmlPath: string | undefined;
  readonly comparePath: string | undefined;
  readonly rounds: number;
  readonly isHelp: boolean;
}

/** What `--help` prints. */
export const USAGE = `npm run bench -- [options]
Measures the engine beside the floor of this machine and beside its peers, every cell in a fresh
process, in rounds that take turns. About 12 minutes; the peers once need: npm run bench:peers

  --quick          the rows only: 3 short rounds, under 90 seconds; without it 5 longer ones
  --only NAMES     rows (L1,L8), grids (G1,P2), or cells by part of their name (unix-socket/)
  --rounds N       how many rounds
  --node PATH      the Node that runs the cells
  --json FILE      writes everything that was measured
  --html FILE      writes it as a page with plots, without scripts and network
  --compare FILE   shows what changed since a report that --json wrote

L rows: between threads. R: between processes. K: the cluster. F: beside Flink. B: the floor.
M: parts of the engine. Verdicts go by the ratio to the floor of the same round, not by the
absolute figure. The exit code is 1 when a cell failed: wrong or missing replies, a crash, a
process that does not end; 2 when the command line is wrong. "npm run bench:guard" also fails
below a required ratio.`;

const ROUNDS = { full: 5, quick: 3 } as const;

/** Reads the command line; throws what is wrong with it. */
export function parseArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      json: { type: 'string' },
      html: { type: 'string' },
      compare: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? ROUNDS.quick : ROUNDS.full));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds wants a whole number from 1, not ${values.rounds}`);
  }
  for (const name of ['json', 'html'] as const) checkFolder(name, values[name]);
  return {
    isQuick: values.quick,
    only: values.only.flatMap((names) => names.split(',')).filter((name) => name !== ''),
    nodePath: values.node,
    jsonPath: values.json,
    htmlPath: values.html,
    comparePath: values.compare,
    rounds,
    isHelp: values.help,
  };
}

/** Now, and not after minutes of measuring. */
function checkFolder(name: string, path: string | undefined): void {
  if (path === undefined || existsSync(dirname(path))) return;
  throw new Error(`--${name} wants a file in a folder that is there, not ${path}`);
}
