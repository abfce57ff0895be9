import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { REPOSITORY_ROOT } from '../support/repository.js';

/** No run of the tests takes longer; one that hangs is killed. */
const RUN_TIMEOUT_MS = 60_000;

/** How a run of the command ended. */
export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

/** A run of the command that is still under way. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** Resolves when standard output holds `text`; rejects when the run ends without it. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<CliRun>;
}

/** Starts `ringlane` as compiled. */
export function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCli {
  const {
    NODE_TEST_CONTEXT: _inherited,
    NO_COLOR: _no,
    FORCE_COLOR: _force,
    ...rest
  } = process.env;
  const child = spawn(process.execPath, [`${REPOSITORY_ROOT}dist/apps/cli.js`, ...args], {
    cwd: REPOSITORY_ROOT,
    env: { ...rest, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const startMs = performance.now();
  const written = { stdout: '', stderr: '' };
  const looks = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
      for (const look of looks) look();
    });
  }
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    ...written,
    elapsedMs: performance.now() - startMs,
  }));
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!written.stdout.includes(text)) return;
        looks.delete(look);
        resolve();
      };
      looks.add(look);
      look();
      void ended.then((run) =>
        reject(new Error(`ended without "${text}": ${JSON.stringify(run)}`)),
      );
    });
  return { child, printed, ended };
}

/** Runs `ringlane` to its end. */
export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliRun> {
  return startCli(args, env).ended;
}
