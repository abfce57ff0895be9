import {
  type HighAvailabilityServices,
  HeartbeatServices,
  LeaderComponentRunner,
  retryingRegistrationConfiguration,
} from '../core/internal.js';
import type { RpcService } from '../index.js';
import { Dispatcher, type JobMasterPlan } from './dispatcher.js';
import type { EventReporter } from './event-reporter.js';
import { COMPONENT_IDS } from './gateways.js';
import { JobMaster } from './job-master.js';
import type { ClusterInformation, ClusterTimes } from './messages.js';
import { ResourceManager, type ResourceManagerDriver } from './resource-manager.js';

/** What the components of the master's side share. */
export interface MasterParts {
  readonly rpcService: RpcService;
  readonly highAvailability: HighAvailabilityServices;
  readonly times: ClusterTimes;
  readonly onFatalError: (error: unknown) => void;
  /** Called with the address of each leader once it serves. */
  readonly onConfirmed: (address: string) => void;
}

/** What a ResourceManager needs beside. */
export interface ResourceManagerParts extends MasterParts {
  readonly driver: ResourceManagerDriver;
  readonly clusterInformation: ClusterInformation;
  readonly events: EventReporter;
}

/** A ResourceManager for every leader session (Flink ResourceManagerServiceImpl). */
export function resourceManagerRunner(parts: ResourceManagerParts): LeaderComponentRunner {
  const { rpcService, highAvailability, times, onFatalError, onConfirmed } = parts;
  const { driver, clusterInformation, events } = parts;
  const endpointId = COMPONENT_IDS.resourceManager;
  const heartbeatServices = new HeartbeatServices(times.heartbeat);
  return new LeaderComponentRunner({
    election: highAvailability.createLeaderElection(endpointId),
    onFatalError,
    onConfirmed,
    create: (sessionId) => {
      const services = {
        resourceId: endpointId,
        heartbeatServices,
        driver,
        clusterInformation,
        events,
      };
      return rpcService.startServer(ResourceManager, {
        endpointId,
        args: [sessionId, services],
        thread: 'home',
      });
    },
  });
}

/** A Dispatcher for every leader session (Flink DefaultDispatcherRunner). */
export function dispatcherRunner(parts: MasterParts): LeaderComponentRunner {
  const { rpcService, highAvailability, times, onFatalError, onConfirmed } = parts;
  const endpointId = COMPONENT_IDS.dispatcher;
  const services = {
    heartbeatServices: new HeartbeatServices(times.heartbeat),
    registration: retryingRegistrationConfiguration(times.registration),
    slotRequestTimeoutMs: times.slotRequestTimeoutMs ?? 300_000,
    resourceManagerRetrieval: () =>
      highAvailability.createLeaderRetrieval(COMPONENT_IDS.resourceManager),
    createJobMaster: ({ endpointId: id, jobMasterId, ...plan }: JobMasterPlan) =>
      rpcService.startServer(JobMaster, {
        endpointId: id,
        args: [jobMasterId, plan],
        thread: 'home',
      }),
  };
  return new LeaderComponentRunner({
    election: highAvailability.createLeaderElection(endpointId),
    onFatalError,
    onConfirmed,
    create: (sessionId) =>
      rpcService.startServer(Dispatcher, {
        endpointId,
        args: [sessionId, services],
        thread: 'home',
      }),
  });
}
