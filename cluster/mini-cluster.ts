import {
  checkDurationMs,
  checkInteger,
  deferred,
  describeThrown,
  HeartbeatServices,
  ignoreRejection,
  randomId,
  retryingRegistrationConfiguration,
  systemClock,
  toRpcError,
} from '../core/internal.js';
import { type ListenOptions, type Logger, RpcError, RpcService } from '../index.js';
import { EventCollector } from './event-collector.js';
import { GatewayRetriever } from './gateway-retriever.js';
import {
  COMPONENT_IDS,
  DispatcherGateway,
  EVENT_COLLECTOR_ID,
  ResourceManagerGateway,
} from './gateways.js';
import { JobClient, type ProgressListener } from './job-client.js';
import {
  type LeadershipControl,
  type Masters,
  startDedicatedMasters,
  startSharedMasters,
} from './masters.js';
import type {
  ClusterEvent,
  ClusterInformation,
  ClusterOverview,
  ClusterTimes,
  JobGraph,
  JobResult,
} from './messages.js';
import {
  type HostedTaskExecutor,
  hostInProcess,
  hostOnThread,
  type TaskExecutorInfo,
} from './task-executor-host.js';
import type { TaskExecutorConfiguration } from './task-executor-runner.js';
import { within } from './within.js';

/** An event with the time since the cluster began to start. */
export interface TimedClusterEvent extends ClusterEvent {
  readonly atMs: number;
}

/** Options of {@link MiniCluster.start}. */
export interface MiniClusterOptions extends ClusterTimes {
  /** Default 1. */
  readonly taskExecutors?: number;
  /** Default 1. */
  readonly slotsPerTaskExecutor?: number;
  /**
   * `shared` (default): one service, a worker thread for each TaskExecutor, the rest on the
   * thread that starts the cluster. `dedicated`: a child process with a service for each component.
   */
  readonly rpcServiceSharing?: 'shared' | 'dedicated';
  /** Worker threads of a shared service. Default: one a TaskExecutor. */
  readonly threads?: number;
  /**
   * Where the service listens, for processes to join. Default: loopback, any port. Whoever can
   * connect can hand in jobs, which is code to run: SECURITY.md says how to keep others out.
   */
  readonly listen?: ListenOptions;
  readonly systemName?: string;
  /** Told to TaskExecutors when they register. Default: no blob server. */
  readonly clusterInformation?: ClusterInformation;
  /** Hears every step of every component. */
  readonly onEvent?: (event: TimedClusterEvent) => void;
  readonly logger?: Logger;
  /** Bound on starting, until every TaskExecutor has reported its slots. Default 30 000. */
  readonly startTimeoutMs?: number;
}

const NO_BLOB_SERVER: ClusterInformation = { blobHost: '', blobPort: -1 };
/** TaskExecutors of a cluster, and slots of one of them: far above what makes sense. */
const COUNT_MAX = 1_024;
/** Closing takes no longer than this, even if something hangs. */
const CLOSE_TIMEOUT_MS = 1_900;
/** Of that, what TaskExecutors are given to say good-bye. */
const HOSTED_CLOSE_TIMEOUT_MS = 1_500;

/**
 * A whole cluster in one process, or in one process each on one machine (Flink MiniCluster): a
 * ResourceManager, a Dispatcher, and TaskExecutors that are registered when `start` resolves.
 */
export class MiniCluster {
  readonly #options: MiniClusterOptions;
  readonly #startMs: number;
  readonly #hosted = new Map<string, HostedTaskExecutor>();
  readonly #fatal = deferred<never>();
  readonly #goneThreads = new Set<number>();
  #nextNumber = 0;
  #rpcService!: RpcService;
  #masters!: Masters;
  #eventAddress = '';
  #dispatcher!: GatewayRetriever<DispatcherGateway>;
  #resourceManager!: GatewayRetriever<ResourceManagerGateway>;
  #closing: Promise<void> | undefined;

