import { availableParallelism, totalmem } from 'node:os';
import {
  decodeTaskExecutorRegistrationSuccess,
  describeThrown,
  encodeSlotReport,
  encodeTaskExecutorRegistration,
  type HeartbeatManager,
  type HeartbeatServices,
  type LeaderRetrieval,
  randomId,
  type RetryingRegistrationConfiguration,
  type TaskExecutorRegistrationSuccess,
  type TimerHandle,
} from '../core/internal.js';
import {
  callOptions,
  isRpcError,
  RpcEndpoint,
  RpcError,
  type RpcService,
  type Serves,
} from '../index.js';
import type { EventReporter } from './event-reporter.js';
import { ResourceManagerGateway, TaskExecutorGateway } from './gateways.js';
import { type Job, type JobMasterLink, JobTable } from './job-table.js';
import { type Established, LeaderConnection } from './leader-connection.js';
import type { ClusterInformation, SlotRequest, TaskDeployment } from './messages.js';
import { Task } from './task.js';
import type { TaskSlotTable } from './task-slot-table.js';

/** What a TaskExecutor is put together from (Flink TaskManagerServices). */
export interface TaskExecutorServices {
  readonly resourceId: string;
  readonly slotTable: TaskSlotTable;
  readonly heartbeatServices: HeartbeatServices;
  readonly registration: RetryingRegistrationConfiguration;
  readonly registrationTimeoutMs: number;
  readonly resourceManagerRetrieval: (rpcService: RpcService) => LeaderRetrieval;
  readonly events: (rpcService: RpcService) => EventReporter;
  readonly onFatalError: FatalErrorHandler;
}

/** Ends what cannot serve any more; must neither block nor throw (Flink FatalErrorHandler). */
export type FatalErrorHandler = (error: RpcError) => void;

type ResourceManagerLink = Established<ResourceManagerGateway, Uint8Array>;

/**
 * Offers its slots to the cluster and runs tasks in them (Flink TaskExecutor). It stays registered
 * with the leading ResourceManager, and with the JobMaster of every job that has slots here.
 */
export class TaskExecutor extends RpcEndpoint implements Serves<typeof TaskExecutorGateway> {
  static override readonly gateways = [TaskExecutorGateway];

  readonly #services: TaskExecutorServices;
  readonly #slots: TaskSlotTable;
  readonly #events: EventReporter;
  readonly #session = randomId();
  readonly #jobs: JobTable;
  readonly #tasks = new Set<Task>();
  readonly #resourceManager: LeaderConnection<ResourceManagerGateway, Uint8Array>;
  readonly #resourceManagerHeartbeats: HeartbeatManager<void, Uint8Array>;
  readonly #jobMasterHeartbeats: HeartbeatManager<readonly string[], readonly string[]>;
  #registrationTimer: TimerHandle | undefined;
  #registered: TaskExecutorRegistrationSuccess | undefined;

  constructor(services: TaskExecutorServices) {
    super();
    this.#services = services;
    this.#slots = services.slotTable;
    this.#events = services.events(this.rpcService);
    this.#jobs = this.#createJobTable();
    this.#resourceManager = this.#createResourceManagerConnection();
    this.#resourceManagerHeartbeats = this.#createResourceManagerHeartbeats();
    this.#jobMasterHeartbeats = this.#createJobMasterHeartbeats();
    this.registerResource(this.#resourceManagerHeartbeats);
    this.registerResource(this.#jobMasterHeartbeats);
  }

  /** Where the blob server is, as the ResourceManager told it. */
  get blobAddress(): ClusterInformation | undefined {
    return this.#registered;
  }

  override onStart(): void {
    this.#slots.start({
      schedule: (task, delayMs) => this.getMainThreadExecutor().schedule(task, delayMs),
      onSlotTimeout: (allocationId) => this.#freeSlot(allocationId, 'no JobMaster took it'),
    });
    this.#startRegistrationTimer();
    this.#resourceManager.start();
  }

