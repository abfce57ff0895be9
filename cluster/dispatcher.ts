import {
  createRandomName,
  describeThrown,
  type HeartbeatServices,
  type LeaderRetrieval,
  randomId,
  type RetryingRegistrationConfiguration,
} from '../core/internal.js';
import { FencedRpcEndpoint, RpcError, type RpcServer, type Serves } from '../index.js';
import { DispatcherGateway, JobMasterGateway } from './gateways.js';
import type { JobGraph, JobProgress, JobResult, JobStatus } from './messages.js';

/** What the maker of JobMasters needs for one. */
export interface JobMasterPlan {
  readonly endpointId: string;
  readonly jobMasterId: string;
  readonly resourceId: string;
  readonly job: JobGraph;
  readonly heartbeatServices: HeartbeatServices;
  readonly registration: RetryingRegistrationConfiguration;
  readonly slotRequestTimeoutMs: number;
  readonly resourceManagerRetrieval: () => LeaderRetrieval;
}

/** What a Dispatcher is put together from. */
export interface DispatcherServices {
  readonly heartbeatServices: HeartbeatServices;
  readonly registration: RetryingRegistrationConfiguration;
  readonly slotRequestTimeoutMs: number;
  readonly resourceManagerRetrieval: () => LeaderRetrieval;
  /** Makes a JobMaster; it is not started yet (Flink JobManagerRunnerFactory). */
  readonly createJobMaster: (plan: JobMasterPlan) => Promise<RpcServer>;
}

interface EndedJob {
  readonly result: JobResult;
  readonly progress: JobProgress;
}

interface RunningJob {
  readonly server: RpcServer;
  readonly gateway: JobMasterGateway;
  readonly ended: Promise<EndedJob>;
}

const NO_PROGRESS: JobProgress = { version: 0, isOver: true, reports: [] };

/** Ended jobs that are remembered; the oldest is forgotten first. */
const KEPT_JOBS = 100;

/** Takes jobs, starts a JobMaster for each, keeps the results (Flink Dispatcher). */
export class Dispatcher
  extends FencedRpcEndpoint<string>
  implements Serves<typeof DispatcherGateway>
{
  static override readonly gateways = [DispatcherGateway];
  static override readonly module = import.meta.url;

  readonly #services: DispatcherServices;
  readonly #running = new Map<string, RunningJob>();
  /** JobMasters that are being started (Flink outstanding submissions), by job id. */
  readonly #outstanding = new Map<string, Promise<RpcServer>>();
  readonly #ended = new Map<string, EndedJob>();

  constructor(fencingToken: string, services: DispatcherServices) {
    super(fencingToken);
    this.#services = services;
  }

  override async onStop(): Promise<void> {
    const running = [...this.#running.values()].map(({ server }) => server);
    const servers = [...running, ...this.#outstanding.values()];
    await Promise.allSettled(servers.map(async (server) => (await server).close()));
  }

  async submitJob(job: JobGraph): Promise<void> {
    checkJob(job);
    this.#checkRunning();
    const { jobId } = job;
    if (this.#running.has(jobId) || this.#outstanding.has(jobId) || this.#ended.has(jobId)) {
      throw new RpcError('INVALID_ARGUMENT', `job ${jobId} was submitted already`);
    }
    const starting = this.#startJobMaster(job);
    this.#outstanding.set(jobId, starting);
    try {
      const server = await starting;
      const gateway = server.getSelfGateway(JobMasterGateway);
      const ended = this.#follow(job, gateway);
      this.#running.set(jobId, { server, gateway, ended });
      void ended.then((end) => this.runAsync(() => this.#archive(end)));
      this.#checkRunning();
    } finally {
      this.#outstanding.delete(jobId);
    }
  }

  async cancelJob(jobId: string): Promise<void> {
    await this.#find(jobId)?.gateway.cancel();
  }

  async listJobs(): Promise<readonly JobStatus[]> {
    const running = [...this.#running.values()].map(({ gateway }) => gateway.requestJobStatus());
    const ended = [...this.#ended.values()].map(({ result }) => result);
    return [...ended, ...(await Promise.all(running))];
  }

  async requestJobStatus(jobId: string): Promise<JobStatus> {
    const running = this.#find(jobId);
    return running ? running.gateway.requestJobStatus() : this.#ended.get(jobId)!.result;
  }

  async requestJobResult(jobId: string): Promise<JobResult> {
    const ended = this.#find(jobId)?.ended ?? this.#ended.get(jobId)!;
    return (await ended).result;
  }

  async requestProgress(jobId: string, since: number): Promise<JobProgress> {
    const running = this.#find(jobId);
    if (running) return running.gateway.requestProgress(since);
    const { progress } = this.#ended.get(jobId)!;
    const reports = progress.reports.filter((report) => report.version > since);
    return { ...progress, reports };
  }

  /** Undefined: the job is over and its result is here. */
  #find(jobId: string): RunningJob | undefined {
    const running = this.#running.get(jobId);
    if (running || this.#ended.has(jobId)) return running;
    throw new RpcError('INVALID_ARGUMENT', `there is no job ${jobId}`);
  }

  async #startJobMaster(job: JobGraph): Promise<RpcServer> {
    const { createJobMaster, ...common } = this.#services;
    const endpointId = createRandomName('jobmaster');
    const server = await createJobMaster({
      ...common,
      endpointId,
      jobMasterId: randomId(),
      resourceId: `${endpointId}-${job.jobId}`,
      job,
    });
    await server.start();
    return server;
  }

  /** What a Dispatcher that stops would start, nobody would end. */
  #checkRunning(): void {
    if (!this.isRunning()) throw new RpcError('INVALID_STATE', 'the Dispatcher is stopping');
  }

  async #follow(job: JobGraph, gateway: JobMasterGateway): Promise<EndedJob> {
    const result = await gateway.requestJobResult().catch((error: unknown) => failed(job, error));
    // Its last reports may be lost with the JobMaster; the result is not.
    const progress = await gateway.requestProgress(0).catch(() => NO_PROGRESS);
    return { result, progress };
  }

  #archive(ended: EndedJob): void {
    const { jobId } = ended.result;
    const running = this.#running.get(jobId);
    this.#running.delete(jobId);
    this.#ended.set(jobId, ended);
    if (this.#ended.size > KEPT_JOBS) {
      const [oldest] = this.#ended.keys();
      this.#ended.delete(oldest!);
    }
    running?.server.close().catch((error: unknown) => {
      this.log.warn({ jobId, error: describeThrown(error) }, 'a JobMaster failed to stop');
    });
  }
}

function checkJob({ jobId, tasks }: JobGraph): void {
  if (jobId === '') throw new RpcError('INVALID_ARGUMENT', 'a job needs an id');
  if (new Set(tasks.map((task) => task.taskId)).size === tasks.length) return;
  throw new RpcError('INVALID_ARGUMENT', `job ${jobId} has two tasks of one id`);
}

/** The JobMaster itself was lost. */
function failed({ jobId, name, tasks }: JobGraph, error: unknown): JobResult {
  return {
    jobId,
    name,
    state: 'FAILED',
    tasks: tasks.map(({ taskId }) => ({ taskId, state: 'FAILED', taskExecutor: null })),
    error: `the JobMaster is lost: ${describeThrown(error)}`,
    durationMs: 0,
  };
}
