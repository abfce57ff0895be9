import type { MessagePort } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type {
  HostedThread,
  RpcServiceOptions,
  ThreadBirth,
  ThreadExit,
  ThreadHost,
  ThreadMessage,
} from '../core/worker.js';

class WorkerThread implements HostedThread {
  readonly exited: Promise<ThreadExit>;
  readonly #worker: Worker;

  constructor(birth: ThreadBirth, limits: RpcServiceOptions['workerResourceLimits']) {
    this.#worker = new Worker(new URL('./thread-main.js', import.meta.url), {
      workerData: { ringlaneBirth: birth },
      name: `ringlane-${birth.settings.systemName}-${birth.thread - 1}`,
      ...(limits === undefined ? {} : { resourceLimits: limits }),
    });
    this.exited = new Promise((resolve) => {
      let error: unknown;
      // `null` and `undefined` can be thrown, too.
      this.#worker.on('error', (thrown: unknown) => (error = thrown ?? String(thrown)));
      this.#worker.on('exit', (exitCode) => resolve({ exitCode, error }));
    });
  }

  post(message: ThreadMessage, transfer: readonly MessagePort[]): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  onMessage(listener: (message: ThreadMessage) => void): void {
    this.#worker.on('message', listener);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Threads over `node:worker_threads`. */
export const workerThreadHost: ThreadHost = {
  spawn: (birth, limits) => new WorkerThread(birth, limits),
};
