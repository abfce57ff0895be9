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
  readonly #exited: Promise<unknown[]>;
  /** Address of its stagehand. */
  readonly stagehand: Promise<string>;

  constructor(options: StageOptions) {
    this.#child = fork(new URL(import.meta.url), [JSON.stringify(options)], { stdio: 'inherit' });
    this.#exited = once(this.#child, 'exit');
    this.stagehand = once(this.#child, 'message').then(([address]) => address as string);
  }

  /** Asks it to close its service; fails unless it then ends by itself, or a rule has killed it. */
  async close(): Promise<void> {
    await this.stagehand;
    // Whether the message has arrived shows in how it ends.
    this.#child.send('close', () => {});
    const timer = setTimeout(() => this.#child.kill('SIGABRT'), CLOSE_LIMIT_MS);
    const [code, signal] = (await this.#exited) as [number | null, string | null];
    clearTimeout(timer);
    if (code !== 0 && signal !== 'SIGKILL') {
      throw new Error(`the other process ended with ${code ?? signal}`);
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
