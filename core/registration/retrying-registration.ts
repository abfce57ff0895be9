import type { TimerHandle } from '../base/clock.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import type { Logger } from '../base/logger.js';
import { describeThrown, isRpcError } from '../errors/rpc-error.js';
import type { MainThreadExecutor } from '../rpc/main-thread.js';
import type { RetryingRegistrationConfiguration } from './registration-configuration.js';
import type { RegistrationResponse } from './registration-response.js';

/** Whom to register with, and how. */
export interface RegistrationTarget<Gateway, Success, Rejection> {
  /** In words, for the log. */
  readonly name: string;
  readonly address: string;
  /** Resolves the address and shakes hands, from scratch each time. */
  connect(): Promise<Gateway>;
  /** One ask with this deadline. What it throws on the spot is a mistake of the program. */
  register(gateway: Gateway, timeoutMs: number): Promise<RegistrationResponse<Success, Rejection>>;
}

/** What a registration runs on. */
export interface RegistrationContext {
  /** Runs the pauses; usually the main thread executor of the endpoint that registers. */
  readonly executor: MainThreadExecutor;
  readonly configuration: RetryingRegistrationConfiguration;
  readonly logger: Logger;
}

/** How a registration ends, when it does not fail. */
export type RegistrationResult<Gateway, Success, Rejection> =
  | { readonly kind: 'registered'; readonly gateway: Gateway; readonly success: Success }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'cancelled' };

/**
 * Registers with somebody who may not be there yet (Flink RetryingRegistration). A time-out is
 * followed by the next attempt at once with twice the deadline; an error by a pause and a new
 * connection; a temporary no by a longer pause; yes and a final no end it.
 */
export class RetryingRegistration<Gateway, Success, Rejection> {
  readonly #target: RegistrationTarget<Gateway, Success, Rejection>;
  readonly #context: RegistrationContext;
  readonly #result: Deferred<RegistrationResult<Gateway, Success, Rejection>> = deferred();
  #timer: TimerHandle | undefined;
  #isStarted = false;
  #isOver = false;

  constructor(
    target: RegistrationTarget<Gateway, Success, Rejection>,
    context: RegistrationContext,
  ) {
    this.#target = target;
    this.#context = context;
    ignoreRejection(this.#result.promise);
  }

  /** Ends once: registered, rejected or cancelled; rejects with what `register` threw. */
  get result(): Promise<RegistrationResult<Gateway, Success, Rejection>> {
    return this.#result.promise;
  }

  /** True until the result is there. */
  get isPending(): boolean {
    return !this.#isOver;
  }

  /** Begins; a second start and one after `cancel` change nothing. */
  start(): void {
    if (this.#isStarted || this.#isOver) return;
    this.#isStarted = true;
    this.#connect();
  }

  /** Stops every timer; whatever is answered later is dropped. */
  cancel(): void {
    this.#end({ kind: 'cancelled' });
  }

  #connect(): void {
    const { name, address } = this.#target;
    // A connect that throws is a connect that failed.
    const connected = (async () => this.#target.connect())();
    connected.then(
      (gateway) => {
        if (!this.#isOver) this.#attempt(gateway, 1, this.#context.configuration.initialTimeoutMs);
      },
      (error: unknown) => {
        if (this.#isOver) return;
        const { errorDelayMs } = this.#context.configuration;
        const facts = { name, address, error: describeThrown(error), delayMs: errorDelayMs };
        this.#context.logger.info(facts, 'could not connect to register, trying again');
        this.#pause(errorDelayMs, () => this.#connect());
      },
    );
  }

  #attempt(gateway: Gateway, attempt: number, timeoutMs: number): void {
    const { name, address } = this.#target;
    this.#context.logger.debug({ name, address, attempt, timeoutMs }, 'registering');
    let answer: Promise<RegistrationResponse<Success, Rejection>>;
    try {
      answer = this.#target.register(gateway, timeoutMs);
    } catch (error) {
      return this.#fail(error);
    }
    answer.then(
      (response) => {
        if (!this.#isOver) this.#onResponse(gateway, response);
      },
      (error: unknown) => {
        if (!this.#isOver) this.#onError(error, gateway, attempt, timeoutMs);
      },
    );
  }

  #onResponse(gateway: Gateway, response: RegistrationResponse<Success, Rejection>): void {
    const kind = response?.kind;
    if (kind === 'success') {
      return this.#end({ kind: 'registered', gateway, success: response.success });
    }
    if (kind === 'rejection') return this.#end({ kind: 'rejected', rejection: response.rejection });
    const { configuration, logger } = this.#context;
    const { refusedDelayMs, initialTimeoutMs } = configuration;
    const { name, address } = this.#target;
    const facts = { name, address, delayMs: refusedDelayMs };
    if (kind === 'failure') {
      logger.info({ ...facts, reason: response.reason }, 'registration refused for now');
    } else {
      // Another version of the other side, say: not final, but somebody should look.
      logger.error({ ...facts, kind }, 'unknown answer to a registration');
    }
    this.#pause(refusedDelayMs, () => this.#attempt(gateway, 1, initialTimeoutMs));
  }

  #onError(error: unknown, gateway: Gateway, attempt: number, timeoutMs: number): void {
    const { configuration, logger } = this.#context;
    const { name, address } = this.#target;
    if (isRpcError(error) && error.code === 'TIMEOUT') {
      const nextMs = Math.min(2 * timeoutMs, configuration.maxTimeoutMs);
      logger.debug({ name, address, timeoutMs, nextMs }, 'registration timed out');
      return this.#attempt(gateway, attempt + 1, nextMs);
    }
    const delayMs = configuration.errorDelayMs;
    const facts = { name, address, error: describeThrown(error), delayMs };
    logger.info(facts, 'registration failed, connecting again');
    // The gateway is bound to one incarnation, so the same one would fail for ever.
    this.#pause(delayMs, () => this.#connect());
  }

  #pause(delayMs: number, next: () => void): void {
    this.#timer = this.#context.executor.schedule(() => {
      this.#timer = undefined;
      if (!this.#isOver) next();
    }, delayMs);
  }

  #end(result: RegistrationResult<Gateway, Success, Rejection>): void {
    if (!this.#close()) return;
    this.#result.resolve(result);
  }

  #fail(error: unknown): void {
    if (!this.#close()) return;
    this.#result.reject(error);
  }

  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    return true;
  }
}
