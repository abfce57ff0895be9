import type { Logger } from '../base/logger.js';
import { RpcError } from '../errors/rpc-error.js';
import type { Fence, FencingToken } from './fencing.js';
import type { AnyGateway, GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { MainThreadExecutor } from './main-thread.js';
import type { RpcService } from './rpc-service.js';

/** Something that is closed when its endpoint stops. */
export interface Closeable {
  close(): unknown;
}

/** What the engine gives an endpoint while it constructs it (Flink passes the RpcService). */
export interface EndpointContext {
  readonly endpointId: string;
  readonly address: string;
  readonly thread: number;
  readonly rpcService: RpcService;
  readonly logger: Logger;
  readonly executor: MainThreadExecutor;
  /** Fences the endpoint: only in its constructor. */
  fenceWith(token: FencingToken | null): Fence;
  /** As `executor`, past the fence. */
  readonly unfencedExecutor: MainThreadExecutor;
  isRunning(): boolean;
  validateRunsInMainThread(): void;
  callAsync<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T>;
  callAsyncWithoutFencing<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T>;
  registerResource(resource: Closeable): void;
  unregisterResource(resource: Closeable): boolean;
  selfGateway(contract: AnyGateway): object;
  offload(module: string | URL, argument: unknown): Promise<unknown>;
}

/** What `callAsync` runs. */
export type AsyncTask<T> = () => T | PromiseLike<T>;

let underConstruction: EndpointContext | undefined;

/** Constructs an endpoint with its context in place. */
export function constructEndpoint<T>(context: EndpointContext, construct: () => T): T {
  underConstruction = context;
  try {
    return construct();
  } finally {
    underConstruction = undefined;
  }
}

let readContext: (endpoint: RpcEndpoint) => EndpointContext;

/** What the engine gave an endpoint: for its kinds, not for its users. */
export function contextOf(endpoint: RpcEndpoint): EndpointContext {
  return readContext(endpoint);
}

/**
 * Base class of everything that is called through gateways (Flink RpcEndpoint). All its calls,
 * `runAsync` tasks and timers run on its one thread, one at a time until they return.
 *
 * Life: created and addressable, but refusing calls; `server.start()` runs `onStart` and then it
 * serves; stopping closes its resources, runs `onStop` once, and ends the termination future.
 */
export abstract class RpcEndpoint {
  /** Contracts that this class serves, beside those of its base classes. */
  static readonly gateways: readonly AnyGateway[] = [];
  /** `import.meta.url` of the file that exports the class; lets any thread load it. */
  static readonly module: string | undefined = undefined;
  /** Name of the export, when it is not the class's own name. */
  static readonly exportName: string | undefined = undefined;

  /**
   * True: the next message waits for the promise of the one before, `runAsync`, `callAsync` and
   * timers included. What waits is kept in a queue of the endpoint's own, at most
   * `endpointQueueLimit` messages; past it an ask fails with `MAILBOX_FULL`, effect none, and a
   * tell is a dead letter. A handler that awaits a call to its own endpoint waits for itself.
   */
  static readonly serial: boolean = false;

  readonly #context: EndpointContext;

  static {
    readContext = (endpoint) => endpoint.#context;
  }

  constructor() {
    if (underConstruction === undefined) {
      const text = 'an endpoint is made by rpcService.startServer, not by new';
      throw new RpcError('INVALID_STATE', text);
    }
    this.#context = underConstruction;
    underConstruction = undefined;
  }

  /** Runs once per start, in the main thread; failing fails the start and ends the endpoint. */
  onStart(): void | Promise<void> {}

  /** Runs once, in the main thread, after the registered resources are closed. */
  onStop(): void | Promise<void> {}

  get endpointId(): string {
    return this.#context.endpointId;
  }

  get address(): string {
    return this.#context.address;
  }

  get rpcService(): RpcService {
    return this.#context.rpcService;
  }

  /** The logger of the service. */
  protected get log(): Logger {
    return this.#context.logger;
  }

  /** True from the end of `onStart` until stopping begins. */
  isRunning(): boolean {
    return this.#context.isRunning();
  }

  getMainThreadExecutor(): MainThreadExecutor {
    return this.#context.executor;
  }

  /** Runs `task` in a later turn; a failure is logged and counted. */
  runAsync(task: () => void): void {
    this.#context.executor.execute(task);
  }

  /** Runs `task` in a later turn and answers its result; fails with `TIMEOUT` after `timeoutMs`. */
  callAsync<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T> {
    return this.#context.callAsync(task, timeoutMs);
  }

  /** Runs `task` in a turn once `delayMs` have passed; dropped when the endpoint stops. */
  scheduleRunAsync(task: () => void, delayMs: number): void {
    this.#context.executor.schedule(task, delayMs);
  }

  /**
   * Fails with `WRONG_THREAD` when another endpoint's turn uses this one; with the option
   * `validateAfterAwait` also in what another one, or none, has begun.
   */
  validateRunsInMainThread(): void {
    this.#context.validateRunsInMainThread();
  }

  /** Closes `resource` when the endpoint stops, before `onStop`. */
  registerResource(resource: Closeable): void {
    this.#context.registerResource(resource);
  }

  /** Takes a resource back; false when it was not registered. */
  unregisterResource(resource: Closeable): boolean {
    return this.#context.unregisterResource(resource);
  }

  /** A gateway to this very endpoint, equal to a connected one in behaviour. */
  getSelfGateway<M extends MethodTable>(
    contract: GatewayContract<M>,
  ): GatewayOf<GatewayContract<M>> {
    return this.#context.selfGateway(contract) as GatewayOf<GatewayContract<M>>;
  }

  /**
   * Runs the default export of a module in the offload pool: CPU work that must not hold this
   * thread. What has no result when the service has closed is ended, with `SERVICE_CLOSED`.
   */
  offload(module: string | URL, argument?: unknown): Promise<unknown> {
    return this.#context.offload(module, argument);
  }
}
