import { type Deferred, deferred, describeThrown, ignoreRejection } from '../core/internal.js';
import { isRpcError, RpcError, type RpcServer, type RpcService } from '../index.js';
import { ComponentProcess } from './component-process.js';
import type { ClusterEvent } from './messages.js';
import { PinnedTaskExecutor, type TaskExecutorConfiguration } from './task-executor-runner.js';

/** One TaskExecutor of a MiniCluster. */
export interface TaskExecutorInfo {
  readonly resourceId: string;
  /** A worker thread of this process by number, or a process of its own. */
  readonly kind: 'thread' | 'process';
  /** Undefined in a process of its own. */
  readonly thread: number | undefined;
  readonly pid: number;
  readonly slots: number;
}

/** What hosting one TaskExecutor takes, wherever it runs. */
export interface HostedTaskExecutor {
  readonly info: TaskExecutorInfo;
  /** Ends when its slots have been reported; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Ends with the TaskExecutor, in words. */
  readonly ended: Promise<string>;
  /** True when its thread has ended, and it with that: no other can live there. */
  readonly isThreadGone: boolean;
  /** False: it is known already. */
  onEvent(event: ClusterEvent): boolean;
  close(): Promise<void>;
}

/** The part that threads and processes have in common. */
abstract class Hosted implements HostedTaskExecutor {
  abstract readonly info: TaskExecutorInfo;
  abstract readonly ended: Promise<string>;
  isThreadGone = false;
  readonly #ready: Deferred<void> = deferred();
  #isTerminated = false;

  constructor() {
    ignoreRejection(this.#ready.promise);
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  abstract close(): Promise<void>;

  /** Of a process that ends, its TaskExecutor tells and so do we: one of them is enough. */
  onEvent({ kind, detail }: ClusterEvent): boolean {
    if (kind === 'slotsReported') this.#ready.resolve();
    if (kind === 'fatal') this.fail(detail);
    if (kind !== 'terminated') return true;
    const isNews = !this.#isTerminated;
    this.#isTerminated = true;
    return isNews;
  }

  fail(reason: string): void {
    const text = `${this.info.resourceId} gave up: ${reason}`;
    this.#ready.reject(new RpcError('ENDPOINT_START_FAILED', text));
  }
}

/** On a worker thread of the service. */
class ThreadTaskExecutor extends Hosted {
  readonly info: TaskExecutorInfo;
  readonly ended: Promise<string>;
  readonly #server: Promise<RpcServer>;

  constructor(rpcService: RpcService, configuration: TaskExecutorConfiguration) {
    super();
    const { resourceId, slots, thread } = configuration;
    const index = thread === 'home' ? undefined : thread;
    this.info = { resourceId, kind: 'thread', thread: index, pid: process.pid, slots };
    this.#server = rpcService.startServer(PinnedTaskExecutor, {
      endpointId: resourceId,
      args: [configuration],
      thread,
    });
    this.ended = this.#run();
  }

  async close(): Promise<void> {
    const server = await this.#server.catch(() => undefined);
    await server?.close();
  }

  override onEvent(event: ClusterEvent): boolean {
    // On a thread nobody else can end it: the process has others to serve.
    if (event.kind === 'fatal') this.close().catch(() => {});
    return super.onEvent(event);
  }

  async #run(): Promise<string> {
    try {
      const server = await this.#server;
      await server.start();
      await server.terminationFuture;
      // Whoever waits for its slots to be reported would wait in vain.
      this.fail('it was stopped');
      return 'stopped';
    } catch (error) {
      this.isThreadGone = isRpcError(error) && error.code === 'THREAD_TERMINATED';
      this.fail(describeThrown(error));
      return describeThrown(error);
    }
  }
}

/** In a child process that joins over TCP. */
class ProcessTaskExecutor extends Hosted {
  readonly info: TaskExecutorInfo;
  readonly ended: Promise<string>;
  readonly #process = new ComponentProcess();

  constructor(systemName: string, configuration: TaskExecutorConfiguration) {
    super();
    const { resourceId, slots } = configuration;
    const { pid } = this.#process;
    this.info = { resourceId, kind: 'process', thread: undefined, pid, slots };
    this.ended = this.#process.exited;
    void this.ended.then((how) => this.fail(how));
    const order = { component: 'taskExecutor', configuration } as const;
    this.#process.start(systemName, order).catch((error: unknown) => {
      this.fail(describeThrown(error));
    });
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}

/** Starts a TaskExecutor on a thread. */
export function hostOnThread(
  rpcService: RpcService,
  configuration: TaskExecutorConfiguration,
): HostedTaskExecutor {
  return new ThreadTaskExecutor(rpcService, configuration);
}

/** Starts a TaskExecutor in a process of its own. */
export function hostInProcess(
  rpcService: RpcService,
  configuration: TaskExecutorConfiguration,
): HostedTaskExecutor {
  return new ProcessTaskExecutor(rpcService.systemName, configuration);
}
