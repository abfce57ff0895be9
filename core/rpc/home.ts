import type { CellAddress } from '../actor/cell.js';
import { copyValues } from '../actor/payloads.js';
import type { Address } from '../base/address.js';
import type { TimerHandle } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import { randomIncarnation } from '../base/ids.js';
import type { EffectiveOptions } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import type { LaneOffer } from '../mailbox/lane-senders.js';
import { createRegion, type Region } from '../memory/region-descriptor.js';
import { createMetricsMemory } from '../metrics/metrics-descriptor.js';
import { DeadLetterListeners, type DeadLetterReport } from './dead-letter-reports.js';
import { callTurn } from './current-call.js';
import { Directory } from './directory.js';
import { loadEndpointClass } from './endpoint-factory.js';
import type { AnyGateway } from './gateway.js';
import { HomeEndpoint } from './home-endpoint.js';
import { RemotePeers } from './remote-peers.js';
import { RouteCell } from './route-cell.js';
import type { ConnectOptions, EndpointClass, Placement, RpcService } from './rpc-service.js';
import { ThreadService, type ServiceBackend } from './thread-service.js';
import { type OffloadPool, RpcThread } from './rpc-thread.js';
import type { EndpointSpec, RemoteRoute } from './system-contracts.js';
import { Agent, Reception } from './system-endpoints.js';
import type { ThreadHost } from './thread-host.js';
import { HomeThreads } from './home-threads.js';
import { ThreadSupervisor } from './thread-supervisor.js';
import { Watchdog } from './watchdog.js';
import { ServerBook, type ServerRecord } from './server-book.js';
import { withRoom } from './with-room.js';
import type { Transport } from '../transport/byte-stream.js';

/** Endpoints bound their own `onStop` by `stopTimeoutMs`; closing waits this much longer. */
const CLOSE_SPARE_MS = 1_000;

/** The ports that the composition root fills in. */
export interface ServicePorts {
  readonly threadHost: ThreadHost;
  readonly offload: OffloadPool;
  readonly transport: Transport;
}

/**
 * The home thread of a service: owns the directory, the worker threads and the sockets, and does
 * what the other threads ask of it.
 */
export class Home implements ServiceBackend {
  readonly service: ThreadService;
  readonly rpcThread: RpcThread;
  readonly directory = new Directory();
  readonly peers: RemotePeers;
  isClosed = false;
  readonly #options: EffectiveOptions;
  readonly servers = new ServerBook();
  readonly #threads: HomeThreads;
  readonly #supervisor: ThreadSupervisor;
  readonly #watchdog: Watchdog;
  readonly #termination: Deferred<void> = deferred();
  /** What made a strategy stop the service. */
  #failure: RpcError | undefined;
  #isStarted = false;
  readonly #deadLetters: DeadLetterListeners;
  #closing: Promise<void> | undefined;

