import type { ActorThread } from '../actor/actor-thread.js';
import { type LifecycleState, moved } from '../actor/lifecycle.js';
import { type Deferred, deferred, ignoreRejection, isThenable } from '../base/deferred.js';
import type { ErrorCode } from '../errors/error-codes.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import type { Closeable, RpcEndpoint } from './endpoint.js';
import { runInTurn } from './main-thread.js';

/** Who lives the life, and is told of its turns. There are many, so these are no closures. */
export interface LifeOwner {
  readonly thread: ActorThread;
  readonly endpointId: string;
  readonly endpoint: RpcEndpoint;
  /** Calls are let in. The life sets it; its owner reads it once a call. */
  isServing: boolean;
  /** RUNNING -> STOPPED: timers end. */
  onPaused(): void;
  /** The resources had their time, `onStop` is next: no timer comes any more. */
  onResourcesClosed(): void;
  /**
   * It has ended, with this failure if it failed. Frees what the endpoint had, its id with it;
   * nobody hears of the end before.
   */
  onEnded(failure: unknown): Promise<void> | void;
}

/**
 * The life of one endpoint: STOPPED until started, serving from the end of `onStart` until
 * `onStop` has settled, then gone. Every path ends the termination future exactly once. What most
 * endpoints never need is made for the first one who needs it.
 */
export class EndpointLife {
  readonly #owner: LifeOwner;
  #state: LifecycleState = 'STOPPED';
  #wasStarted = false;
  #termination: Deferred<void> | undefined;
  #resources: Set<Closeable> | undefined;
  #starting: Promise<void> | undefined;

  constructor(owner: LifeOwner) {
    this.#owner = owner;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state === 'RUNNING';
  }

  /** `runAsync` tasks run from `onStart` to the end of `onStop`, and not while stopped. */
  get acceptsTasks(): boolean {
    return this.#state !== 'STOPPED' && this.#state !== 'TERMINATED';
  }

  /** Ends after `onStop`; fails with its failure, or with that of `onStart`. */
  get termination(): Promise<void> {
    return this.#end.promise;
  }

  get #end(): Deferred<void> {
    if (this.#termination) return this.#termination;
    this.#termination = deferred();
    ignoreRejection(this.#termination.promise);
    return this.#termination;
  }

  get refusalCode(): ErrorCode {
    return this.#isOver ? 'RECIPIENT_UNREACHABLE' : 'ENDPOINT_NOT_STARTED';
  }

  get refusalText(): string {
    return this.refusalCode === 'ENDPOINT_NOT_STARTED'
      ? `it is ${this.state}; call server.start() and await it first`
      : `it is ${this.state}`;
  }

  /** STOPPED -> RUNNING by way of `onStart`; when that fails the endpoint terminates. */
  start(): Promise<void> {
    if (this.#state === 'RUNNING') return Promise.resolve();
    if (this.#state === 'STARTING') return this.#starting!;
    this.#starting = this.#runOnStart();
    return this.#starting;
  }

  /** RUNNING -> STOPPED: calls are refused until the next start. */
  pause(): void {
    if (this.#state === 'STOPPED') return;
    this.#move('STOPPED');
    this.#owner.isServing = false;
    this.#owner.onPaused();
  }

  /** Closes resources, runs `onStop` once, ends. Asked twice, it is one stopping. */
  terminate(cause?: unknown): Promise<void> {
    if (!this.#isOver) void this.#terminate(cause);
    return this.termination;
  }

  registerResource(resource: Closeable): void {
    if (this.#isOver) {
      const text = `endpoint ${this.#owner.endpointId} is stopping and takes no more resources`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#resources ??= new Set();
    this.#resources.add(resource);
  }

  unregisterResource(resource: Closeable): boolean {
    return this.#resources?.delete(resource) ?? false;
  }

  /** It ends, or has ended. */
  get #isOver(): boolean {
    return this.#state === 'TERMINATING' || this.#state === 'TERMINATED';
  }

  #move(to: LifecycleState): void {
    this.#state = moved(`endpoint ${this.#owner.endpointId}`, this.#state, to);
  }

  async #runOnStart(): Promise<void> {
    this.#move('STARTING');
    this.#wasStarted = true;
    try {
      const started: unknown = runInTurn(this.#owner, () => this.#owner.endpoint.onStart());
      // Who is stopped meanwhile need not end what onStart waits for.
      if (isThenable(started)) {
        await Promise.race([started, this.termination.catch(() => {})]);
      }
    } catch (error) {
      const text = `onStart of ${this.#owner.endpointId} failed: ${describeThrown(error)}`;
      const failure = new RpcError('ENDPOINT_START_FAILED', text, { cause: error });
      this.terminate(failure).catch(() => {});
      throw failure;
    }
    if (this.#state !== 'STARTING') {
      const text = `endpoint ${this.#owner.endpointId} was stopped while onStart ran`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#move('RUNNING');
    this.#owner.isServing = true;
    this.#starting = undefined;
  }

  async #terminate(cause: unknown): Promise<void> {
    const failures: unknown[] = cause === undefined ? [] : [cause];
    // Started and paused: nothing is served while stopping. Running: calls are served to the end.
    this.#move('TERMINATING');
    await this.#stopWithin(this.#owner.thread.settings.stopTimeoutMs, failures);
    this.#owner.isServing = false;
    this.#move('TERMINATED');
    let failure = failures.length === 0 ? undefined : this.#stopError(failures, cause);
    try {
      await this.#owner.onEnded(failure);
    } catch (error) {
      failure ??= this.#stopError([error], cause);
    }
    if (failure === undefined) this.#end.resolve();
    else this.#end.reject(failure);
  }

  #stopError(failures: unknown[], cause: unknown): unknown {
    if (failures.length === 1 && cause !== undefined) return cause;
    const first = describeThrown(failures[0]);
    const text = `stopping ${this.#owner.endpointId} failed: ${first}`;
    const all = failures.length === 1 ? failures[0] : new AggregateError(failures, text);
    return new RpcError('ENDPOINT_STOP_FAILED', text, { cause: all });
  }

  async #closeResources(failures: unknown[]): Promise<void> {
    for (const resource of [...(this.#resources ?? [])].reverse()) {
      try {
        await runInTurn(this.#owner, () => resource.close());
      } catch (error) {
        failures.push(error);
      }
    }
    this.#resources = undefined;
  }

  /** Resources, then `onStop` in any case; one time limit for the wait of both. */
  async #stopWithin(limitMs: number, failures: unknown[]): Promise<void> {
    const { thread, endpointId, endpoint } = this.#owner;
    let doing = 'closing the resources';
    const limit = deferred<void>();
    const timer = thread.clock.schedule(() => {
      const text = `${doing} of ${endpointId} did not end within ${limitMs} ms (stopTimeoutMs)`;
      limit.reject(new RpcError('TIMEOUT', text, { limit: limitMs }));
    }, limitMs);
    const wait = async (task: Promise<void>): Promise<void> => {
      try {
        await Promise.race([task, limit.promise]);
      } catch (error) {
        if (!failures.includes(error)) failures.push(error);
      }
    };
    await wait(this.#closeResources(failures));
    this.#owner.onResourcesClosed();
    doing = 'onStop';
    if (this.#wasStarted) await wait(runInTurn(this.#owner, async () => endpoint.onStop()));
    timer.cancel();
  }
}
