import {
  EmbeddedLeaderService,
  type LeaderRetrieval,
  LeaderRegistry,
  StandaloneHaServices,
} from '../core/internal.js';
import type { RpcService } from '../index.js';
import { type ComponentOrder, ComponentProcess } from './component-process.js';
import { dispatcherRunner, resourceManagerRunner } from './component-runners.js';
import { localReporter } from './event-reporter.js';
import { COMPONENT_IDS, LEADER_REGISTRY_ID } from './gateways.js';
import type { ClusterEvent, ClusterInformation, ClusterTimes } from './messages.js';
import type { LeaderSource } from './task-executor-runner.js';
import { within } from './within.js';

/** The components that lead a cluster, wherever they run. */
export interface Masters {
  /** How TaskExecutors find the leaders. */
  readonly leaders: LeaderSource;
  createLeaderRetrieval(componentId: string): LeaderRetrieval;
  /** Only where the leaders are elected in this process. */
  readonly leadership: LeadershipControl | undefined;
  close(): Promise<void>;
}

/** Takes leadership away and gives it back, to see what happens (Flink HaLeadershipControl). */
export interface LeadershipControl {
  revokeLeadership(componentId: ComponentId): void;
  grantLeadership(componentId: ComponentId): void;
}

/** A component with a leader. */
export type ComponentId = (typeof COMPONENT_IDS)[keyof typeof COMPONENT_IDS];

/** What masters are given. */
export interface MastersParts {
  readonly rpcService: RpcService;
  readonly times: ClusterTimes;
  readonly clusterInformation: ClusterInformation;
  readonly isKnownWorker: (resourceId: string) => boolean;
  readonly onEvent: (event: ClusterEvent) => void;
  readonly eventAddress: string;
  readonly onFatalError: (error: unknown) => void;
  /** Bound on the start of a process. */
  readonly startTimeoutMs: number;
}

/** ResourceManager and Dispatcher on the home thread of this service. */
export async function startSharedMasters(parts: MastersParts): Promise<Masters> {
  const { rpcService, times, clusterInformation, isKnownWorker, onFatalError } = parts;
  const highAvailability = new EmbeddedLeaderService();
  const registry = await rpcService.startServer(LeaderRegistry, {
    endpointId: LEADER_REGISTRY_ID,
    args: [highAvailability],
    thread: 'home',
  });
  await registry.start();
  const common = { rpcService, times, highAvailability, onFatalError, onConfirmed: () => {} };
  const resourceManager = resourceManagerRunner({
    ...common,
    clusterInformation,
    driver: { isKnownWorker },
    events: localReporter('home', parts.onEvent),
  });
  const dispatcher = dispatcherRunner(common);
  resourceManager.start();
  dispatcher.start();
  return {
    leaders: { kind: 'registry', address: registry.address },
    createLeaderRetrieval: (componentId) => highAvailability.createLeaderRetrieval(componentId),
    leadership: highAvailability,
    close: async () => {
      // The Dispatcher first: its jobs give their slots back while there is somebody to take them.
      await dispatcher.close();
      await resourceManager.close();
    },
  };
}

/** ResourceManager and Dispatcher in a process of their own each. */
export async function startDedicatedMasters(parts: MastersParts): Promise<Masters> {
  const { rpcService, times, clusterInformation, eventAddress, onFatalError } = parts;
  const { systemName } = rpcService;
  const resourceManager = new ComponentProcess();
  const dispatcher = new ComponentProcess();
  let isClosing = false;
  const close = async (): Promise<void> => {
    isClosing = true;
    await Promise.all([dispatcher.close(), resourceManager.close()]);
  };
  for (const [name, child] of Object.entries({ resourceManager, dispatcher })) {
    void child.exited.then((how) => {
      if (!isClosing) onFatalError(new Error(`the process of the ${name} ended: ${how}`));
    });
  }
  const start = (child: ComponentProcess, order: ComponentOrder): Promise<string> => {
    const text = `the ${order.component} was not up within ${parts.startTimeoutMs} ms`;
    const started = child.start(systemName, order);
    return within(started, parts.startTimeoutMs, `${text} (startTimeoutMs)`);
  };
  try {
    const resourceManagerAddress = await start(resourceManager, {
      component: 'resourceManager',
      times,
      clusterInformation,
      eventAddress,
    });
    const order = { component: 'dispatcher', times, resourceManagerAddress } as const;
    const addresses = {
      [COMPONENT_IDS.resourceManager]: resourceManagerAddress,
      [COMPONENT_IDS.dispatcher]: await start(dispatcher, order),
    };
    const services = new StandaloneHaServices(addresses);
    return {
      leaders: { kind: 'fixed', addresses },
      createLeaderRetrieval: (componentId) => services.createLeaderRetrieval(componentId),
      leadership: undefined,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
