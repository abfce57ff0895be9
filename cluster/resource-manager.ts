import {
  decodeSlotReport,
  decodeTaskExecutorRegistration,
  describeThrown,
  encodeTaskExecutorRegistrationSuccess,
  type HeartbeatManagerSender,
  type HeartbeatServices,
  randomId,
  type RegistrationResponse,
  type SlotReport,
  type TaskExecutorRegistration,
} from '../core/internal.js';
import { FencedRpcEndpoint, RpcError, type Serves } from '../index.js';
import type { EventReporter } from './event-reporter.js';
import { JobMasterGateway, ResourceManagerGateway, TaskExecutorGateway } from './gateways.js';
import type {
  ClusterInformation,
  ClusterOverview,
  JobMasterRegistration,
  JobMasterRegistrationSuccess,
  ResourceRequirements,
} from './messages.js';
import { type Allocation, SlotManager } from './slot-manager.js';

/** Who may register: the framework that started the workers knows (Flink ResourceManagerDriver). */
export interface ResourceManagerDriver {
  isKnownWorker(resourceId: string): boolean;
}

/** What a ResourceManager is put together from. */
export interface ResourceManagerServices {
  readonly resourceId: string;
  readonly heartbeatServices: HeartbeatServices;
  readonly driver: ResourceManagerDriver;
  readonly clusterInformation: ClusterInformation;
  readonly events: EventReporter;
}

interface WorkerRegistration {
  readonly resourceId: string;
  readonly instanceId: string;
  readonly address: string;
  readonly gateway: TaskExecutorGateway;
}

interface JobMasterConnection extends JobMasterRegistration {
  readonly gateway: JobMasterGateway;
}

/** Pause before a failed slot request is made anew (Flink slotmanager.requirement-check.delay). */
const SLOT_RETRY_DELAY_MS = 50;
/** What a job needs is kept so long without a JobMaster (Flink resourcemanager.job.timeout). */
const JOB_TIMEOUT_MS = 300_000;

/**
 * Knows every TaskExecutor and its slots, and gives slots to jobs (Flink ResourceManager). One
 * instance is one leader session: its fencing token.
 */
