import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deferred, ignoreRejection, systemClock } from '../core/internal.js';
import { RpcError } from '../index.js';
import type { TaskExecutorConfiguration } from './task-executor-runner.js';
import type { ClusterInformation, ClusterTimes } from './messages.js';

/** What a process of the cluster is told to be. */
export type ComponentOrder =
  | {
      readonly component: 'resourceManager';
      readonly times: ClusterTimes;
      readonly clusterInformation: ClusterInformation;
      readonly eventAddress: string;
    }
  | {
      readonly component: 'dispatcher';
      readonly times: ClusterTimes;
      readonly resourceManagerAddress: string;
    }
  | { readonly component: 'taskExecutor'; readonly configuration: TaskExecutorConfiguration };

/** What is said to such a process. */
export type ToProcess =
  | { readonly kind: 'start'; readonly systemName: string; readonly order: ComponentOrder }
  | { readonly kind: 'close' };

/** What such a process says. */
export type FromProcess =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'failed'; readonly reason: string };

/** How long a process may take to close before it is killed. */
const CLOSE_GRACE_MS = 1_000;

/** One component in a child process of its own: starts it, ends it, sees it end. */
export class ComponentProcess {
  /** Ends with the process, in words. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #ready = deferred<string>();
  #isGone = false;

  constructor() {
    const main = fileURLToPath(new URL('./process-main.js', import.meta.url));
    const { NODE_TEST_CONTEXT: _inherited, ...env } = process.env;
    this.#child = fork(main, [], { env, execArgv: [], serialization: 'advanced' });
    ignoreRejection(this.#ready.promise);
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) =>
        resolve(signal ? `killed by ${signal}` : `exit code ${code}`),
      );
      this.#child.once('error', (error) => resolve(`it could not be run: ${error.message}`));
    });
    void this.exited.then((how) => {
      this.#isGone = true;
      this.#ready.reject(new RpcError('ENDPOINT_START_FAILED', `the process ended: ${how}`));
    });
    this.#child.on('message', (message: FromProcess) => {
      if (message.kind === 'ready') this.#ready.resolve(message.address);
      else this.#ready.reject(new RpcError('ENDPOINT_START_FAILED', message.reason));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Answers the address of the component; fails with `ENDPOINT_START_FAILED`. */
  start(systemName: string, order: ComponentOrder): Promise<string> {
    this.#send({ kind: 'start', systemName, order });
    return this.#ready.promise;
  }

  /** Asks it to close, and kills it by its id when it does not within a second. */
  async close(): Promise<void> {
    if (this.#isGone) return;
    const timer = systemClock.schedule(() => this.#child.kill('SIGKILL'), CLOSE_GRACE_MS);
    this.#send({ kind: 'close' });
    await this.exited;
    timer.cancel();
  }

  #send(message: ToProcess): void {
    if (!this.#child.connected) return;
    // A process that has just ended is noticed by its exit.
    this.#child.send(message, () => {});
  }
}
