import { describeThrown } from '../core/internal.js';
import { callOptions, isRpcError, type Logger } from '../index.js';
import type { DispatcherGateway } from './gateways.js';
import type { JobProgress, JobResult, JobStatus, TaskProgress } from './messages.js';

/** Hears the newest report of a task; of several in a row it may hear only the last. */
export type ProgressListener = (report: TaskProgress) => void;

/** One submitted job, as its client sees it (Flink JobClient). */
export class JobClient {
  readonly jobId: string;
  readonly #dispatcher: () => Promise<DispatcherGateway>;
  readonly #logger: Logger | undefined;

  constructor(
    jobId: string,
    dispatcher: () => Promise<DispatcherGateway>,
    logger: Logger | undefined,
  ) {
    this.jobId = jobId;
    this.#dispatcher = dispatcher;
    this.#logger = logger;
  }

  /** Resolves when the job is over, however it ended. */
  async result(): Promise<JobResult> {
    return (await this.#dispatcher()).requestJobResult(this.jobId);
  }

  async status(): Promise<JobStatus> {
    return (await this.#dispatcher()).requestJobStatus(this.jobId);
  }

  async cancel(): Promise<void> {
    await (await this.#dispatcher()).cancelJob(this.jobId);
  }

  /** Calls the listener until the job is over; resolves then, or when the signal is aborted. */
  async followProgress(listener: ProgressListener, signal?: AbortSignal): Promise<void> {
    const dispatcher = await this.#dispatcher();
    let known = 0;
    while (!signal?.aborted) {
      const progress = await this.#next(dispatcher, known, signal);
      if (!progress || signal?.aborted) return;
      known = progress.version;
      for (const report of progress.reports) this.#hear(listener, report);
      if (progress.isOver) return;
    }
  }

  /** What a listener throws, at once or later, changes nothing. */
  #hear(listener: ProgressListener, report: TaskProgress): void {
    (async () => listener(report))().catch((error: unknown) => {
      this.#logger?.error({ error: describeThrown(error) }, 'a progress listener failed');
    });
  }

  /**
   * Undefined when nothing more will come: the JobMaster has gone with its job meanwhile, or
   * nobody wants to hear it.
   */
  async #next(
    dispatcher: DispatcherGateway,
    known: number,
    signal: AbortSignal | undefined,
  ): Promise<JobProgress | undefined> {
    try {
      const options = callOptions(signal ? { signal } : {});
      return await dispatcher.requestProgress(this.jobId, known, options);
    } catch (error) {
      if (isRpcError(error)) return undefined;
      throw error;
    }
  }
}
