import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Where the figures come from; an absolute figure means nothing without it. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly availableParallelism: number;
  readonly memoryGib: number;
  readonly platform: string;
  /** Version of the Node that ran the cells. */
  readonly node: string;
  /** Average length of the run queue over the last minute when the run began. */
  readonly loadAverage: number;
  /** Commit of the source; `undefined` outside a repository. */
  readonly commit: string | undefined;
  readonly startedAt: string;
}

function firstLine(command: string, args: readonly string[]): string | undefined {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return execFileSync(command, args, { encoding: 'utf8', stdio: [...stdio] }).split('\n')[0];
  } catch {
    return undefined;
  }
}

/** Facts about this machine and the Node at `nodePath`. Throws when that is no Node. */
export function machineFacts(nodePath: string): MachineFacts {
  const node = firstLine(nodePath, ['--version']);
  if (node === undefined) throw new Error(`${nodePath} does not run: --node wants a Node binary`);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    availableParallelism: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch} ${release()}`,
    node,
    loadAverage: loadavg()[0]!,
    commit: firstLine('git', ['rev-parse', '--short', 'HEAD']),
    startedAt: new Date().toISOString(),
  };
}

/** One line about where figures come from. */
export function describeMachine(machine: MachineFacts): string {
  return [
    `${machine.cpu}, ${machine.cores} cores (${machine.availableParallelism} usable)`,
    `${machine.memoryGib} GiB, ${machine.platform}, Node ${machine.node}`,
    `load ${machine.loadAverage.toFixed(2)}, commit ${machine.commit ?? 'unknown'}`,
  ].join('; ');
}
