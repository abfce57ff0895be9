import type { HeartbeatOptions, RetryingRegistrationConfiguration } from '../core/internal.js';

/** One piece of work: a function that some TaskExecutor loads and runs on its thread. */
export interface TaskSpec {
  readonly taskId: string;
  /** URL of the module, as `import()` takes it. */
  readonly module: string;
  /** Name of an exported {@link TaskFunction}. */
  readonly exportName: string;
  readonly argument: unknown;
  /** ResourceID of the TaskExecutor that should run it, if it has a free slot. */
  readonly preferredTaskExecutor?: string;
}

/** A job: tasks that run independently, one slot each (a small Flink JobGraph). */
export interface JobGraph {
  readonly jobId: string;
  readonly name: string;
  readonly tasks: readonly TaskSpec[];
}

/** Where a task is in its life (Flink ExecutionState). */
export type ExecutionState = 'CREATED' | 'RUNNING' | 'FINISHED' | 'FAILED' | 'CANCELED';

/** Where a job is in its life (Flink JobStatus). */
export type JobState = 'RUNNING' | 'FINISHED' | 'FAILED' | 'CANCELED';

/** A TaskExecutor's word about one task (Flink TaskExecutionState). */
export interface TaskExecutionState {
  readonly taskId: string;
  /** The slot it is in, which tells this attempt from others (Flink ExecutionAttemptID). */
  readonly allocationId: string;
  readonly state: ExecutionState;
  /** What the function answered, when FINISHED. */
  readonly result?: unknown;
  /** Why, when FAILED. */
  readonly error?: string;
}

/** One task as the JobMaster knows it. */
export interface TaskStatus {
  readonly taskId: string;
  readonly state: ExecutionState;
  /** Who runs it or ran it. */
  readonly taskExecutor: string | null;
  readonly result?: unknown;
  readonly error?: string;
}

/** A job as the JobMaster knows it. */
export interface JobStatus {
  readonly jobId: string;
  readonly name: string;
  readonly state: JobState;
  readonly tasks: readonly TaskStatus[];
}

/** How a job ended (Flink JobResult); tasks in the order of the JobGraph. */
export interface JobResult extends JobStatus {
  /** Why, when FAILED. */
  readonly error: string | null;
  readonly durationMs: number;
}

/** The newest report of each task that has reported since the last look. */
export interface JobProgress {
  /** Ask with it for what comes after. */
  readonly version: number;
  readonly isOver: boolean;
  readonly reports: readonly TaskProgress[];
}

/** The newest report of one task. */
export interface TaskProgress {
  readonly taskId: string;
  readonly value: unknown;
  /** Of two reports the newer has the larger one. */
  readonly version: number;
}

/** Slots that one job needs. */
export interface ResourceRequirements {
  readonly jobId: string;
  /** One entry a slot: the TaskExecutor it should be on, or null. */
  readonly slots: readonly (string | null)[];
}

/** A ResourceManager's order to a TaskExecutor. */
export interface SlotRequest {
  readonly slot: number;
  readonly jobId: string;
  readonly allocationId: string;
  readonly jobMasterAddress: string;
  readonly jobMasterId: string;
  /** Session of the ResourceManager that asks; any other is refused. */
  readonly resourceManagerId: string;
}

/** A slot offered to a JobMaster (Flink SlotOffer). */
export interface SlotOffer {
  readonly allocationId: string;
  readonly slot: number;
}

/** A task on its way to a slot (Flink TaskDeploymentDescriptor). */
export interface TaskDeployment {
  readonly jobId: string;
  readonly jobMasterId: string;
  readonly allocationId: string;
  readonly task: TaskSpec;
}

/** What a JobMaster says about itself. */
export interface JobMasterRegistration {
  readonly jobId: string;
  readonly jobMasterId: string;
  readonly resourceId: string;
  readonly address: string;
}

/** The ResourceManager's yes to a JobMaster. */
export interface JobMasterRegistrationSuccess {
  readonly resourceId: string;
}

/** What a TaskExecutor says about itself to a JobMaster (Flink TaskManagerRegistration). */
export interface TaskManagerRegistration {
  readonly jobId: string;
  readonly resourceId: string;
  readonly address: string;
  /** New for each life of a TaskExecutor. */
  readonly session: string;
}

/** Services beside the RPC layer, as the ResourceManager tells them (Flink ClusterInformation). */
export interface ClusterInformation {
  /** Empty without a blob server. */
  readonly blobHost: string;
  readonly blobPort: number;
}

/** The ResourceManager's books in numbers. */
export interface ClusterOverview {
  readonly taskExecutors: readonly TaskExecutorOverview[];
  readonly slots: number;
  readonly freeSlots: number;
  readonly jobMasters: number;
}

/** One registered worker. */
export interface TaskExecutorOverview {
  readonly resourceId: string;
  readonly instanceId: string;
  readonly address: string;
  readonly slots: number;
  readonly freeSlots: number;
}

/** Times of a cluster, in milliseconds; what is left out has Flink's default. */
export interface ClusterTimes {
  readonly heartbeat?: Partial<HeartbeatOptions>;
  readonly registration?: Partial<RetryingRegistrationConfiguration>;
  /** A TaskExecutor that nobody registers for so long gives up. Default 300 000. */
  readonly registrationTimeoutMs?: number;
  /** An allocated slot that no JobMaster takes for so long is freed. Default 10 000. */
  readonly slotTimeoutMs?: number;
  /** A job whose tasks get no slot for so long fails. Default 300 000. */
  readonly slotRequestTimeoutMs?: number;
}

/** The steps that a cluster reports. */
export type ClusterEventKind =
  /** Resolved the address of the leader and shook hands with it. */
  | 'connected'
  /** The ResourceManager has connected back: both have compared contracts. */
  | 'handshakeDone'
  | 'registered'
  | 'slotsReported'
  | 'firstHeartbeat'
  /** The ResourceManager is lost; registering again. */
  | 'disconnected'
  /** The TaskExecutor gives up; see `detail`. */
  | 'fatal'
  | 'terminated';

/** One step of one component. */
export interface ClusterEvent {
  readonly kind: ClusterEventKind;
  readonly resourceId: string;
  /** Where it happened: a worker thread by number, or `home`. */
  readonly thread: number | 'home';
  readonly pid: number;
  /** Monotonic clock of the machine, so that processes can be compared. */
  readonly clockMs: number;
  /** The InstanceID of `registered`, or words. */
  readonly detail: string;
}