  private constructor(options: MiniClusterOptions, startMs: number) {
    this.#options = options;
    this.#startMs = startMs;
    ignoreRejection(this.#fatal.promise);
  }

  /**
   * Resolves when every TaskExecutor is registered and has reported its slots. Rejects with
   * `INVALID_ARGUMENT` before anything is started.
   */
  static async start(options: MiniClusterOptions = {}): Promise<MiniCluster> {
    checkOptions(options);
    const cluster = new MiniCluster(options, systemClock.nowMs());
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.close().catch(() => {});
      throw error;
    }
  }

  /** The service of this process; the one of all components when it is shared. */
  get rpcService(): RpcService {
    return this.#rpcService;
  }

  /** The TaskExecutors that live, the oldest first. */
  get taskExecutors(): readonly TaskExecutorInfo[] {
    return [...this.#hosted.values()].map(({ info }) => info);
  }

  /** Takes leadership away and gives it back; throws `INVALID_STATE` in dedicated mode. */
  get leadership(): LeadershipControl {
    if (this.#masters.leadership) return this.#masters.leadership;
    throw new RpcError('INVALID_STATE', 'leaders of processes are fixed; share the RpcService');
  }

  /** Rejects when a component of the master's side fails; never resolves. */
  get fatalError(): Promise<never> {
    return this.#fatal.promise;
  }

  /** Hands in a job; resolves as soon as its JobMaster runs. */
  async submitJob(job: JobGraph): Promise<JobClient> {
    await (await this.#dispatcher.gateway()).submitJob(job);
    return new JobClient(job.jobId, () => this.#dispatcher.gateway(), this.#options.logger);
  }

  /** Submits a job and waits for its end, however it ends; aborting the signal cancels it. */
  async executeJob(
    job: JobGraph,
    options: { readonly onProgress?: ProgressListener; readonly signal?: AbortSignal } = {},
  ): Promise<JobResult> {
    const { onProgress, signal } = options;
    const client = await this.submitJob(job);
    const cancel = (): void => void client.cancel().catch(() => {});
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      const progress = onProgress ? client.followProgress(onProgress) : undefined;
      // What ends it early, ends the wait for the result as well.
      if (progress) ignoreRejection(progress);
      const result = await client.result();
      await progress;
      return result;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** The ResourceManager's books. */
  async requestClusterOverview(): Promise<ClusterOverview> {
    return (await this.#resourceManager.gateway()).requestClusterOverview();
  }

  /** One more TaskExecutor of the cluster's kind; resolves when it has reported its slots. */
  async startTaskExecutor(): Promise<TaskExecutorInfo> {
    return this.#ready(this.#host(this.#options.rpcServiceSharing === 'dedicated'));
  }

  /** One more TaskExecutor, in a child process that joins over TCP. */
  async addProcessTaskExecutor(slots?: number): Promise<TaskExecutorInfo> {
    return this.#ready(this.#host(true, slots));
  }

  /** Ends a TaskExecutor, by its place among those that live or its ResourceID. */
  async terminateTaskExecutor(which: number | string): Promise<void> {
    const resourceId = typeof which === 'string' ? which : this.taskExecutors[which]?.resourceId;
    const hosted = this.#hosted.get(resourceId ?? '');
    if (!hosted) throw new RpcError('INVALID_ARGUMENT', `there is no TaskExecutor ${which}`);
    await hosted.close();
    await hosted.ended;
  }

  /**
   * Ends everything; closing twice is one closing. Rejects with `TIMEOUT` after two seconds when
   * something hangs: a thread that a task holds is ended by its service, 30 seconds later.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #start(): Promise<void> {
    const { rpcServiceSharing = 'shared', taskExecutors = 1, systemName, logger } = this.#options;
    const isShared = rpcServiceSharing === 'shared';
    this.#rpcService = await RpcService.start({
      threads: isShared ? Math.max(1, this.#options.threads ?? taskExecutors) : 0,
      listen: this.#options.listen ?? { host: '127.0.0.1', port: 0 },
      ...(systemName === undefined ? {} : { systemName }),
      ...(logger === undefined ? {} : { logger }),
    });
    await this.#startEventCollector();
    this.#masters = await (isShared ? startSharedMasters : startDedicatedMasters)({
      rpcService: this.#rpcService,
      times: this.#times(),
      clusterInformation: this.#options.clusterInformation ?? NO_BLOB_SERVER,
      isKnownWorker: (resourceId) => this.#hosted.has(resourceId),
      onEvent: (event) => this.#onEvent(event),
      eventAddress: this.#eventAddress,
      onFatalError: (error) => this.#onFatalError(error),
      startTimeoutMs: this.#startTimeoutMs,
    });
    const hosted = Array.from({ length: taskExecutors }, () => this.#host(!isShared));
    this.#retrieveGateways();
    await Promise.all(hosted.map((one) => this.#ready(one)));
  }

  async #startEventCollector(): Promise<void> {
    const collector = await this.#rpcService.startServer(EventCollector, {
      endpointId: EVENT_COLLECTOR_ID,
      args: [(event: ClusterEvent) => this.#onEvent(event)],
      thread: 'home',
    });
    await collector.start();
    this.#eventAddress = collector.address;
  }

  #retrieveGateways(): void {
    const service = this.#rpcService;
    const { dispatcher, resourceManager } = COMPONENT_IDS;
    this.#dispatcher = new GatewayRetriever(
      this.#masters.createLeaderRetrieval(dispatcher),
      ({ address, sessionId }) =>
        service.connect(address, DispatcherGateway, { fencingToken: sessionId }),
    );
    this.#resourceManager = new GatewayRetriever(
      this.#masters.createLeaderRetrieval(resourceManager),
      ({ address, sessionId }) =>
        service.connect(address, ResourceManagerGateway, { fencingToken: sessionId }),
    );
  }

  #times(): ClusterTimes {
    const { heartbeat, registration, registrationTimeoutMs, slotTimeoutMs, slotRequestTimeoutMs } =
      this.#options;
    return {
      ...(heartbeat === undefined ? {} : { heartbeat }),
      ...(registration === undefined ? {} : { registration }),
      ...(registrationTimeoutMs === undefined ? {} : { registrationTimeoutMs }),
      ...(slotTimeoutMs === undefined ? {} : { slotTimeoutMs }),
      ...(slotRequestTimeoutMs === undefined ? {} : { slotRequestTimeoutMs }),
    };
  }

  get #startTimeoutMs(): number {
    return this.#options.startTimeoutMs ?? 30_000;
  }

  #host(inProcess: boolean, slots = this.#options.slotsPerTaskExecutor ?? 1): HostedTaskExecutor {
    if (this.#closing) throw new RpcError('SERVICE_CLOSED', 'the cluster is closed');
    checkInteger('slots', slots, 1, COUNT_MAX);
    const configuration: TaskExecutorConfiguration = {
      resourceId: `taskexecutor-${this.#nextNumber++}`,
      slots,
      thread: inProcess ? 'home' : this.#emptiestThread(),
      leaders: this.#masters.leaders,
      eventAddress: this.#eventAddress,
      times: this.#times(),
    };
    const hosted = (inProcess ? hostInProcess : hostOnThread)(this.#rpcService, configuration);
    const { resourceId } = configuration;
    this.#hosted.set(resourceId, hosted);
    void hosted.ended.then((how) => this.#onEnded(hosted, how));
    return hosted;
  }

  /** Of those that live; throws `THREAD_TERMINATED` when none does. */
  #emptiestThread(): number {
    const counts = new Map<number, number>();
    for (let thread = 0; thread < this.#rpcService.threads; thread++) {
      if (!this.#goneThreads.has(thread)) counts.set(thread, 0);
    }
    for (const { thread } of this.taskExecutors) {
      const count = thread === undefined ? undefined : counts.get(thread);
      if (count !== undefined) counts.set(thread!, count + 1);
    }
    const [emptiest] = [...counts].sort(([, a], [, b]) => a - b);
    if (emptiest) return emptiest[0];
    const text = 'every worker thread of the cluster has ended';
    throw new RpcError('THREAD_TERMINATED', text, { effect: 'none' });
  }

  async #ready(hosted: HostedTaskExecutor): Promise<TaskExecutorInfo> {
    const limitMs = this.#startTimeoutMs;
    const text = `${hosted.info.resourceId} was not registered within ${limitMs} ms`;
    const ready = Promise.race([hosted.ready, this.#fatal.promise]);
    await within(ready, limitMs, `${text} (startTimeoutMs)`);
    return hosted.info;
  }

  #onEvent(event: ClusterEvent): void {
    if (this.#hosted.get(event.resourceId)?.onEvent(event) === false) return;
    const timed = { ...event, atMs: event.clockMs - this.#startMs };
    (async () => this.#options.onEvent?.(timed))().catch((error: unknown) => {
      this.#options.logger?.error({ error: describeThrown(error) }, 'onEvent failed');
    });
  }

  /** Who runs the workers knows first when one is gone: the ResourceManager need not wait. */
  #onEnded(hosted: HostedTaskExecutor, how: string): void {
    const { resourceId, thread = 'home', pid } = hosted.info;
    if (hosted.isThreadGone && thread !== 'home') this.#goneThreads.add(thread);
    const clockMs = systemClock.nowMs();
    this.#onEvent({ kind: 'terminated', resourceId, thread, pid, clockMs, detail: how });
    this.#hosted.delete(resourceId);
    if (this.#closing || !this.#resourceManager) return;
    const told = this.#resourceManager
      .gateway()
      .then((gateway) => gateway.disconnectTaskExecutor(resourceId, how));
    // Unheard, its heartbeats find it.
    ignoreRejection(told);
  }

  #onFatalError(error: unknown): void {
    this.#fatal.reject(toRpcError(error, 'ENDPOINT_START_FAILED', 'a component failed'));
  }

  async #close(): Promise<void> {
    this.#dispatcher?.close();
    this.#resourceManager?.close();
    const text = `the cluster did not close within ${CLOSE_TIMEOUT_MS} ms`;
    await within(this.#closeAll(), CLOSE_TIMEOUT_MS, text);
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    const step = async (task: Promise<unknown> | undefined): Promise<void> => {
      await task?.catch((error: unknown) => failures.push(error));
    };
    const hosted = Promise.all([...this.#hosted.values()].map((one) => one.close()));
    // One whose thread is held by a task answers nothing; closing the service ends the thread.
    await step(within(hosted, HOSTED_CLOSE_TIMEOUT_MS, 'a TaskExecutor did not stop'));
    await step(this.#masters?.close());
    await step(this.#rpcService?.close());
    if (failures.length > 0) throw failures[0];
  }
}

/** Components would refuse some of it too, but late, elsewhere, and each in its own words. */
function checkOptions(options: MiniClusterOptions): void {
  const { taskExecutors = 1, slotsPerTaskExecutor = 1, rpcServiceSharing = 'shared' } = options;
  checkInteger('taskExecutors', taskExecutors, 0, COUNT_MAX);
  checkInteger('slotsPerTaskExecutor', slotsPerTaskExecutor, 1, COUNT_MAX);
  if (rpcServiceSharing !== 'shared' && rpcServiceSharing !== 'dedicated') {
    const given = describeThrown(rpcServiceSharing);
    throw new RpcError(
      'INVALID_ARGUMENT',
      `rpcServiceSharing is shared or dedicated, not ${given}`,
    );
  }
  for (const name of ['registrationTimeoutMs', 'slotTimeoutMs', 'slotRequestTimeoutMs'] as const) {
    checkDurationMs(name, options[name] ?? 0);
  }
  retryingRegistrationConfiguration(options.registration);
  void new HeartbeatServices(options.heartbeat);
}

/** A job id that nobody else uses. */
export function randomJobId(): string {
  return randomId();
}
