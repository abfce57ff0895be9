import { ask, defineGateway, type GatewayOf, tell } from '../index.js';
import type { RegistrationResponse } from '../core/internal.js';
import type {
  ClusterEvent,
  ClusterOverview,
  JobGraph,
  JobMasterRegistration,
  JobMasterRegistrationSuccess,
  JobProgress,
  JobResult,
  JobStatus,
  ResourceRequirements,
  SlotOffer,
  SlotRequest,
  TaskDeployment,
  TaskExecutionState,
  TaskManagerRegistration,
} from './messages.js';

/** Components whose leader is looked up (Flink's component ids). */
export const COMPONENT_IDS = {
  resourceManager: 'resourcemanager',
  dispatcher: 'dispatcher',
} as const;

/** Codes that say: the value itself is at fault, sent again it fails again. */
export const CANNOT_TRAVEL: ReadonlySet<string> = new Set(['NOT_SERIALIZABLE', 'FRAME_TOO_LARGE']);

/** Endpoint id of the leader registry of a shared MiniCluster. */
export const LEADER_REGISTRY_ID = 'leader-registry';
/** Endpoint id of the collector of cluster events. */
export const EVENT_COLLECTOR_ID = 'event-collector';

/** Fenced by the leader session (Flink ResourceManagerGateway). */
export const ResourceManagerGateway = defineGateway('ResourceManager', {
  /** Takes a `TaskExecutorRegistration`, answers its success, both of registration.fbs. */
  registerTaskExecutor: ask<[registration: Uint8Array], RegistrationResponse<Uint8Array, string>>(),
  /** A `SlotReport` of a registered worker. */
  sendSlotReport: ask<[resourceId: string, instanceId: string, report: Uint8Array]>(),
  notifySlotAvailable: tell<[instanceId: string, slot: number, allocationId: string]>(),
  heartbeatFromTaskExecutor: ask<[resourceId: string, report: Uint8Array]>(),
  disconnectTaskExecutor: tell<[resourceId: string, cause: string]>(),
  registerJobMaster: ask<
    [registration: JobMasterRegistration],
    RegistrationResponse<JobMasterRegistrationSuccess, string>
  >(),
  declareRequiredResources: ask<[jobMasterId: string, requirements: ResourceRequirements]>(),
  heartbeatFromJobMaster: ask<[resourceId: string]>(),
  disconnectJobMaster: tell<[jobId: string, jobMasterId: string, cause: string]>(),
  requestClusterOverview: ask<[], ClusterOverview>(),
});
export type ResourceManagerGateway = GatewayOf<typeof ResourceManagerGateway>;

/** Flink TaskExecutorGateway. */
export const TaskExecutorGateway = defineGateway('TaskExecutor', {
  requestSlot: ask<[request: SlotRequest]>(),
  freeSlot: ask<[allocationId: string, cause: string]>(),
  submitTask: ask<[deployment: TaskDeployment]>(),
  cancelTask: ask<[jobId: string, taskId: string]>(),
  heartbeatFromResourceManager: ask<[resourceId: string]>(),
  heartbeatFromJobMaster: ask<[resourceId: string, allocationIds: readonly string[]]>(),
  disconnectResourceManager: tell<[resourceManagerId: string, cause: string]>(),
  disconnectJobMaster: tell<[jobId: string, jobMasterId: string, cause: string]>(),
});
export type TaskExecutorGateway = GatewayOf<typeof TaskExecutorGateway>;

/** Fenced by the JobMasterId (Flink JobMasterGateway). */
export const JobMasterGateway = defineGateway('JobMaster', {
  /** Answers the JobMaster's own resource id. */
  registerTaskExecutor: ask<
    [registration: TaskManagerRegistration],
    RegistrationResponse<string, string>
  >(),
  /** Answers the allocation ids that the JobMaster takes. */
  offerSlots: ask<[resourceId: string, offers: readonly SlotOffer[]], readonly string[]>(),
  failSlot: tell<[resourceId: string, allocationId: string, cause: string]>(),
  updateTaskExecutionState: ask<[state: TaskExecutionState]>(),
  reportProgress: tell<[taskId: string, allocationId: string, value: unknown]>(),
  heartbeatFromTaskExecutor: ask<[resourceId: string, taskIds: readonly string[]]>(),
  heartbeatFromResourceManager: ask<[resourceId: string]>(),
  disconnectTaskExecutor: tell<[resourceId: string, cause: string]>(),
  disconnectResourceManager: tell<[resourceManagerId: string, cause: string]>(),
  cancel: ask(),
  requestJobStatus: ask<[], JobStatus>(),
  /** Answers when the job is over. */
  requestJobResult: ask<[], JobResult>({ timeoutMs: 0 }),
  /** Answers as soon as there is news after `since`, and when the job is over. */
  requestProgress: ask<[since: number], JobProgress>({ timeoutMs: 0 }),
});
export type JobMasterGateway = GatewayOf<typeof JobMasterGateway>;

/** Fenced by the leader session (Flink DispatcherGateway). */
export const DispatcherGateway = defineGateway('Dispatcher', {
  /** Answers as soon as the JobMaster is started; a job id can be used once. */
  submitJob: ask<[job: JobGraph]>(),
  cancelJob: ask<[jobId: string]>(),
  listJobs: ask<[], readonly JobStatus[]>(),
  requestJobStatus: ask<[jobId: string], JobStatus>(),
  /** Answers when the job is over. */
  requestJobResult: ask<[jobId: string], JobResult>({ timeoutMs: 0 }),
  /** Answers as soon as there is news after `since`, and when the job is over. */
  requestProgress: ask<[jobId: string, since: number], JobProgress>({ timeoutMs: 0 }),
});
export type DispatcherGateway = GatewayOf<typeof DispatcherGateway>;

/** Where components tell what they went through. */
export const EventCollectorGateway = defineGateway('EventCollector', {
  report: tell<[event: ClusterEvent]>(),
});
export type EventCollectorGateway = GatewayOf<typeof EventCollectorGateway>;
