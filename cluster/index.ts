/** The door `ringlane/cluster`: a small Flink cluster on top of the RPC layer. */
export {
  COMPONENT_IDS,
  DispatcherGateway,
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from './gateways.js';
export { JobClient, type ProgressListener } from './job-client.js';
export type { ComponentId, LeadershipControl } from './masters.js';
export type {
  ClusterEvent,
  ClusterEventKind,
  ClusterInformation,
  ClusterOverview,
  ClusterTimes,
  ExecutionState,
  JobGraph,
  JobProgress,
  JobResult,
  JobState,
  JobStatus,
  TaskExecutorOverview,
  TaskSpec,
  TaskStatus,
} from './messages.js';
export {
  MiniCluster,
  type MiniClusterOptions,
  randomJobId,
  type TimedClusterEvent,
} from './mini-cluster.js';
export type { TaskContext, TaskFunction } from './task.js';
export { TASK_EXECUTOR_FATAL_EXIT_CODE } from './task-executor-runner.js';
export type { TaskExecutorInfo } from './task-executor-host.js';
