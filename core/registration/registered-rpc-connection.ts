import { RpcError } from '../errors/rpc-error.js';
import {
  type RegistrationContext,
  type RegistrationTarget,
  RetryingRegistration,
} from './retrying-registration.js';

/** Hears how a registration ended; always in the main thread of the endpoint. */
export interface RegistrationCallbacks<Gateway, Success, Rejection> {
  onRegistrationSuccess(gateway: Gateway, success: Success): void;
  onRegistrationRejection(rejection: Rejection): void;
  onRegistrationFailure(error: unknown): void;
}

/**
 * One connection to one leader session (Flink RegisteredRpcConnection). A new leader is a new
 * connection: the owner closes this one and makes another.
 */
export class RegisteredRpcConnection<Gateway, Success, Rejection> {
  readonly #target: RegistrationTarget<Gateway, Success, Rejection>;
  readonly #context: RegistrationContext;
  readonly #callbacks: RegistrationCallbacks<Gateway, Success, Rejection>;
  #pending: RetryingRegistration<Gateway, Success, Rejection> | undefined;
  #gateway: Gateway | undefined;
  #isClosed = false;

  constructor(
    target: RegistrationTarget<Gateway, Success, Rejection>,
    context: RegistrationContext,
    callbacks: RegistrationCallbacks<Gateway, Success, Rejection>,
  ) {
    this.#target = target;
    this.#context = context;
    this.#callbacks = callbacks;
  }

  get targetAddress(): string {
    return this.#target.address;
  }

  /** The gateway of the leader, as long as we are registered. */
  get targetGateway(): Gateway | undefined {
    return this.#gateway;
  }

  get isConnected(): boolean {
    return this.#gateway !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isRegistrationPending(): boolean {
    return this.#pending?.isPending ?? false;
  }

  /** Registers; legal once. Throws `INVALID_STATE`. */
  start(): void {
    if (this.#isClosed || this.#pending !== undefined) {
      const state = this.#isClosed ? 'closed' : 'started';
      const text = `the connection to ${this.#target.name} is ${state} already`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#register();
  }

  /** Registers again from scratch, after a disconnect say; false when it is closed. */
  tryReconnect(): boolean {
    if (this.#pending === undefined) {
      const text = `the connection to ${this.#target.name} was never started`;
      throw new RpcError('INVALID_STATE', text);
    }
    if (this.#isClosed) return false;
    this.#gateway = undefined;
    this.#pending.cancel();
    this.#register();
    return true;
  }

  /** Cancels what is under way; no callback comes after it. */
  close(): void {
    this.#isClosed = true;
    this.#gateway = undefined;
    this.#pending?.cancel();
  }

  #register(): void {
    const registration = new RetryingRegistration(this.#target, this.#context);
    this.#pending = registration;
    // Answers arrive outside every turn; the callbacks belong into one. By then another
    // registration may have taken the place of this one. What they answer is a promise if they are
    // async, and then the endpoint reports its failure.
    const inMainThread = (task: () => unknown): void =>
      this.#context.executor.execute(() => {
        const isCurrent = !this.#isClosed && this.#pending === registration;
        return isCurrent ? task() : undefined;
      });
    registration.result.then(
      (result) =>
        inMainThread(() => {
          if (result.kind === 'registered') {
            this.#gateway = result.gateway;
            return this.#callbacks.onRegistrationSuccess(result.gateway, result.success);
          }
          if (result.kind === 'cancelled') return undefined;
          return this.#callbacks.onRegistrationRejection(result.rejection);
        }),
      (error: unknown) => inMainThread(() => this.#callbacks.onRegistrationFailure(error)),
    );
    registration.start();
  }
}
