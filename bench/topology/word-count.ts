import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Cell, WrongReply } from '../harness/cell.js';
import { memoryFigures } from '../harness/usage.js';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../apps/cli.js', import.meta.url));
/** Small real text for the tiny budget of the tests. */
const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
/** Rounds of the demonstration; its figures are medians. */
const ROUNDS = { full: 5, quick: 3, tiny: 1 } as const;

/** What the cell reads of `report.json`. */
interface Report {
  readonly wordCount: {
    readonly clusterMs: number;
    readonly plainMs: number;
    readonly equal: boolean;
  };
}

/** The word count of the main job against the plain single-threaded count of the same run. */
export const wordCount: Cell = async (budget) => {
  const output = await mkdtemp(join(tmpdir(), 'ringlane-bench-'));
  try {
    const rounds = ROUNDS[budget.scale];
    const input = budget.scale === 'tiny' ? ['--input', DOCS] : [];
    const options = ['--load-duration', '0', '--rounds', String(rounds), '--output', output];
    await run(process.execPath, [CLI, 'demo', ...options, ...input]);
    const text = await readFile(join(output, 'report.json'), 'utf8');
    const { clusterMs, plainMs, equal } = (JSON.parse(text) as Report).wordCount;
    if (!equal) throw new WrongReply('the counts of the cluster differ from the plain ones');
    return { timesPlain: plainMs / clusterMs, ...memoryFigures() };
  } finally {
    await rm(output, { recursive: true, force: true });
  }
};
