import {
  decodeSlotReport,
  decodeTaskExecutorRegistration,
  encodeTaskExecutorRegistrationSuccess,
  FixedLeaderRetrieval,
  HeartbeatServices,
  type LeaderInformation,
  type LeaderListener,
  type LeaderRetrieval,
  randomId,
  type RegistrationResponse,
  retryingRegistrationConfiguration,
  type SlotReport,
  type TaskExecutorRegistration,
} from '../../core/internal.js';
import {
  FencedRpcEndpoint,
  RpcEndpoint,
  type RpcServer,
  RpcService,
  type Serves,
} from '../../index.js';
import {
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from '../../cluster/gateways.js';
import type {
  ClusterEvent,
  JobMasterRegistration,
  JobMasterRegistrationSuccess,
  ResourceRequirements,
  SlotOffer,
  SlotRequest,
  TaskDeployment,
  TaskExecutionState,
  TaskManagerRegistration,
} from '../../cluster/messages.js';
import { localReporter } from '../../cluster/event-reporter.js';
import { ResourceManager } from '../../cluster/resource-manager.js';
import { TaskExecutor, type TaskExecutorServices } from '../../cluster/task-executor.js';
import { TaskSlotTable } from '../../cluster/task-slot-table.js';
import { ManualClock } from '../support/manual-clock.js';
import { settle } from '../support/manual-executor.js';

/** Seconds on the virtual clock; the tests below are written in them. */
export const HEARTBEAT = { intervalMs: 1_000, timeoutMs: 5_000 };

/** A service without threads on a virtual clock: whole clusters in one turn of the loop. */
export class Bench {
  readonly clock = new ManualClock();
  readonly events: ClusterEvent[] = [];
  /** Called once a virtual second, to keep somebody alive. */
  readonly everySecond: (() => void)[] = [];
  readonly heartbeatServices = new HeartbeatServices(HEARTBEAT, () => this.clock.nowMs());
  service!: RpcService;

  static async start(): Promise<Bench> {
    const bench = new Bench();
    bench.service = await RpcService.start({
      threads: 0,
      clock: bench.clock,
      askTimeoutMs: 4_000,
    });
    return bench;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
  }

  /** Moves time step by step and lets everything happen at its time. */
  async advance(seconds: number, stepMs = 100): Promise<void> {
    await settle(5);
    for (let passedMs = 0; passedMs < seconds * 1_000; passedMs += stepMs) {
      this.clock.advance(stepMs);
      if ((passedMs + stepMs) % 1_000 === 0) for (const beat of this.everySecond) beat();
      await settle(5);
    }
  }

  /** Waits without moving the virtual clock: loading a module, say, takes real time. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const giveUpMs = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > giveUpMs) throw new Error(`waited in vain for: ${what}`);
      await settle(1);
    }
  }

  kinds(resourceId: string): string[] {
    return this.events.filter((e) => e.resourceId === resourceId).map((e) => e.kind);
  }

  async resourceManager(
    sessionId = randomId(),
    isKnownWorker: (resourceId: string) => boolean = () => true,
  ): Promise<{ server: RpcServer; gateway: ResourceManagerGateway; leader: LeaderInformation }> {
    const services = {
      resourceId: `resourcemanager-${sessionId}`,
      heartbeatServices: this.heartbeatServices,
      driver: { isKnownWorker },
      clusterInformation: { blobHost: 'blob.example', blobPort: 6124 },
      events: localReporter('home', (event) => this.events.push(event)),
    };
    const server = await this.service.startServer(ResourceManager, {
      args: [sessionId, services],
      thread: 'home',
    });
    await server.start();
    const gateway = server.getSelfGateway(ResourceManagerGateway);
    return { server, gateway, leader: { sessionId, address: server.address } };
  }

  async taskExecutor(
    resourceId: string,
    leaders: LeaderRetrieval,
    more: Partial<TaskExecutorServices> & { readonly slots?: number } = {},
  ): Promise<{ server: RpcServer; gateway: TaskExecutorGateway; fatal: Error[] }> {
    const fatal: Error[] = [];
    const server = await this.service.startServer(HomeTaskExecutor, {
      endpointId: `${resourceId}_${randomId()}`,
      args: [
        {
          resourceId,
          slotTable: new TaskSlotTable({ slots: more.slots ?? 1, slotTimeoutMs: 10_000 }),
          heartbeatServices: this.heartbeatServices,
          registration: retryingRegistrationConfiguration(),
          registrationTimeoutMs: 300_000,
          resourceManagerRetrieval: () => leaders,
          events: () => localReporter('home', (event) => this.events.push(event)),
          onFatalError: (error) => fatal.push(error),
          ...more,
        },
      ],
      thread: 'home',
    });
    await server.start();
    return { server, gateway: server.getSelfGateway(TaskExecutorGateway), fatal };
  }
}

/** A TaskExecutor whose parts a test provides. */
class HomeTaskExecutor extends TaskExecutor {}

/** A leader that a test changes by hand. */
export class SettableLeader implements LeaderRetrieval {
  #listener: LeaderListener | undefined;
  #leader: LeaderInformation | undefined;

  start(listener: LeaderListener): void {
    this.#listener = listener;
    if (this.#leader) listener(this.#leader);
  }

  stop(): void {
    this.#listener = undefined;
  }

  set(leader: LeaderInformation | undefined): void {
    this.#leader = leader;
    this.#listener?.(leader);
  }
}

export function fixed(leader: LeaderInformation): LeaderRetrieval {
  return new FixedLeaderRetrieval(leader);
}

/** Writes down what it is asked (Flink TestingTaskExecutorGateway). */
export class TestingTaskExecutor extends RpcEndpoint implements Serves<typeof TaskExecutorGateway> {
  static override readonly gateways = [TaskExecutorGateway];
  readonly heard: string[] = [];
  readonly slotRequests: SlotRequest[] = [];
  readonly deployments: TaskDeployment[] = [];
  refuseSlots = false;
  answerHeartbeat: (resourceId: string) => void = () => {};

  constructor(handle: { endpoint?: TestingTaskExecutor }) {
    super();
    handle.endpoint = this;
  }

  requestSlot(request: SlotRequest): void {
    this.slotRequests.push(request);
    if (this.refuseSlots) throw new Error('occupied');
  }
  freeSlot(allocationId: string): void {
    this.heard.push(`free ${allocationId}`);
  }
  submitTask(deployment: TaskDeployment): void {
    this.deployments.push(deployment);
  }
  cancelTask(taskId: string): void {
    this.heard.push(`cancel ${taskId}`);
  }
  heartbeatFromResourceManager(resourceId: string): void {
    this.answerHeartbeat(resourceId);
  }
  heartbeatFromJobMaster(resourceId: string): void {
    this.answerHeartbeat(resourceId);
  }
  disconnectResourceManager(_resourceManagerId: string, cause: string): void {
    this.heard.push(`disconnect ${cause}`);
  }
  disconnectJobMaster(jobId: string, _jobMasterId: string, cause: string): void {
    this.heard.push(`disconnect ${jobId} ${cause}`);
  }
}

/** A JobMaster that takes every registration and answers offers as it is told. */
export class TestingJobMaster
  extends FencedRpcEndpoint<string>
  implements Serves<typeof JobMasterGateway>
{
  static override readonly gateways = [JobMasterGateway];
  readonly heard: string[] = [];
  readonly registrations: TaskManagerRegistration[] = [];
  readonly offers: SlotOffer[][] = [];
  readonly states: TaskExecutionState[] = [];
  readonly taskReports: (readonly string[])[] = [];
  registrationAnswer: RegistrationResponse<string, string> = {
    kind: 'success',
    success: 'jobmaster',
  };
  accept: (offers: readonly SlotOffer[]) => readonly string[] | Promise<readonly string[]> = (
    offers,
  ) => offers.map((offer) => offer.allocationId);

  constructor(token: string, handle: { endpoint?: TestingJobMaster }) {
    super(token);
    handle.endpoint = this;
  }

  registerTaskExecutor(
    registration: TaskManagerRegistration,
  ): RegistrationResponse<string, string> {
    this.registrations.push(registration);
    return this.registrationAnswer;
  }
  offerSlots(
    _resourceId: string,
    offers: readonly SlotOffer[],
  ): readonly string[] | Promise<readonly string[]> {
    this.offers.push([...offers]);
    return this.accept(offers);
  }
  failSlot(_resourceId: string, allocationId: string): void {
    this.heard.push(`fail ${allocationId}`);
  }
  updateTaskExecutionState(state: TaskExecutionState): void {
    this.states.push(state);
  }
  reportProgress(taskId: string, _allocationId: string, value: unknown): void {
    this.heard.push(`progress ${taskId} ${String(value)}`);
  }
  heartbeatFromTaskExecutor(_resourceId: string, taskIds: readonly string[]): void {
    this.taskReports.push(taskIds);
  }
  heartbeatFromResourceManager(): void {
    this.heard.push('heartbeat');
  }
  disconnectTaskExecutor(resourceId: string, cause: string): void {
    this.heard.push(`lost ${resourceId} ${cause}`);
  }
  disconnectResourceManager(_resourceManagerId: string, cause: string): void {
    this.heard.push(`disconnect ${cause}`);
  }
  cancel(): void {}
  requestJobStatus(): never {
    throw new Error('not asked in these tests');
  }
  requestJobResult(): never {
    throw new Error('not asked in these tests');
  }
  requestProgress(): never {
    throw new Error('not asked in these tests');
  }
}

/** A ResourceManager that says yes to everybody and writes down what it hears. */
export class TestingResourceManager
  extends FencedRpcEndpoint<string>
  implements Serves<typeof ResourceManagerGateway>
{
  static override readonly gateways = [ResourceManagerGateway];
  readonly registrations: TaskExecutorRegistration[] = [];
  readonly reports: SlotReport[] = [];
  readonly available: string[] = [];
  readonly heartbeats: SlotReport[] = [];
  readonly declared: (readonly (string | null)[])[] = [];
  readonly heard: string[] = [];
  refuseReports = false;
  /** Answers to JobMasters wait for it. */
  jobMasterGate: Promise<void> | undefined;
  answer: (() => Promise<RegistrationResponse<Uint8Array, string>>) | undefined;

  constructor(token: string, handle: { endpoint?: TestingResourceManager }) {
    super(token);
    handle.endpoint = this;
  }

  async registerTaskExecutor(bytes: Uint8Array): Promise<RegistrationResponse<Uint8Array, string>> {
    this.registrations.push(decodeTaskExecutorRegistration(bytes));
    if (this.answer) return this.answer();
    const success = encodeTaskExecutorRegistrationSuccess({
      instanceId: `instance-${this.registrations.length}`,
      resourceManagerId: 'resourcemanager',
      heartbeatIntervalMs: 1_000,
      blobHost: 'blob.example',
      blobPort: 6124,
    });
    return { kind: 'success', success };
  }
  sendSlotReport(_resourceId: string, _instanceId: string, report: Uint8Array): void {
    if (this.refuseReports) throw new Error('no such instance');
    this.reports.push(decodeSlotReport(report));
  }
  notifySlotAvailable(instanceId: string, slot: number, allocationId: string): void {
    this.available.push(`${instanceId} ${slot} ${allocationId}`);
  }
  heartbeatFromTaskExecutor(_resourceId: string, report: Uint8Array): void {
    this.heartbeats.push(decodeSlotReport(report));
  }
  disconnectTaskExecutor(resourceId: string, cause: string): void {
    this.heard.push(`lost ${resourceId} ${cause}`);
  }
  async registerJobMaster(
    registration: JobMasterRegistration,
  ): Promise<RegistrationResponse<JobMasterRegistrationSuccess, string>> {
    this.heard.push(`job ${registration.jobId}`);
    await this.jobMasterGate;
    return { kind: 'success', success: { resourceId: 'resourcemanager' } };
  }
  declareRequiredResources(_jobMasterId: string, requirements: ResourceRequirements): void {
    this.declared.push(requirements.slots);
  }
  heartbeatFromJobMaster(): void {
    this.heard.push('heartbeat');
  }
  disconnectJobMaster(jobId: string, _jobMasterId: string, cause: string): void {
    this.heard.push(`done ${jobId} ${cause}`);
  }
  requestClusterOverview(): never {
    throw new Error('not asked in these tests');
  }
}

/** Starts one of the doubles above and answers the object itself. */
export async function startDouble<E extends RpcEndpoint>(
  make: (handle: { endpoint?: E }) => Promise<RpcServer>,
): Promise<{ readonly endpoint: E; readonly server: RpcServer }> {
  const handle: { endpoint?: E } = {};
  const server = await make(handle);
  await server.start();
  await settle(1);
  if (!handle.endpoint) throw new Error('the endpoint was not made on this thread');
  return { endpoint: handle.endpoint, server };
}
