import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { RpcService, type RpcServiceOptions } from '../../../index.js';
import { Recorder } from './recorder.js';
import { hireStagehand } from './stagehand.js';

/** Options of every service of a stage; plain data, as they go to another process. */
export type StageOptions = Omit<RpcServiceOptions, 'listen' | 'logger' | 'clock'>;

const CLOSE_LIMIT_MS = 20_000;

/** The other process of a stage. */
export class FarProcess {
  readonly #child: ChildProcess;
  /** Address of its stagehand. */
  readonly stagehand: Promise<string>;

  constructor(options: StageOptions) {
    this.#child = fork(new URL(import.meta.url), [JSON.stringify(options)], { stdio: 'inherit' });
    this.stagehand = once(this.#child, 'message').then(([address]) => address as string);
  }

  /** Asks it to close its service; fails unless it then ends by itself, and well. */
  async close(): Promise<void> {
    await this.stagehand;
    const exited = once(this.#child, 'exit', { signal: AbortSignal.timeout(CLOSE_LIMIT_MS) });
    this.#child.send('close');
    try {
      const [code] = (await exited) as [number | null];
      if (code !== 0) throw new Error(`the other process ended with ${code}`);
    } finally {
      if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    }
  }
}

async function main(options: StageOptions): Promise<void> {
  const logger = new Recorder();
  const at = { systemName: 'far', threads: 1, listen: { port: 0 }, logger };
  const service = await RpcService.start({ ...at, ...options });
  process.send!(await hireStagehand(service, logger));
  await once(process, 'message');
  await service.close();
  process.disconnect();
}

if (process.argv[1]?.endsWith('far-process.js')) await main(JSON.parse(process.argv[2]!));