export class ResourceManager
  extends FencedRpcEndpoint<string>
  implements Serves<typeof ResourceManagerGateway>
{
  static override readonly gateways = [ResourceManagerGateway];
  static override readonly module = import.meta.url;

  readonly #services: ResourceManagerServices;
  readonly #slotManager = new SlotManager();
  /** By resource id. */
  readonly #workers = new Map<string, WorkerRegistration>();
  /** The newest attempt to connect back, by resource id. */
  readonly #connecting = new Map<string, object>();
  /** By job id. */
  readonly #jobMasters = new Map<string, JobMasterConnection>();
  readonly #workerHeartbeats: HeartbeatManagerSender<Uint8Array, void>;
  readonly #jobMasterHeartbeats: HeartbeatManagerSender<void, void>;
  readonly #seenAlive = new Set<string>();

  constructor(fencingToken: string, services: ResourceManagerServices) {
    super(fencingToken);
    this.#services = services;
    const { heartbeatServices, resourceId } = services;
    const executor = this.getMainThreadExecutor();
    this.#workerHeartbeats = heartbeatServices.createHeartbeatManagerSender({
      resourceId,
      executor,
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: (id) => this.#closeWorker(id, 'its heartbeat timed out'),
        notifyTargetUnreachable: (id) => this.#closeWorker(id, 'it is unreachable'),
        reportPayload: (id, report) => this.#onSlotReport(id, report),
        retrievePayload: () => {},
      },
    });
    this.#jobMasterHeartbeats = heartbeatServices.createHeartbeatManagerSender({
      resourceId,
      executor,
      logger: this.log,
      listener: {
        notifyHeartbeatTimeout: (id) => this.#closeJobMasterOf(id, 'its heartbeat timed out'),
        notifyTargetUnreachable: (id) => this.#closeJobMasterOf(id, 'it is unreachable'),
        reportPayload: () => {},
        retrievePayload: () => {},
      },
    });
    this.registerResource(this.#workerHeartbeats);
    this.registerResource(this.#jobMasterHeartbeats);
  }

  override onStop(): void {
    const cause = 'the ResourceManager is stopping';
    for (const { gateway } of this.#workers.values()) {
      this.#tell(() => gateway.disconnectResourceManager(this.fencingToken, cause));
    }
    for (const { gateway } of this.#jobMasters.values()) {
      this.#tell(() => gateway.disconnectResourceManager(this.fencingToken, cause));
    }
  }

  async registerTaskExecutor(bytes: Uint8Array): Promise<RegistrationResponse<Uint8Array, string>> {
    const registration = decodeTaskExecutorRegistration(bytes);
    const { resourceId, address } = registration;
    const attempt = {};
    this.#connecting.set(resourceId, attempt);
    let gateway: TaskExecutorGateway;
    try {
      gateway = await this.rpcService.connect(address, TaskExecutorGateway);
    } catch (error) {
      if (this.#connecting.get(resourceId) === attempt) this.#connecting.delete(resourceId);
      const reason = `could not connect back to ${address}: ${describeThrown(error)}`;
      return { kind: 'failure', reason };
    }
    if (this.#connecting.get(resourceId) !== attempt || !this.isRunning()) {
      return { kind: 'failure', reason: 'this attempt is outdated, a newer one is under way' };
    }
    this.#connecting.delete(resourceId);
    this.#services.events.report('handshakeDone', resourceId, address);
    return this.#register(registration, gateway);
  }

  sendSlotReport(resourceId: string, instanceId: string, bytes: Uint8Array): void {
    const worker = this.#workers.get(resourceId);
    if (worker?.instanceId !== instanceId) {
      const text = `${resourceId} is not registered as instance ${instanceId}`;
      throw new RpcError('INVALID_STATE', text);
    }
    const report = decodeSlotReport(bytes);
    this.#slotManager.registerTaskExecutor({ resourceId, instanceId }, report);
    const slots = `${report.slots.length} slots`;
    this.#services.events.report('slotsReported', resourceId, slots);
    // It watches us by now, so it will answer.
    this.#workerHeartbeats.requestHeartbeatOf(resourceId);
    this.#allocate();
  }

  notifySlotAvailable(instanceId: string, slot: number, allocationId: string): void {
    const jobId = this.#slotManager.freeSlot(instanceId, slot, allocationId);
    this.#allocate(jobId);
    // Who gave it back may not want it now; asked at once, it would give it back without a pause.
    this.scheduleRunAsync(() => this.#allocate(), SLOT_RETRY_DELAY_MS);
  }

  heartbeatFromTaskExecutor(resourceId: string, report: Uint8Array): void {
    this.#workerHeartbeats.receiveHeartbeat(resourceId, report);
  }

  disconnectTaskExecutor(resourceId: string, cause: string): void {
    this.#closeWorker(resourceId, cause);
  }

  async registerJobMaster(
    registration: JobMasterRegistration,
  ): Promise<RegistrationResponse<JobMasterRegistrationSuccess, string>> {
    const { jobId, jobMasterId, address, resourceId } = registration;
    let gateway: JobMasterGateway;
    try {
      const options = { fencingToken: jobMasterId };
      gateway = await this.rpcService.connect(address, JobMasterGateway, options);
    } catch (error) {
      const reason = `could not connect back to ${address}: ${describeThrown(error)}`;
      return { kind: 'failure', reason };
    }
    const before = this.#jobMasters.get(jobId);
    if (before && before.jobMasterId !== jobMasterId) {
      this.#closeJobMaster(before, 'another JobMaster leads the job');
    }
    this.#jobMasters.set(jobId, { ...registration, gateway });
    this.#jobMasterHeartbeats.monitorTarget(resourceId, {
      requestHeartbeat: (origin) => gateway.heartbeatFromResourceManager(origin),
      receiveHeartbeat: async () => {},
    });
    return { kind: 'success', success: { resourceId: this.#services.resourceId } };
  }

  declareRequiredResources(jobMasterId: string, requirements: ResourceRequirements): void {
    const jobMaster = this.#jobMasters.get(requirements.jobId);
    if (jobMaster?.jobMasterId !== jobMasterId) {
      const text = `JobMaster ${jobMasterId} of job ${requirements.jobId} is not registered`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#slotManager.processRequirements(requirements);
    this.#allocate();
  }

  heartbeatFromJobMaster(resourceId: string): void {
    this.#jobMasterHeartbeats.receiveHeartbeat(resourceId, undefined);
  }

  disconnectJobMaster(jobId: string, jobMasterId: string, cause: string): void {
    const jobMaster = this.#jobMasters.get(jobId);
    if (jobMaster?.jobMasterId !== jobMasterId) return;
    this.#slotManager.clearRequirements(jobId);
    this.#closeJobMaster(jobMaster, cause);
    // Slots on their way to the JobMaster would look for it until their time is up.
    for (const { worker, allocationId } of this.#slotManager.allocationsOf(jobId)) {
      const gateway = this.#workers.get(worker.resourceId)?.gateway;
      gateway?.freeSlot(allocationId, cause).catch((error: unknown) => {
        this.log.debug({ allocationId, error: describeThrown(error) }, 'a slot was not freed');
      });
    }
  }

  requestClusterOverview(): ClusterOverview {
    const taskExecutors = [...this.#workers.values()]
      .filter(({ instanceId }) => this.#slotManager.isRegistered(instanceId))
      .map(({ resourceId, instanceId, address }) => ({
        resourceId,
        instanceId,
        address,
        ...this.#slotManager.count(instanceId),
      }));
    return {
      taskExecutors,
      ...this.#slotManager.count(),
      jobMasters: this.#jobMasters.size,
    };
  }

  #register(
    { resourceId, address }: TaskExecutorRegistration,
    gateway: TaskExecutorGateway,
  ): RegistrationResponse<Uint8Array, string> {
    const { driver, heartbeatServices, clusterInformation } = this.#services;
    // The same worker again, or a new one in its place: the older registration is void. It is
    // not told, because it may be the very endpoint that registers.
    this.#forgetWorker(resourceId);
    if (!driver.isKnownWorker(resourceId)) {
      return { kind: 'rejection', rejection: `the framework does not know worker ${resourceId}` };
    }
    const instanceId = randomId();
    this.#workers.set(resourceId, { resourceId, instanceId, address, gateway });
    this.#workerHeartbeats.monitorTarget(resourceId, {
      requestHeartbeat: (origin) => gateway.heartbeatFromResourceManager(origin),
      receiveHeartbeat: async () => {},
    });
    const success = encodeTaskExecutorRegistrationSuccess({
      instanceId,
      resourceManagerId: this.#services.resourceId,
      heartbeatIntervalMs: heartbeatServices.options.intervalMs,
      ...clusterInformation,
    });
    return { kind: 'success', success };
  }

  #onSlotReport(resourceId: string, bytes: Uint8Array): void {
    const worker = this.#workers.get(resourceId);
    if (!worker) return;
    if (!this.#seenAlive.has(worker.instanceId)) {
      this.#seenAlive.add(worker.instanceId);
      this.#services.events.report('firstHeartbeat', resourceId, worker.instanceId);
    }
    const report: SlotReport = decodeSlotReport(bytes);
    if (this.#slotManager.reportSlotStatus(worker.instanceId, report)) this.#allocate();
  }

  #forgetWorker(resourceId: string): WorkerRegistration | undefined {
    const worker = this.#workers.get(resourceId);
    if (!worker) return undefined;
    this.#workers.delete(resourceId);
    this.#seenAlive.delete(worker.instanceId);
    this.#workerHeartbeats.unmonitorTarget(resourceId);
    this.#slotManager.unregisterTaskExecutor(worker.instanceId);
    return worker;
  }

  #closeWorker(resourceId: string, cause: string): void {
    const worker = this.#forgetWorker(resourceId);
    if (!worker) return;
    this.log.info({ resourceId, cause }, 'closing the connection to a TaskExecutor');
    this.#tell(() => worker.gateway.disconnectResourceManager(this.fencingToken, cause));
    for (const { gateway } of this.#jobMasters.values()) {
      this.#tell(() => gateway.disconnectTaskExecutor(resourceId, cause));
    }
    this.#allocate();
  }

  #closeJobMasterOf(resourceId: string, cause: string): void {
    const found = [...this.#jobMasters.values()].find((j) => j.resourceId === resourceId);
    if (found) this.#loseJobMaster(found, cause);
  }

  /** Its requirements are kept for a while: it may only have lost its connection. */
  #loseJobMaster(jobMaster: JobMasterConnection, cause: string): void {
    const { jobId } = jobMaster;
    this.#closeJobMaster(jobMaster, cause);
    this.scheduleRunAsync(() => {
      if (!this.#jobMasters.has(jobId)) this.#slotManager.clearRequirements(jobId);
    }, JOB_TIMEOUT_MS);
  }

  #closeJobMaster(jobMaster: JobMasterConnection, cause: string): void {
    const { jobId, resourceId, gateway } = jobMaster;
    this.#jobMasters.delete(jobId);
    this.#jobMasterHeartbeats.unmonitorTarget(resourceId);
    this.#tell(() => gateway.disconnectResourceManager(this.fencingToken, cause));
  }

  #allocate(exceptFor?: string): void {
    const allocations = this.#slotManager.nextAllocations(
      (jobId) => jobId !== exceptFor && this.#jobMasters.has(jobId),
    );
    for (const allocation of allocations) {
      void this.#requestSlot(allocation);
    }
  }

  async #requestSlot(allocation: Allocation): Promise<void> {
    const { worker, slot, jobId, allocationId } = allocation;
    const jobMaster = this.#jobMasters.get(jobId);
    const registered = this.#workers.get(worker.resourceId);
    try {
      if (!jobMaster || registered?.instanceId !== worker.instanceId) {
        throw new RpcError('INVALID_STATE', `job ${jobId} or ${worker.resourceId} is gone`);
      }
      await registered.gateway.requestSlot({
        slot,
        jobId,
        allocationId,
        jobMasterAddress: jobMaster.address,
        jobMasterId: jobMaster.jobMasterId,
        resourceManagerId: this.fencingToken,
      });
      this.#slotManager.allocationSucceeded(allocation);
    } catch (error) {
      this.log.warn({ jobId, slot, error: describeThrown(error) }, 'a slot request failed');
      this.#slotManager.allocationFailed(allocation);
      // Not at once: the same slot would be found again, and fail again, without a pause.
      this.scheduleRunAsync(() => this.#allocate(), SLOT_RETRY_DELAY_MS);
    }
  }

  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.log.debug({ error: describeThrown(error) }, 'a farewell could not be sent');
    }
  }
}
