import type { ActorThread } from '../actor/actor-thread.js';
import { deferred } from '../base/deferred.js';
import { checkDurationMs } from '../config/options.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeThrown, isRpcError, RpcError } from '../errors/rpc-error.js';
import {
  type Closeable,
  constructEndpoint,
  type AsyncTask,
  type EndpointContext,
  type RpcEndpoint,
} from './endpoint.js';
import { Fence, type FencingToken } from './fencing.js';
import type { AnyGateway } from './gateway.js';
import { MainThread, type MainThreadOwner } from './main-thread-executor.js';
import { validateFlow, validateTurn } from './main-thread.js';
import { methodsOf } from './method-table.js';
import { type CellContext, RpcCell } from './rpc-cell.js';
import type { EndpointClass, RpcService } from './rpc-service.js';

/** How to make one endpoint on this thread. */
export interface EndpointPlan {
  readonly endpointClass: EndpointClass;
  readonly endpointId: string;
  readonly args: readonly unknown[];
  readonly isExported: boolean;
  /** One of the engine's own; see `RpcCellParts`. */
  readonly isSystem?: boolean;
}

/** What an endpoint may ask of its thread. */
export interface EndpointHost {
  readonly thread: ActorThread;
  readonly service: RpcService;
  addressOf(endpointId: string): string;
  selfGateway(cell: RpcCell, contract: AnyGateway): object;
  /** The endpoint of a cell has ended, with this failure if it failed. */
  onEnded(cell: RpcCell, failure: unknown): Promise<void> | void;
  offload(module: string | URL, argument: unknown): Promise<unknown>;
}

/** The context of one endpoint: made before its cell, because constructors use it already. */
class Context implements EndpointContext, MainThreadOwner, CellContext {
  readonly endpointId: string;
  cell: RpcCell | undefined;
  fence: Fence | undefined;
  readonly #host: EndpointHost;
  /** Made for the first one who asks, as all below: most endpoints need none of it. */
  #executor: MainThread | undefined;
  #unfenced: MainThread | undefined;
  /** Registered by the constructor, before there is a cell. */
  #early: Closeable[] | undefined;
  /** How to fail each `callAsync` that has no result yet. */
  #openCalls: Set<() => void> | undefined;

  constructor(plan: EndpointPlan, host: EndpointHost) {
    this.endpointId = plan.endpointId;
    this.#host = host;
  }

  get address(): string {
    return this.#host.addressOf(this.endpointId);
  }

  get thread(): number {
    return this.#host.thread.thread;
  }

  get rpcService(): RpcService {
    return this.#host.service;
  }

  get logger(): ActorThread['logger'] {
    return this.#host.thread.logger;
  }

  get executor(): MainThread {
    this.#executor ??= new MainThread(this.#host.thread, this);
    return this.#executor;
  }

  get unfencedExecutor(): MainThread {
    if (this.#unfenced) return this.#unfenced;
    const owner = (): RpcCell | undefined => this.cell;
    this.#unfenced = new MainThread(this.#host.thread, {
      get cell() {
        return owner();
      },
      fence: undefined,
    });
    if (this.#isGone) this.#unfenced.close();
    return this.#unfenced;
  }

  fenceWith(token: FencingToken | null): Fence {
    this.fence = new Fence(token);
    return this.fence;
  }

