import { availableParallelism } from 'node:os';
import { parseDurationMs, parseOptions, parseWhole } from '../command-line.js';
import { usageError } from '../exit-codes.js';

/** What `ringlane demo` was asked to do. */
export interface DemoOptions {
  /** Files and folders; empty: the text under `node_modules`. */
  readonly inputs: readonly string[];
  /** On threads; one more joins in a process of its own. */
  readonly taskExecutors: number;
  readonly rounds: number | undefined;
  /** Of each row of the load test, in milliseconds; 0 leaves the load test out. */
  readonly loadMs: number;
  readonly outputFolder: string;
}

/** `ringlane demo --help`. */
export const DEMO_HELP = `Usage: ringlane demo [options]

1. starts a cluster: a ResourceManager, a Dispatcher, TaskExecutors each on a thread of its
   own, and one more in a child process that joins over TCP; every step is shown
2. counts the words of real text on it, beside one plain thread, and compares word for word
3. measures asks and tells on the same cluster, beside raw postMessage and a raw socket
4. writes report.json and report.html

      --input PATH...        files and folders to count (default: the .d.ts, .md and .js
                             files under node_modules)
      --task-executors N     on threads (default: the cores, at least 2)
      --rounds N             how often to count; times are medians (default: 6 up to 128 MB,
                             else 1)
      --load-duration TIME   of each row of the load test (default 1500ms; 0 leaves it out)
      --output FOLDER        where the report goes (default ringlane-report)
  -h, --help

Exit codes: 0 done, all counts equal and all replies right; 1 failed or a result is wrong;
2 usage; 3 nothing to read; 130 Ctrl-C, after writing what was measured.
`;

const OPTIONS = {
  input: { type: 'string', multiple: true },
  'task-executors': { type: 'string' },
  rounds: { type: 'string' },
  'load-duration': { type: 'string' },
  output: { type: 'string' },
} as const;

const LOAD_MS = 1500;

/** Reads the arguments after `demo`; throws a usage error of one line. */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const given = parseOptions(args, { command: 'demo', options: OPTIONS, takesWords: true });
  const inputs = given.texts('input');
  if (inputs.length === 0 && given.words.length > 0) {
    const word = given.words[0]!;
    throw usageError(`unexpected word "${word}": files are given with --input; see --help`);
  }
  if (inputs.includes('')) throw usageError('--input takes a path');
  const taskExecutors = given.text('task-executors');
  const rounds = given.text('rounds');
  const loadDuration = given.text('load-duration');
  return {
    // `--input a b c`, as a shell expands `--input *.md`.
    inputs: [...inputs, ...given.words],
    taskExecutors:
      taskExecutors === undefined
        ? Math.max(2, availableParallelism())
        : parseWhole('--task-executors', taskExecutors, [1, 64]),
    rounds: rounds === undefined ? undefined : parseWhole('--rounds', rounds, [1, 99]),
    loadMs: loadDuration === undefined ? LOAD_MS : parseDurationMs('--load-duration', loadDuration),
    outputFolder: given.text('output') ?? 'ringlane-report',
  };
}