  override onStop(): void {
    const cause = 'the TaskExecutor is stopping';
    const { resourceId } = this.#services;
    for (const task of this.#tasks) task.cancel(cause);
    const link = this.#resourceManager.established;
    this.#tell(() => link?.gateway.disconnectTaskExecutor(resourceId, cause));
    for (const job of this.#jobs.all()) {
      this.#tell(() => job.link?.gateway.disconnectTaskExecutor(resourceId, cause));
    }
    this.#resourceManager.close();
    this.#jobs.close();
    this.#slots.close();
    this.#events.report('terminated', resourceId, cause);
  }

  requestSlot(request: SlotRequest): void {
    const { slot, jobId, allocationId, resourceManagerId } = request;
    if (this.#resourceManager.established?.leader.sessionId !== resourceManagerId) {
      const text = `not registered with ResourceManager session ${resourceManagerId}`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#slots.allocateSlot(slot, jobId, allocationId);
    const job = this.#jobs.add(request);
    if (job.link) this.#offerSlots(job, job.link);
  }

  freeSlot(allocationId: string, cause: string): void {
    this.#freeSlot(allocationId, cause);
  }

  submitTask(deployment: TaskDeployment): void {
    const { jobId, jobMasterId, allocationId, task: spec } = deployment;
    const job = this.#jobs.get(jobId);
    if (job?.jobMasterId !== jobMasterId || !job.link) {
      throw new RpcError('INVALID_STATE', `not registered with JobMaster ${jobMasterId}`);
    }
    const slot = this.#slots.find(allocationId);
    if (!slot || !this.#slots.tryMarkSlotActive(jobId, allocationId)) {
      throw new RpcError('INVALID_STATE', `job ${jobId} has no slot ${allocationId} here`);
    }
    if (this.#tasksIn(allocationId).some((task) => task.taskId === spec.taskId)) {
      throw new RpcError('INVALID_STATE', `task ${spec.taskId} is in its slot already`);
    }
    const task = new Task({
      deployment,
      slot: slot.index,
      resourceId: this.#services.resourceId,
      rpcService: this.rpcService,
      jobMaster: job.link.gateway,
    });
    this.#tasks.add(task);
    void task.ended.then(() => this.#tasks.delete(task));
    task.start();
  }

  cancelTask(jobId: string, taskId: string): void {
    for (const task of this.#tasksOf(jobId)) {
      if (task.taskId === taskId) task.cancel('cancelled by its JobMaster');
    }
  }

  heartbeatFromResourceManager(resourceId: string): void {
    this.#resourceManagerHeartbeats.requestHeartbeat(resourceId, undefined);
  }

  heartbeatFromJobMaster(resourceId: string, allocationIds: readonly string[]): void {
    this.#jobMasterHeartbeats.requestHeartbeat(resourceId, allocationIds);
  }

  disconnectResourceManager(resourceManagerId: string, cause: string): void {
    if (this.#resourceManager.established?.leader.sessionId !== resourceManagerId) return;
    if (this.isRunning()) this.#resourceManager.reconnect(cause);
  }

  /** The JobMaster wants nothing more from us: its job is over, or it took us for lost. */
  disconnectJobMaster(jobId: string, jobMasterId: string, cause: string): void {
    const job = this.#jobs.get(jobId);
    if (job?.jobMasterId === jobMasterId) this.#closeJob(job, cause);
  }

  #createResourceManagerConnection(): LeaderConnection<ResourceManagerGateway, Uint8Array> {
    const { resourceId, registration, resourceManagerRetrieval } = this.#services;
    return new LeaderConnection({
      name: 'ResourceManager',
      retrieval: resourceManagerRetrieval(this.rpcService),
      executor: this.getMainThreadExecutor(),
      configuration: registration,
      logger: this.log,
      connect: async ({ address, sessionId }) => {
        const options = { fencingToken: sessionId };
        const gateway = await this.rpcService.connect(address, ResourceManagerGateway, options);
        this.#events.report('connected', resourceId, address);
        return gateway;
      },
      register: (gateway, timeoutMs) =>
        gateway.registerTaskExecutor(this.#registration(), callOptions({ timeoutMs })),
      onLeader: () => this.#startRegistrationTimer(),
      onRegistered: (link) => this.#onRegistered(link),
      onLost: (_link, cause) => this.#onResourceManagerLost(cause),
      onRejected: (reason) => this.#fail('REGISTRATION_REJECTED', reason),
      onFailed: (error) => this.#fail('REGISTRATION_REJECTED', describeThrown(error)),
    });
  }

  #registration(): Uint8Array {
    return encodeTaskExecutorRegistration({
      address: this.address,
      resourceId: this.#services.resourceId,
      dataPort: -1,
      cpuCores: availableParallelism(),
      memoryBytes: totalmem(),
      slots: this.#slots.size,
    });
  }

  #onRegistered(link: ResourceManagerLink): void {
    const success = decodeTaskExecutorRegistrationSuccess(link.success);
    const { resourceId } = this.#services;
    this.#registered = success;
    this.#stopRegistrationTimer();
    this.#events.report('registered', resourceId, success.instanceId);
    const { gateway } = link;
    this.#resourceManagerHeartbeats.monitorTarget(success.resourceManagerId, {
      receiveHeartbeat: (origin, report) => gateway.heartbeatFromTaskExecutor(origin, report),
      requestHeartbeat: async () => {},
    });
    gateway
      .sendSlotReport(resourceId, success.instanceId, this.#slotReport())
      .catch((error: unknown) =>
        this.runAsync(() => {
          if (this.#resourceManager.established !== link) return;
          this.#resourceManager.reconnect(`the slot report failed: ${describeThrown(error)}`);
        }),
      );
  }

  #onResourceManagerLost(cause: string): void {
    const { resourceId } = this.#services;
    if (this.#registered) {
      this.#resourceManagerHeartbeats.unmonitorTarget(this.#registered.resourceManagerId);
    }
    this.#registered = undefined;
    this.#events.report('disconnected', resourceId, cause);
    this.#startRegistrationTimer();
  }

  #startRegistrationTimer(): void {
    if (this.#registrationTimer) return;
    const { registrationTimeoutMs } = this.#services;
    this.#registrationTimer = this.getMainThreadExecutor().schedule(() => {
      const text = `not registered within ${registrationTimeoutMs} ms (registrationTimeoutMs)`;
      this.#fail('TIMEOUT', text);
    }, registrationTimeoutMs);
  }

  #stopRegistrationTimer(): void {
    this.#registrationTimer?.cancel();
    this.#registrationTimer = undefined;
  }

  #fail(code: 'REGISTRATION_REJECTED' | 'TIMEOUT', reason: string): void {
    const { resourceId, onFatalError } = this.#services;
    const error = new RpcError(code, `TaskExecutor ${resourceId}: ${reason}`);
    this.#events.report('fatal', resourceId, error.message);
    onFatalError(error);
  }

  #slotReport(): Uint8Array {
    return encodeSlotReport(this.#slots.createSlotReport());
  }

  /** Offers every slot of the job that nobody has taken yet. */
  #offerSlots(job: Job, link: JobMasterLink): void {
    const slots = this.#slots.slotsOf(job.jobId, 'ALLOCATED');
    if (slots.length === 0) return;
    const offer = {};
    job.newestOffer = offer;
    const offers = slots.map(({ allocationId, index }) => ({ allocationId, slot: index }));
    const isOutdated = (): boolean => job.newestOffer !== offer || job.link !== link;
    link.gateway.offerSlots(this.#services.resourceId, offers).then(
      (accepted) =>
        this.runAsync(() => {
          if (!isOutdated()) this.#onOffersAnswered(job, offers, accepted);
        }),
      (error: unknown) =>
        this.runAsync(() => {
          if (isOutdated()) return;
          // Nobody knows whether they were taken; offering again is harmless.
          if (isRpcError(error) && error.code === 'TIMEOUT') return this.#offerSlots(job, link);
          const cause = `the offer failed: ${describeThrown(error)}`;
          for (const { allocationId } of offers) this.#freeSlot(allocationId, cause);
        }),
    );
  }

  #onOffersAnswered(
    job: Job,
    offers: readonly { readonly allocationId: string }[],
    accepted: readonly string[],
  ): void {
    for (const { allocationId } of offers) {
      if (!accepted.includes(allocationId)) this.#freeSlot(allocationId, 'it was not taken');
      else if (!this.#slots.tryMarkSlotActive(job.jobId, allocationId)) {
        const cause = 'the slot was freed meanwhile';
        const { resourceId } = this.#services;
        this.#tell(() => job.link?.gateway.failSlot(resourceId, allocationId, cause));
      }
    }
  }

  /** Tasks in the slot are cancelled first, and the slot is free when they have ended. */
  #freeSlot(allocationId: string, cause: string): void {
    const tasks = this.#tasksIn(allocationId);
    if (tasks.length === 0) return this.#releaseSlot(allocationId);
    for (const task of tasks) task.cancel(cause);
    const ended = Promise.all(tasks.map((task) => task.ended));
    void ended.then(() => this.runAsync(() => this.#releaseSlot(allocationId)));
  }

  #releaseSlot(allocationId: string): void {
    const slot = this.#slots.freeSlot(allocationId);
    const job = slot && this.#jobs.get(slot.jobId);
    const isLast = job && !job.link && this.#slots.slotsOf(job.jobId).length === 0;
    if (isLast) this.#jobs.remove(job);
    const link = this.#resourceManager.established;
    const instanceId = this.#registered?.instanceId;
    // Without a ResourceManager the next slot report says it.
    if (!slot || !link || instanceId === undefined) return;
    this.#tell(() => link.gateway.notifySlotAvailable(instanceId, slot.index, allocationId));
  }

  #createJobTable(): JobTable {
    return new JobTable({
      rpcService: this.rpcService,
      executor: this.getMainThreadExecutor(),
      logger: this.log,
      configuration: this.#services.registration,
      self: {
        resourceId: this.#services.resourceId,
        address: this.address,
        session: this.#session,
      },
      onRegistered: (job, link) => this.#onJobMasterRegistered(job, link),
      onRefused: (job, reason) => this.#closeJob(job, reason),
    });
  }

  #onJobMasterRegistered(job: Job, link: JobMasterLink): void {
    const { gateway } = link;
    this.#jobMasterHeartbeats.monitorTarget(link.resourceId, {
      receiveHeartbeat: (origin, taskIds) => gateway.heartbeatFromTaskExecutor(origin, taskIds),
      requestHeartbeat: async () => {},
    });
    this.#offerSlots(job, link);
  }

  /** The JobMaster is silent: its tasks end, its slots wait a while for it to come back. */
  #onJobMasterLost(resourceId: string, cause: string): void {
    const job = this.#jobs.findByResourceId(resourceId);
    if (!job) return;
    job.link = undefined;
    for (const task of this.#tasksOf(job.jobId)) task.fail(`the JobMaster is lost: ${cause}`);
    const slots = this.#slots.slotsOf(job.jobId);
    // Without slots there is nothing to offer to it.
    if (slots.length === 0) return this.#jobs.remove(job);
    for (const slot of slots) this.#slots.markSlotInactive(slot.allocationId);
    job.connection.tryReconnect();
  }

  #closeJob(job: Job, cause: string): void {
    if (job.link) this.#jobMasterHeartbeats.unmonitorTarget(job.link.resourceId);
    this.#jobs.remove(job);
    this.#cancelTasks(job.jobId, cause);
    for (const slot of this.#slots.slotsOf(job.jobId)) this.#freeSlot(slot.allocationId, cause);
  }

  #cancelTasks(jobId: string, cause: string): void {
    for (const task of this.#tasksOf(jobId)) task.cancel(cause);
  }

  #tasksOf(jobId: string): Task[] {
    return [...this.#tasks].filter((task) => task.jobId === jobId);
  }

  /** One that has ended is here beside its successor until its JobMaster's answer comes. */
  #tasksIn(allocationId: string): Task[] {
    return [...this.#tasks].filter((task) => task.allocationId === allocationId);
  }

  /** What the JobMaster believes to have here, against what it has (Flink AllocatedSlotReport). */
  #onAllocatedSlots(resourceId: string, allocationIds: readonly string[]): void {
    const job = this.#jobs.findByResourceId(resourceId);
    if (!job?.link) return;
    const { gateway } = job.link;
    const own = this.#services.resourceId;
    for (const allocationId of allocationIds) {
      if (this.#slots.find(allocationId)) continue;
      this.#tell(() => gateway.failSlot(own, allocationId, 'the slot is not allocated here'));
    }
    for (const { allocationId } of this.#slots.slotsOf(job.jobId, 'ACTIVE')) {
      if (!allocationIds.includes(allocationId)) this.#freeSlot(allocationId, 'not in its report');
    }
  }

  #createResourceManagerHeartbeats(): HeartbeatManager<void, Uint8Array> {
    const lost = (cause: string) => (): void => this.#resourceManager.reconnect(cause);
    return this.#services.heartbeatServices.createHeartbeatManager({
      resourceId: this.#services.resourceId,
      executor: this.getMainThreadExecutor(),
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: lost('its heartbeat timed out'),
        notifyTargetUnreachable: lost('it is unreachable'),
        reportPayload: () => {},
        retrievePayload: () => this.#slotReport(),
      },
    });
  }

  #createJobMasterHeartbeats(): HeartbeatManager<readonly string[], readonly string[]> {
    return this.#services.heartbeatServices.createHeartbeatManager({
      resourceId: this.#services.resourceId,
      executor: this.getMainThreadExecutor(),
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: (id) => this.#onJobMasterLost(id, 'its heartbeat timed out'),
        notifyTargetUnreachable: (id) => this.#onJobMasterLost(id, 'it is unreachable'),
        reportPayload: (id, allocationIds) => this.#onAllocatedSlots(id, allocationIds),
        retrievePayload: (id) => this.#runningTasksOf(id),
      },
    });
  }

  #runningTasksOf(resourceId: string): string[] {
    const jobId = this.#jobs.findByResourceId(resourceId)?.jobId;
    return jobId === undefined ? [] : this.#tasksOf(jobId).map((task) => task.taskId);
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.debug({ error: describeThrown(error) }, 'nobody heard it');
    }
  }
}
