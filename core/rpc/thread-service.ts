import { endpointIdOf, parseAddress } from '../base/address.js';
import type { TimerHandle } from '../base/clock.js';
import { createRandomName } from '../base/ids.js';
import { checkDurationMs } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import { readMetrics, type ServiceMetrics } from '../metrics/counters.js';
import { checkTravelsAbroad } from './coded-calls.js';
import type { DeadLetterReport } from './dead-letter-reports.js';
import type { AnyGateway, GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import { runOutsideTurns } from './main-thread.js';
import type {
  ConnectOptions,
  EndpointClass,
  EndpointConstructor,
  Placement,
  RpcServer,
  RpcService,
  StartServerOptions,
} from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import type { ServerLives } from './server-book.js';
import { ServerHandle } from './server-handle.js';
import type { EndpointSpec } from './system-contracts.js';

/** What differs between the service on its home thread and on a worker thread. */
export interface ServiceBackend {
  /** Worker threads of the service. */
  readonly threads: number;
  /** TCP port, -1 when the service is local only. */
  readonly port: number;
  readonly isClosed: boolean;
  startClass(
    endpointClass: EndpointClass,
    spec: EndpointSpec,
    placement: Placement,
  ): Promise<ServerLives>;
  /** A gateway to an endpoint of another service. */
  connectRemote(address: string, contract: AnyGateway, options: ConnectOptions): Promise<object>;
  onDeadLetter(listener: (report: DeadLetterReport) => void): () => void;
  readonly terminationFuture: Promise<void>;
  close(): Promise<void>;
}

const NO_ARGS: readonly unknown[] = [];

/** The {@link RpcService} of one thread; what differs by thread is behind its backend. */
export class ThreadService implements RpcService {
  readonly #rpcThread: RpcThread;
  readonly #backend: ServiceBackend;
  /** What {@link schedule} started: it ends with the service. */
  readonly #timers = new Set<TimerHandle>();

  constructor(rpcThread: RpcThread, backend: ServiceBackend) {
    this.#rpcThread = rpcThread;
    this.#backend = backend;
  }

  /** The engine behind a service, for layers that stand on it. */
  static rpcThreadOf(service: RpcService): RpcThread {
    if (service instanceof ThreadService) return service.#rpcThread;
    throw new RpcError('INVALID_ARGUMENT', 'this is not a service that RpcService.start made');
  }

  get address(): string {
    return this.#rpcThread.base.host;
  }

  get port(): number {
    return this.#backend.port;
  }

  get threads(): number {
    return this.#backend.threads;
  }

  get systemName(): string {
    return this.#rpcThread.thread.settings.systemName;
  }

  addressOf(endpointId: string): string {
    return this.#rpcThread.addressOf(endpointId);
  }

  async startServer<Args extends readonly unknown[]>(
    endpointClass: EndpointConstructor<Args>,
    options: StartServerOptions = {},
  ): Promise<RpcServer> {
    this.#checkOpen();
    const exportName = endpointClass.exportName ?? endpointClass.name;
    const spec: EndpointSpec = {
      endpointId: options.endpointId ?? createRandomName(endpointClass.name || 'endpoint'),
      module: endpointClass.module ?? '',
      exportName,
      args: options.args ?? NO_ARGS,
    };
    const placement = options.thread ?? 'any';
    if (placement !== 'home' && spec.module === '') {
      const text = `${exportName} lacks static module = import.meta.url: no thread can load it`;
      throw new RpcError('INVALID_ARGUMENT', text);
    }
    return new ServerHandle(
      this.#rpcThread,
      await this.#backend.startClass(endpointClass, spec, placement),
    );
  }

  async connect<M extends MethodTable>(
    address: string,
    contract: GatewayContract<M>,
    options: ConnectOptions = {},
  ): Promise<GatewayOf<GatewayContract<M>>> {
    this.#checkOpen();
    const parsed = parseAddress(address);
    if (!parsed) {
      const forms = 'ringlane://system/user/rpc/id or ringlane.tcp://system@host:port/user/rpc/id';
      throw new RpcError('INVALID_ARGUMENT', `not an address: "${address}"; write ${forms}`);
    }
    const { base } = this.#rpcThread;
    const isLocal = parsed.protocol === 'local';
    const isOwn =
      parsed.system === base.system &&
      (isLocal ||
        (parsed.protocol === base.protocol &&
          parsed.host === base.host &&
          parsed.port === base.port));
    if (isLocal && !isOwn) {
      const text = `${address} names system ${parsed.system}, this one is ${base.system}`;
      throw new RpcError('CONNECTION_FAILED', text, { address });
    }
    if (!isOwn) checkTravelsAbroad(contract, address);
    const gateway = isOwn
      ? this.#rpcThread.connectLocal(parsed.path, contract, options)
      : this.#backend.connectRemote(address, contract, options);
    return (await gateway) as GatewayOf<GatewayContract<M>>;
  }

  stopServer(server: RpcServer): Promise<void> {
    return server.close();
  }

  execute(task: () => void): void {
    this.#checkOpen();
    this.#rpcThread.thread.mailbox.post({ run: () => this.#guarded(task) });
  }

  schedule(task: () => void, delayMs: number, periodMs?: number): TimerHandle {
    this.#checkOpen();
    checkDurationMs('delayMs', delayMs);
    if (periodMs !== undefined) checkDurationMs('periodMs', periodMs);
    const { clock } = this.#rpcThread.thread;
    let timer: TimerHandle;
    const handle: TimerHandle = {
      cancel: () => {
        this.#timers.delete(handle);
        timer.cancel();
      },
    };
    const onDue = (): void => {
      if (periodMs === undefined) this.#timers.delete(handle);
      else timer = clock.schedule(onDue, periodMs);
      this.#guarded(task);
    };
    timer = clock.schedule(onDue, delayMs);
    this.#timers.add(handle);
    return handle;
  }

  get terminationFuture(): Promise<void> {
    return this.#backend.terminationFuture;
  }

  metrics(): ServiceMetrics {
    return readMetrics(this.#rpcThread.thread.metrics);
  }

  onDeadLetter(listener: (report: DeadLetterReport) => void): () => void {
    return this.#backend.onDeadLetter(listener);
  }

  isOwnAddress(address: string): boolean {
    const parsed = parseAddress(address);
    const id = parsed && endpointIdOf(parsed);
    return id !== undefined && this.addressOf(id) === address;
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  /** The service closes, whoever closes it. */
  cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #guarded(task: () => unknown): void {
    const { userCode } = this.#rpcThread.thread;
    userCode.run('a task of the service', () => runOutsideTurns(task));
  }

  #checkOpen(): void {
    if (!this.#backend.isClosed) return;
    throw new RpcError('SERVICE_CLOSED', `service ${this.systemName} is closed`);
  }
}
