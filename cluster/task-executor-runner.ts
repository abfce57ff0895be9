import {
  FixedLeaderRetrieval,
  DEFAULT_LEADER_ID,
  HeartbeatServices,
  type LeaderRetrieval,
  retryingRegistrationConfiguration,
  RpcLeaderRetrieval,
} from '../core/internal.js';
import type { RpcService } from '../index.js';
import { remoteReporter } from './event-reporter.js';
import { COMPONENT_IDS } from './gateways.js';
import type { ClusterTimes } from './messages.js';
import {
  type FatalErrorHandler,
  TaskExecutor,
  type TaskExecutorServices,
} from './task-executor.js';
import { TaskSlotTable } from './task-slot-table.js';

/** Exit code of a process whose TaskExecutor gave up: not registered in time, or declined. */
export const TASK_EXECUTOR_FATAL_EXIT_CODE = 17;

/** How to find the leaders: ask a registry, or know their addresses. */
export type LeaderSource =
  | { readonly kind: 'registry'; readonly address: string }
  | { readonly kind: 'fixed'; readonly addresses: Readonly<Record<string, string>> };

/** What a TaskExecutor is told; plain values, so that it can be built on any thread. */
export interface TaskExecutorConfiguration {
  readonly resourceId: string;
  readonly slots: number;
  /** Where it lives, for its reports. */
  readonly thread: number | 'home';
  readonly leaders: LeaderSource;
  /** Where to report its steps; absent: nowhere. */
  readonly eventAddress?: string;
  readonly times: ClusterTimes;
}

/** The leaders as a component of another thread or process hears of them. */
export function leaderRetrieval(
  rpcService: RpcService,
  source: LeaderSource,
  componentId: string,
): LeaderRetrieval {
  if (source.kind === 'registry') {
    return new RpcLeaderRetrieval(rpcService, source.address, componentId);
  }
  const address = source.addresses[componentId] ?? '';
  return new FixedLeaderRetrieval({ sessionId: DEFAULT_LEADER_ID, address });
}

/** Puts a TaskExecutor's parts together (Flink TaskManagerServices.fromConfiguration). */
export function taskExecutorServices(
  configuration: TaskExecutorConfiguration,
  onFatalError: FatalErrorHandler,
): TaskExecutorServices {
  const { resourceId, slots, thread, leaders, eventAddress, times } = configuration;
  return {
    resourceId,
    slotTable: new TaskSlotTable({ slots, slotTimeoutMs: times.slotTimeoutMs ?? 10_000 }),
    heartbeatServices: new HeartbeatServices(times.heartbeat),
    registration: retryingRegistrationConfiguration(times.registration),
    registrationTimeoutMs: times.registrationTimeoutMs ?? 300_000,
    resourceManagerRetrieval: (rpcService) =>
      leaderRetrieval(rpcService, leaders, COMPONENT_IDS.resourceManager),
    events: (rpcService) => remoteReporter(rpcService, eventAddress, thread),
    onFatalError,
  };
}

/**
 * A TaskExecutor that builds its own parts, on whatever thread it is pinned to. In a process of
 * its own a handler ends that; on a thread the process has others to serve, and there the `fatal`
 * event makes the MiniCluster end the TaskExecutor.
 */
export class PinnedTaskExecutor extends TaskExecutor {
  static override readonly module = import.meta.url;

  constructor(
    configuration: TaskExecutorConfiguration,
    onFatalError: FatalErrorHandler = () => {},
  ) {
    super(taskExecutorServices(configuration, onFatalError));
  }
}