  constructor(options: EffectiveOptions, ports: ServicePorts) {
    this.#options = options;
    const { settings, clock, logger } = options;
    // When the service closes, home asks each thread even if its pending asks are all in use.
    const asks = settings.maxPendingAsks + settings.threads;
    const region: Region = createRegion(settings.threads + 1, asks);
    const base: Omit<Address, 'path'> = {
      protocol: 'local',
      system: settings.systemName,
      host: '',
      port: -1,
    };
    const epochMs = clock.nowMs();
    // Workers have the machine's clock, whatever the home thread has: same zero, other line.
    const workerEpochMs = clock === systemClock ? epochMs : systemClock.nowMs();
    const metrics = createMetricsMemory(settings.threads + 1);
    this.rpcThread = new RpcThread({
      metrics,
      thread: 0,
      region,
      settings,
      clock,
      logger,
      epochMs,
      base,
      offload: ports.offload,
      offerLane: (offer) => this.#threads.forward(offer),
      onEndpointEnded: (cell, failure) => this.endpointEnded(cell.endpointId, cell, failure),
    });
    const { thread } = this.rpcThread;
    this.#deadLetters = new DeadLetterListeners(thread);
    this.service = new ThreadService(this.rpcThread, this);
    const network = { transport: ports.transport, tls: options.tls };
    this.peers = new RemotePeers(this.rpcThread, network, randomIncarnation());
    this.#threads = new HomeThreads({
      host: ports.threadHost,
      options,
      region,
      epochMs: workerEpochMs,
      metrics: metrics.buffer,
      logger: thread.logger,
      acceptLane: (offer: LaneOffer) => thread.mailbox.acceptLane(offer),
      onDeadLetter: this.#deadLetters.deliver,
      onBlocked: (blocked) => this.#supervisor.onBlocked(blocked),
      onExit: (ended) => this.#supervisor.onExit(ended),
      onDeadEnd: (producer, ended) => this.#supervisor.remind(producer, ended),
    });
    this.#supervisor = new ThreadSupervisor({
      supervision: options.supervision,
      watchdogAction: options.watchdogAction,
      rpcThread: this.rpcThread,
      directory: this.directory,
      servers: this.servers,
      threads: this.#threads,
      isOpen: () => this.#isStarted && !this.isClosed,
      escalate: (error) => this.#escalate(error),
    });
    ignoreRejection(this.#termination.promise);
    const alive = (): number[] => this.#threads.alive();
    this.#watchdog = new Watchdog(thread, region, alive, (blocked) =>
      this.#supervisor.onBlocked(blocked),
    );
  }

  get threads(): number {
    return this.#options.settings.threads;
  }

  get terminationFuture(): Promise<void> {
    return this.#termination.promise;
  }

  get port(): number {
    return this.peers.port;
  }

  /** Opens the port, brings the threads up. On failure everything is closed again. */
  async start(): Promise<RpcService> {
    try {
      this.#startSystemEndpoints();
      if (this.#options.listen) this.rpcThread.base = await this.peers.listen(this.#options.listen);
      await this.#threads.start(this.rpcThread.base, this.port);
      this.#isStarted = true;
      return this.service;
    } catch (error) {
      await this.close().catch(() => {});
      throw error;
    }
  }

  startClass(
    endpointClass: EndpointClass,
    spec: EndpointSpec,
    placement: Placement,
  ): Promise<ServerRecord> {
    const thread = this.#threads.place(placement);
    return thread === 0
      ? this.#createAtHome(spec, async () => endpointClass)
      : this.#createAt(thread, this.#kept(spec));
  }

  /** As {@link startClass}, for a caller on another thread, who has no class value to give. */
  startSpec(spec: EndpointSpec, placement: Placement): Promise<ServerRecord> {
    const thread = this.#threads.place(placement);
    return thread === 0
      ? this.#createAtHome(spec, () => loadEndpointClass(spec.module, spec.exportName))
      : this.#createAt(thread, spec);
  }

  connectRemote(address: string, contract: AnyGateway, options: ConnectOptions): Promise<object> {
    return this.peers.connect(address, contract, options);
  }

  openRoute(address: string, request: Uint8Array, withControl: boolean): Promise<RemoteRoute> {
    return this.peers.openRoute(address, request, withControl);
  }

  giveBackRoute(route: CellAddress): void {
    this.#routeAt(route)?.giveBack();
  }

  async whenRoom(route: CellAddress): Promise<void> {
    await this.#routeAt(route)?.whenRoom();
  }

  onDeadLetter(listener: (report: DeadLetterReport) => void): () => void {
    return this.#deadLetters.subscribe(listener);
  }

  endpointEnded(endpointId: string, at: CellAddress, error: unknown): void {
    this.directory.release(endpointId, at);
    this.servers.ended(endpointId, at, error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** None when its connection is gone. */
  #routeAt({ recipient, incarnation }: CellAddress): RouteCell | undefined {
    const cell = this.rpcThread.thread.cells.find(recipient, incarnation);
    return cell instanceof RouteCell ? cell : undefined;
  }

  #escalate(error: RpcError): void {
    const { systemName } = this.#options.settings;
    const text = `${systemName} was stopped by its supervision strategy: ${error.message}`;
    this.#failure ??= new RpcError('THREAD_TERMINATED', text, { cause: error });
    ignoreRejection(this.close());
  }

  async #createAtHome(
    spec: EndpointSpec,
    load: () => Promise<EndpointClass>,
  ): Promise<ServerRecord> {
    this.directory.reserve(spec.endpointId);
    try {
      const endpointClass = await load();
      const { endpointId, args } = spec;
      const plan = { endpointClass, endpointId, args, isExported: true };
      const cell = this.rpcThread.create(plan, this.service);
      this.directory.bind(endpointId, cell);
      return this.servers.open(spec, this.rpcThread.describe(cell), this.#supervisor.agent(0));
    } catch (error) {
      this.directory.cancel(spec.endpointId);
      throw error;
    }
  }

  async #createAt(thread: number, spec: EndpointSpec): Promise<ServerRecord> {
    this.directory.reserve(spec.endpointId);
    try {
      const created = await this.#supervisor.create(thread, spec);
      this.directory.bind(spec.endpointId, created);
      return this.servers.open(spec, created, this.#supervisor.agent(thread));
    } catch (error) {
      this.directory.cancel(spec.endpointId);
      throw error;
    }
  }

  /** A restart makes the endpoint again from its arguments as they are now. */
  #kept(spec: EndpointSpec): EndpointSpec {
    if (this.#options.supervision.strategy !== 'restart') return spec;
    const { encoder, decoder } = this.rpcThread.thread;
    return { ...spec, args: copyValues(encoder, decoder, spec.args, 'arguments') };
  }

  #startSystemEndpoints(): void {
    const system = (
      endpointClass: unknown,
      args: readonly unknown[],
      isExported: boolean,
    ): void => {
      const found = endpointClass as EndpointClass;
      const plan = { endpointClass: found, endpointId: found.name, args, isExported };
      this.rpcThread.createSystem(plan, this.service);
    };
    // The order gives the fixed slots of system-contracts.
    system(Reception, [this.rpcThread, this.directory], true);
    system(Agent, [this.rpcThread, this.service], false);
    system(HomeEndpoint, [this], false);
  }

  async #close(): Promise<void> {
    try {
      await this.#closeAll();
      if (this.#failure) this.#termination.reject(this.#failure);
      else this.#termination.resolve();
    } catch (error) {
      this.#termination.reject(this.#failure ?? error);
      throw error;
    }
  }

  async #closeAll(): Promise<void> {
    this.isClosed = true;
    this.service.cancelTimers();
    const failures = await this.#terminateAll();
    const disconnected = this.peers.close();
    this.#watchdog.close();
    await this.#threads.terminate();
    const name = this.#options.settings.systemName;
    this.rpcThread.close(
      () => new RpcError('SERVICE_CLOSED', `service ${name} is closed`, { effect: 'unknown' }),
    );
    this.servers.closeAll(new RpcError('SERVICE_CLOSED', `service ${name} is closed`));
    callTurn.forget();
    // A peer that does not read takes its time; nothing of ours waits for it any more.
    await disconnected;
    if (failures.length === 0) return;
    const all = failures.map(describeThrown).join('; ');
    const text = `${failures.length} endpoints of ${name} failed to stop: ${all}`;
    throw new RpcError('ENDPOINT_STOP_FAILED', text, { cause: new AggregateError(failures, text) });
  }

  /** A thread that is stuck in a handler answers nothing: waiting for it must end too. */
  async #bounded<T>(task: Promise<T>): Promise<T | undefined> {
    const { settings, clock } = this.#options;
    const limitMs = settings.stopTimeoutMs + CLOSE_SPARE_MS;
    let timer: TimerHandle | undefined;
    const limit = new Promise<undefined>((resolve) => {
      timer = clock.schedule(() => resolve(undefined), limitMs);
    });
    return Promise.race([task, limit]).finally(() => timer?.cancel());
  }

  async #terminateAll(): Promise<unknown[]> {
    const alive = this.#threads.alive();
    const { clock, pending } = this.rpcThread.thread;
    pending.extend(alive.length);
    const remote = alive.map((thread) =>
      withRoom(clock, () => this.#supervisor.agent(thread).terminateAll()),
    );
    const all = Promise.allSettled([this.rpcThread.terminateAll(), ...remote]);
    const answers = await this.#bounded(all);
    if (!answers) return [new Error('some did not end in time; their threads were ended')];
    return answers.flatMap((a) => (a.status === 'fulfilled' ? a.value : [a.reason as unknown]));
  }
}
