import {
  deferred,
  describeThrown,
  type HeartbeatManager,
  type HeartbeatManagerSender,
  type HeartbeatServices,
  type LeaderRetrieval,
  type RegistrationResponse,
  type RetryingRegistrationConfiguration,
  systemClock,
} from '../core/internal.js';
import { callOptions, FencedRpcEndpoint, isRpcError, RpcError, type Serves } from '../index.js';
import {
  CANNOT_TRAVEL,
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from './gateways.js';
import { type Assignment, JobExecution } from './job-execution.js';
import { ProgressBoard } from './job-progress.js';
import { type Established, LeaderConnection } from './leader-connection.js';
import type {
  JobGraph,
  JobMasterRegistrationSuccess,
  JobProgress,
  JobResult,
  JobState,
  JobStatus,
  SlotOffer,
  TaskExecutionState,
  TaskManagerRegistration,
} from './messages.js';

/** What a JobMaster is put together from. */
export interface JobMasterServices {
  readonly resourceId: string;
  readonly job: JobGraph;
  readonly heartbeatServices: HeartbeatServices;
  readonly registration: RetryingRegistrationConfiguration;
  readonly slotRequestTimeoutMs: number;
  readonly resourceManagerRetrieval: () => LeaderRetrieval;
}

interface TaskExecutorConnection extends TaskManagerRegistration {
  readonly gateway: TaskExecutorGateway;
}

/** Pause before a declaration of slots that failed is sent again. */
const DECLARE_RETRY_DELAY_MS = 50;

/**
 * Runs one job: asks the ResourceManager for slots, takes those that TaskExecutors offer, puts
 * the tasks into them and hears of their states (Flink JobMaster). Its token is the JobMasterId.
 */
export class JobMaster
  extends FencedRpcEndpoint<string>
  implements Serves<typeof JobMasterGateway>
{
  static override readonly gateways = [JobMasterGateway];
  static override readonly module = import.meta.url;

  readonly #services: JobMasterServices;
  readonly #execution: JobExecution;
  readonly #progress = new ProgressBoard();
  readonly #result = deferred<JobResult>();
  readonly #startedMs = systemClock.nowMs();
  /** By resource id. */
  readonly #taskExecutors = new Map<string, TaskExecutorConnection>();
  readonly #taskExecutorHeartbeats: HeartbeatManagerSender<readonly string[], readonly string[]>;
  readonly #resourceManagerHeartbeats: HeartbeatManager<void, void>;
  readonly #resourceManager: LeaderConnection<ResourceManagerGateway, JobMasterRegistrationSuccess>;
  /** The newest that has us in its books, also before its answer has become a connection. */
  #registeredAt: ResourceManagerGateway | undefined;
  #state: JobState = 'RUNNING';

  constructor(jobMasterId: string, services: JobMasterServices) {
    super(jobMasterId);
    this.#services = services;
    this.#execution = new JobExecution(services.job);
    this.#taskExecutorHeartbeats = this.#createTaskExecutorHeartbeats();
    this.#resourceManagerHeartbeats = this.#createResourceManagerHeartbeats();
    this.#resourceManager = this.#createResourceManagerConnection();
    this.registerResource(this.#taskExecutorHeartbeats);
    this.registerResource(this.#resourceManagerHeartbeats);
  }

  override onStart(): void {
    this.#resourceManager.start();
    this.#watchSlotRequests();
    if (this.#execution.isFinished) this.#end('FINISHED', null);
  }

  override onStop(): void {
    this.#end('CANCELED', 'the JobMaster was stopped');
  }

  async registerTaskExecutor(
    registration: TaskManagerRegistration,
  ): Promise<RegistrationResponse<string, string>> {
    const { jobId, resourceId, address, session } = registration;
    if (jobId !== this.#services.job.jobId || this.#state !== 'RUNNING') return this.#rejection();
    const success = { kind: 'success', success: this.#services.resourceId } as const;
    if (this.#taskExecutors.get(resourceId)?.session === session) return success;
    let gateway: TaskExecutorGateway;
    try {
      gateway = await this.rpcService.connect(address, TaskExecutorGateway);
    } catch (error) {
      const reason = `could not connect back to ${address}: ${describeThrown(error)}`;
      return { kind: 'failure', reason };
    }
    // The job may have ended meanwhile.
    if (this.#state !== 'RUNNING') return this.#rejection();
    const before = this.#taskExecutors.get(resourceId);
    if (before && before.session !== session) this.#loseTaskExecutor(resourceId, 'it started anew');
    this.#taskExecutors.set(resourceId, { ...registration, gateway });
    this.#taskExecutorHeartbeats.monitorTarget(resourceId, {
      requestHeartbeat: (origin, slots) => gateway.heartbeatFromJobMaster(origin, slots),
      receiveHeartbeat: async () => {},
    });
    return success;
  }

  #rejection(): RegistrationResponse<string, string> {
    const rejection = `this is the JobMaster of ${this.#services.job.jobId}, ${this.#state}`;
    return { kind: 'rejection', rejection };
  }

  offerSlots(resourceId: string, offers: readonly SlotOffer[]): readonly string[] {
    if (!this.#taskExecutors.has(resourceId)) {
      throw new RpcError('INVALID_STATE', `TaskExecutor ${resourceId} is not registered here`);
    }
    const accepted: string[] = [];
    for (const offer of offers) {
      const assigned = this.#state === 'RUNNING' && this.#execution.acceptSlot(resourceId, offer);
      if (!assigned) continue;
      accepted.push(offer.allocationId);
      if (assigned !== 'known') void this.#deploy(assigned);
    }
    return accepted;
  }

  failSlot(_resourceId: string, allocationId: string, cause: string): void {
    this.#loseSlot(allocationId, cause);
  }

  updateTaskExecutionState(update: TaskExecutionState): void {
    if (!this.#execution.update(update) || this.#state !== 'RUNNING') return;
    const { taskId, allocationId, state, error } = update;
    if (state === 'FAILED') return this.#end('FAILED', `task ${taskId} failed: ${error ?? ''}`);
    if (state === 'CANCELED') return this.#end('CANCELED', `task ${taskId} was cancelled`);
    if (state !== 'FINISHED') return;
    if (this.#execution.isFinished) return this.#end('FINISHED', null);
    this.#onSlotVacant(allocationId);
  }

  reportProgress(taskId: string, allocationId: string, value: unknown): void {
    const isCurrent = this.#execution.isCurrent({ taskId, allocationId });
    if (isCurrent && this.#state === 'RUNNING') this.#progress.report(taskId, value);
  }

  heartbeatFromTaskExecutor(resourceId: string, taskIds: readonly string[]): void {
    this.#taskExecutorHeartbeats.receiveHeartbeat(resourceId, taskIds);
  }

  heartbeatFromResourceManager(resourceId: string): void {
    this.#resourceManagerHeartbeats.requestHeartbeat(resourceId, undefined);
  }

  disconnectTaskExecutor(resourceId: string, cause: string): void {
    this.#loseTaskExecutor(resourceId, cause);
  }

  disconnectResourceManager(resourceManagerId: string, cause: string): void {
    if (this.#resourceManager.established?.leader.sessionId === resourceManagerId) {
      this.#resourceManager.reconnect(cause);
    }
  }

  cancel(): void {
    this.#end('CANCELED', 'the job was cancelled');
  }

  requestJobStatus(): JobStatus {
    const { jobId, name } = this.#services.job;
    return { jobId, name, state: this.#state, tasks: this.#execution.statuses() };
  }

  requestJobResult(): Promise<JobResult> {
    return this.#result.promise;
  }

  requestProgress(since: number): Promise<JobProgress> {
    return this.#progress.after(since);
  }

  async #deploy({ task, allocationId, resourceId }: Assignment): Promise<void> {
    const gateway = this.#taskExecutors.get(resourceId)?.gateway;
    const { jobId } = this.#services.job;
    try {
      if (!gateway) throw new RpcError('RECIPIENT_UNREACHABLE', `${resourceId} is gone`);
      const jobMasterId = this.fencingToken;
      await gateway.submitTask({ jobId, jobMasterId, allocationId, task });
      if (this.#execution.take({ taskId: task.taskId, allocationId })) return;
      throw new RpcError('RECIPIENT_UNREACHABLE', `${resourceId} was lost`, { effect: 'unknown' });
    } catch (error) {
      if (this.#state !== 'RUNNING') return;
      const text = `${task.taskId} could not be submitted: ${describeThrown(error)}`;
      // Nobody there: the task did not begin, another slot will do.
      if (isRpcError(error) && error.effect === 'none' && !CANNOT_TRAVEL.has(error.code)) {
        return this.#loseSlot(allocationId, text);
      }
      this.#end('FAILED', text);
    }
  }

  /** A task has ended: the next one takes its slot, or the slot goes back. */
  #onSlotVacant(allocationId: string): void {
    const slot = this.#execution.reuseSlot(allocationId);
    if (!slot) return;
    // Fewer slots are needed, whoever has this one; and that before one is free: what is not
    // needed any more would be given to us, and given back, without end.
    this.#declare();
    if ('task' in slot) return void this.#deploy(slot);
    const connection = this.#taskExecutors.get(slot.resourceId);
    this.#tell(() => connection?.gateway.freeSlot(allocationId, 'its task has ended'));
  }

  #loseSlot(allocationId: string, cause: string): void {
    const failed = this.#execution.loseSlot(allocationId);
    if (failed === undefined) return this.#declare();
    this.updateTaskExecutionState({ ...failed, state: 'FAILED', error: cause });
  }

  #loseTaskExecutor(resourceId: string, cause: string): void {
    const connection = this.#taskExecutors.get(resourceId);
    if (!connection) return;
    this.#taskExecutors.delete(resourceId);
    this.#taskExecutorHeartbeats.unmonitorTarget(resourceId);
    this.#farewell(connection, cause);
    const text = `TaskExecutor ${resourceId} is lost: ${cause}`;
    for (const slot of this.#execution.slotsOf(resourceId)) this.#loseSlot(slot.allocationId, text);
  }

  /** The TaskExecutor says what it runs; a task that it has forgotten will never end. */
  #onTaskExecutorPayload(resourceId: string, taskIds: readonly string[]): void {
    const running = new Set(taskIds);
    for (const attempt of this.#execution.runningOn(resourceId)) {
      if (running.has(attempt.taskId)) continue;
      const error = `TaskExecutor ${resourceId} does not run it any more`;
      this.updateTaskExecutionState({ ...attempt, state: 'FAILED', error });
    }
  }

  #declare(): void {
    const established = this.#resourceManager.established;
    if (!established || this.#state !== 'RUNNING') return;
    const { jobId } = this.#services.job;
    const requirements = { jobId, slots: this.#execution.requiredSlots };
    established.gateway
      .declareRequiredResources(this.fencingToken, requirements)
      .catch((error: unknown) => {
        this.log.debug({ jobId, error: describeThrown(error) }, 'slots could not be declared');
        if (this.#resourceManager.established !== established) return;
        this.scheduleRunAsync(() => this.#declare(), DECLARE_RETRY_DELAY_MS);
      });
  }

  #watchSlotRequests(): void {
    const { slotRequestTimeoutMs } = this.#services;
    this.scheduleRunAsync(() => {
      if (this.#state !== 'RUNNING') return;
      const hasNone = this.#execution.requiredSlots.length > 0 && !this.#hasAnySlot();
      if (!hasNone) return this.#watchSlotRequests();
      const text = `no slot within ${slotRequestTimeoutMs} ms (slotRequestTimeoutMs)`;
      this.#end('FAILED', text);
    }, slotRequestTimeoutMs);
  }

  #hasAnySlot(): boolean {
    return [...this.#taskExecutors.keys()].some((id) => this.#execution.slotsOf(id).length > 0);
  }

  /** The job is over: everything it holds is given back. */
  #end(state: JobState, error: string | null): void {
    if (this.#state !== 'RUNNING') return;
    this.#state = state;
    this.#execution.cancelAll();
    const { jobId, name } = this.#services.job;
    const durationMs = systemClock.nowMs() - this.#startedMs;
    const tasks = this.#execution.statuses();
    this.#result.resolve({ jobId, name, state, tasks, error, durationMs });
    this.#progress.end();
    const cause = `the job is ${state}`;
    // The ResourceManager first: slots that come free now are for others.
    this.#tell(() => this.#registeredAt?.disconnectJobMaster(jobId, this.fencingToken, cause));
    for (const connection of this.#taskExecutors.values()) this.#farewell(connection, cause);
    this.#taskExecutors.clear();
    this.#taskExecutorHeartbeats.close();
    this.#resourceManagerHeartbeats.close();
    this.#resourceManager.close();
  }

  #farewell({ gateway, jobId }: TaskExecutorConnection, cause: string): void {
    this.#tell(() => gateway.disconnectJobMaster(jobId, this.fencingToken, cause));
  }

  #tell(call: () => unknown): void {
    const onError = (error: unknown): void =>
      this.log.debug({ error: describeThrown(error) }, 'nobody heard it');
    (async () => call())().catch(onError);
  }

  #createTaskExecutorHeartbeats(): HeartbeatManagerSender<readonly string[], readonly string[]> {
    return this.#services.heartbeatServices.createHeartbeatManagerSender({
      resourceId: this.#services.resourceId,
      executor: this.getMainThreadExecutor(),
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: (id) => this.#loseTaskExecutor(id, 'its heartbeat timed out'),
        notifyTargetUnreachable: (id) => this.#loseTaskExecutor(id, 'it is unreachable'),
        reportPayload: (id, taskIds) => this.#onTaskExecutorPayload(id, taskIds),
        retrievePayload: (id) => this.#execution.slotsOf(id).map((slot) => slot.allocationId),
      },
    });
  }

  #createResourceManagerHeartbeats(): HeartbeatManager<void, void> {
    const lost = (cause: string) => (): void => this.#resourceManager.reconnect(cause);
    return this.#services.heartbeatServices.createHeartbeatManager({
      resourceId: this.#services.resourceId,
      executor: this.getMainThreadExecutor(),
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: lost('its heartbeat timed out'),
        notifyTargetUnreachable: lost('it is unreachable'),
        reportPayload: () => {},
        retrievePayload: () => {},
      },
    });
  }

  #createResourceManagerConnection(): LeaderConnection<
    ResourceManagerGateway,
    JobMasterRegistrationSuccess
  > {
    const { registration, resourceManagerRetrieval } = this.#services;
    return new LeaderConnection({
      name: 'ResourceManager',
      retrieval: resourceManagerRetrieval(),
      executor: this.getMainThreadExecutor(),
      configuration: registration,
      logger: this.log,
      connect: ({ address, sessionId }) =>
        this.rpcService.connect(address, ResourceManagerGateway, { fencingToken: sessionId }),
      register: (gateway, timeoutMs) => this.#register(gateway, timeoutMs),
      onLeader: () => {},
      onRegistered: (established) => this.#onResourceManager(established),
      onLost: ({ success }) => this.#resourceManagerHeartbeats.unmonitorTarget(success.resourceId),
      onRejected: (reason) => this.#end('FAILED', `the ResourceManager said no: ${reason}`),
      onFailed: (error) => this.#end('FAILED', describeThrown(error)),
    });
  }

  async #register(
    gateway: ResourceManagerGateway,
    timeoutMs: number,
  ): Promise<RegistrationResponse<JobMasterRegistrationSuccess, string>> {
    const { jobId } = this.#services.job;
    const { resourceId } = this.#services;
    const jobMasterId = this.fencingToken;
    const self = { jobId, jobMasterId, resourceId, address: this.address };
    const response = await gateway.registerJobMaster(self, callOptions({ timeoutMs }));
    this.#registeredAt = gateway;
    // It entered us when the farewell to it was over.
    if (this.#state !== 'RUNNING') {
      const cause = `the job is ${this.#state}`;
      this.#tell(() => gateway.disconnectJobMaster(jobId, jobMasterId, cause));
    }
    return response;
  }

  #onResourceManager({
    gateway,
    success,
  }: Established<ResourceManagerGateway, JobMasterRegistrationSuccess>): void {
    this.#resourceManagerHeartbeats.monitorTarget(success.resourceId, {
      receiveHeartbeat: (origin) => gateway.heartbeatFromJobMaster(origin),
      requestHeartbeat: async () => {},
    });
    this.#declare();
  }
}