  attach(cell: RpcCell): void {
    this.cell = cell;
    for (const resource of this.#early ?? []) cell.life.registerResource(resource);
    this.#early = undefined;
  }

  /** The constructor failed: what it has begun ends here. */
  abandon(): void {
    const { userCode } = this.#host.thread;
    this.closeTimers();
    for (const resource of this.#early?.reverse() ?? []) {
      userCode.run(`closing a resource of ${this.endpointId}`, () => resource.close());
    }
  }

  dropTimers(): void {
    this.#executor?.dropTimers();
    this.#unfenced?.dropTimers();
  }

  closeTimers(): void {
    this.executor.close();
    this.#unfenced?.close();
  }

  onEnded(cell: RpcCell, failure: unknown): Promise<void> | void {
    for (const fail of this.#openCalls ?? []) fail();
    return this.#host.onEnded(cell, failure);
  }

  get #isGone(): boolean {
    return this.cell?.life.state === 'TERMINATED';
  }

  isRunning(): boolean {
    return this.cell?.life.isRunning ?? false;
  }

  validateRunsInMainThread(): void {
    if (this.cell === undefined) return;
    const { validateAfterAwait } = this.#host.thread.settings;
    if (validateAfterAwait) validateFlow(this.cell, this.endpointId);
    else validateTurn(this.cell, this.endpointId);
  }

  callAsync<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T> {
    return this.#callAsync(this.executor, task, timeoutMs);
  }

  callAsyncWithoutFencing<T>(task: AsyncTask<T>, timeoutMs: number): Promise<T> {
    return this.#callAsync(this.unfencedExecutor, task, timeoutMs);
  }

  #callAsync<T>(executor: MainThread, task: AsyncTask<T>, timeoutMs: number): Promise<T> {
    checkDurationMs('timeoutMs', timeoutMs);
    const answer = deferred<T>();
    let hasBegun = false;
    let isOver = false;
    const fail = (code: ErrorCode, text: string): void => {
      isOver = true;
      const effect = hasBegun ? 'unknown' : 'none';
      const details = { effect, limit: timeoutMs, endpoint: this.endpointId } as const;
      answer.reject(new RpcError(code, `callAsync of ${this.endpointId} ${text}`, details));
    };
    const onGone = (): void => fail('RECIPIENT_UNREACHABLE', 'had no result when it terminated');
    if (this.#isGone) onGone();
    const openCalls = (this.#openCalls ??= new Set());
    openCalls.add(onGone);
    const onTimeout = (): void => fail('TIMEOUT', `had no result within ${timeoutMs} ms`);
    const timer = this.#host.thread.clock.schedule(onTimeout, timeoutMs, { ref: false });
    // A promise must not take the place of the answer, or no time-out could end it any more. A
    // serial endpoint waits for what is returned here.
    const call = async (): Promise<T> => task();
    const run = (): Promise<void> | undefined => {
      // Nobody waits for it any more.
      if (isOver) return undefined;
      hasBegun = true;
      return call().then(answer.resolve, answer.reject);
    };
    executor.submit({ run, onRefused: answer.reject });
    return answer.promise.finally(() => {
      timer.cancel();
      openCalls.delete(onGone);
    });
  }

  registerResource(resource: Closeable): void {
    if (this.cell) this.cell.life.registerResource(resource);
    else (this.#early ??= []).push(resource);
  }

  unregisterResource(resource: Closeable): boolean {
    if (this.cell) return this.cell.life.unregisterResource(resource);
    const at = this.#early?.indexOf(resource) ?? -1;
    if (at >= 0) this.#early?.splice(at, 1);
    return at >= 0;
  }

  selfGateway(contract: AnyGateway): object {
    if (this.cell) return this.#host.selfGateway(this.cell, contract);
    throw new RpcError('INVALID_STATE', 'a self gateway exists from the end of the constructor on');
  }

  offload(module: string | URL, argument: unknown): Promise<unknown> {
    return this.#host.offload(module, argument);
  }
}

/** Constructs an endpoint and its cell; nothing is registered yet. */
export function makeEndpoint(plan: EndpointPlan, host: EndpointHost): RpcCell {
  const { endpointClass, endpointId } = plan;
  const context = new Context(plan, host);
  try {
    const constructor = endpointClass as unknown as new (...args: unknown[]) => RpcEndpoint;
    const endpoint = constructEndpoint(context, () => new constructor(...plan.args));
    const cell = new RpcCell({
      thread: host.thread,
      endpointId,
      endpoint,
      methods: methodsOf(endpointClass),
      fence: context.fence,
      isExported: plan.isExported,
      isSystem: plan.isSystem ?? false,
      isSerial: endpointClass.serial === true,
      context,
    });
    context.attach(cell);
    return cell;
  } catch (error) {
    context.abandon();
    if (isRpcError(error)) throw error;
    const text = `constructing ${endpointClass.name} as ${endpointId}: ${describeThrown(error)}`;
    throw new RpcError('ENDPOINT_START_FAILED', text, { cause: error, endpoint: endpointId });
  }
}

/** Loads an endpoint class by the module that exports it. */
export async function loadEndpointClass(
  module: string,
  exportName: string,
): Promise<EndpointClass> {
  return (await loadExport(module, exportName)) as EndpointClass;
}

/** Loads a class or function by the module that exports it. */
export async function loadExport(module: string, exportName: string): Promise<unknown> {
  let exports: Record<string, unknown>;
  try {
    exports = (await import(module)) as Record<string, unknown>;
  } catch (error) {
    const text = `module ${module} could not be loaded: ${describeThrown(error)}`;
    if (isRpcError(error)) throw new RpcError(error.code, `${text}`, { cause: error });
    throw new RpcError('ENDPOINT_START_FAILED', text, { cause: error });
  }
  const found = exports[exportName];
  if (typeof found === 'function') return found;
  const names = Object.keys(exports).join(', ') || 'nothing';
  const text = `module ${module} has no class ${exportName}; it exports ${names}`;
  throw new RpcError('ENDPOINT_START_FAILED', text);
}
