import { deferred, describeThrown, systemClock, withRoom } from '../core/internal.js';
import { isRpcError, type RpcService, RpcError } from '../index.js';
import { CANNOT_TRAVEL, type JobMasterGateway } from './gateways.js';
import type { TaskDeployment, TaskExecutionState } from './messages.js';

/** What a running task is given. */
export interface TaskContext {
  readonly jobId: string;
  readonly taskId: string;
  /** Index of the slot it runs in. */
  readonly slot: number;
  /** ResourceID of the TaskExecutor it runs on. */
  readonly resourceId: string;
  /** To start endpoints, and to connect to others. */
  readonly rpcService: RpcService;
  /** Aborted when the task should end: cancelled, or its JobMaster is lost. */
  readonly signal: AbortSignal;
  /** Tells the client how far it is; of several in a row it may see only the newest. */
  reportProgress(value: unknown): void;
}

/**
 * What a task's module exports. It runs on the thread of its TaskExecutor, so long work must let
 * others in between: while it holds the thread, heartbeats are not answered.
 */
export type TaskFunction = (argument: unknown, context: TaskContext) => unknown;

/** What a task needs of its TaskExecutor. */
export interface TaskParts {
  readonly deployment: TaskDeployment;
  readonly slot: number;
  readonly resourceId: string;
  readonly rpcService: RpcService;
  readonly jobMaster: JobMasterGateway;
}

/** What has become of the task; whose it is goes without saying. */
type TaskNews = Omit<TaskExecutionState, 'taskId' | 'allocationId'>;

/** One task in its slot (Flink Task): loads its function, runs it, reports its states. */
export class Task {
  readonly jobId: string;
  readonly taskId: string;
  readonly allocationId: string;
  readonly #parts: TaskParts;
  readonly #controller = new AbortController();
  readonly #ended = deferred<void>();
  /** Why it must end, when it was not cancelled. */
  #failure: string | undefined;

  constructor(parts: TaskParts) {
    this.#parts = parts;
    this.jobId = parts.deployment.jobId;
    this.taskId = parts.deployment.task.taskId;
    this.allocationId = parts.deployment.allocationId;
  }

  /** Ends when the function has and its JobMaster knows, or cannot be told; never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  start(): void {
    void this.#run().finally(() => this.#ended.resolve());
  }

  /** Aborts the signal; the function must look at it to end early. */
  cancel(reason: string): void {
    this.#controller.abort(new RpcError('CANCELLED', reason));
  }

  /** Ends it as `cancel` does, but it has failed: nobody wanted that (Flink failExternally). */
  fail(cause: string): void {
    if (!this.#controller.signal.aborted) this.#failure = cause;
    this.cancel(cause);
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    try {
      const run = await this.#load();
      if (signal.aborted) return await this.#report(this.#aborted(signal.reason));
      void this.#report({ state: 'RUNNING' });
      const result = await run(this.#parts.deployment.task.argument, this.#context());
      await this.#report({ state: 'FINISHED', result });
    } catch (error) {
      const failed = { state: 'FAILED', error: describeThrown(error) } as const;
      await this.#report(signal.aborted ? this.#aborted(error) : failed);
    }
  }

  #aborted(error: unknown): TaskNews {
    if (this.#failure !== undefined) return { state: 'FAILED', error: this.#failure };
    return { state: 'CANCELED', error: describeThrown(error) };
  }

  async #load(): Promise<TaskFunction> {
    const { module, exportName } = this.#parts.deployment.task;
    const exports = (await import(module)) as Record<string, unknown>;
    const run = exports[exportName];
    if (typeof run === 'function') return run as TaskFunction;
    throw new RpcError('INVALID_ARGUMENT', `module ${module} exports no function ${exportName}`);
  }

  #context(): TaskContext {
    const { resourceId, rpcService, slot, jobMaster } = this.#parts;
    const { jobId, taskId, allocationId } = this;
    const { signal } = this.#controller;
    const reportProgress = (value: unknown): void => {
      try {
        jobMaster.reportProgress(taskId, allocationId, value);
      } catch (error) {
        // A report may be lost, for a later one says more; a value that cannot travel is a mistake.
        if (!isRpcError(error) || CANNOT_TRAVEL.has(error.code)) throw error;
      }
    };
    return { jobId, taskId, slot, resourceId, rpcService, signal, reportProgress };
  }

  /** Until the JobMaster has heard it, or nobody is there to hear it. */
  async #report(news: TaskNews): Promise<void> {
    const { taskId, allocationId } = this;
    const update = { taskId, allocationId, ...news };
    const { jobMaster } = this.#parts;
    for (;;) {
      try {
        return await withRoom(systemClock, () => jobMaster.updateTaskExecutionState(update));
      } catch (error) {
        const code = isRpcError(error) ? error.code : undefined;
        if (code === 'TIMEOUT' && !this.#controller.signal.aborted) continue;
        if (code === undefined || !CANNOT_TRAVEL.has(code) || news.state !== 'FINISHED') return;
        // The result itself is at fault: then that is what the JobMaster must hear.
        const text = `the result cannot be sent: ${describeThrown(error)}`;
        return this.#report({ state: 'FAILED', error: text });
      }
    }
  }
}
