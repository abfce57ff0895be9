import {
  type LeaderInformation,
  type LeaderRetrieval,
  type Logger,
  RegisteredRpcConnection,
  type RegistrationResponse,
  type RetryingRegistrationConfiguration,
} from '../core/internal.js';
import type { MainThreadExecutor } from '../index.js';

/** What a connection to the leader of some component is given. */
export interface LeaderConnectionParts<Gateway, Success> {
  /** In words, for the log. */
  readonly name: string;
  readonly retrieval: LeaderRetrieval;
  readonly executor: MainThreadExecutor;
  readonly configuration: RetryingRegistrationConfiguration;
  readonly logger: Logger;
  connect(leader: LeaderInformation): Promise<Gateway>;
  register(gateway: Gateway, timeoutMs: number): Promise<RegistrationResponse<Success, string>>;
  /** The leader has changed; `undefined`: there is none. */
  onLeader(leader: LeaderInformation | undefined): void;
  onRegistered(established: Established<Gateway, Success>): void;
  /** An established connection is over; another is under way unless there is no leader. */
  onLost(established: Established<Gateway, Success>, cause: string): void;
  onRejected(reason: string): void;
  onFailed(error: unknown): void;
}

/** A registration that stands. */
export interface Established<Gateway, Success> {
  readonly leader: LeaderInformation;
  readonly gateway: Gateway;
  readonly success: Success;
}

/**
 * Follows the leader of a component and stays registered with it: what TaskExecutor and JobMaster
 * both do with the ResourceManager. All callbacks come in the main thread of the endpoint.
 */
export class LeaderConnection<Gateway, Success> {
  readonly #parts: LeaderConnectionParts<Gateway, Success>;
  #leader: LeaderInformation | undefined;
  #connection: RegisteredRpcConnection<Gateway, Success, string> | undefined;
  #established: Established<Gateway, Success> | undefined;

  constructor(parts: LeaderConnectionParts<Gateway, Success>) {
    this.#parts = parts;
  }

  get established(): Established<Gateway, Success> | undefined {
    return this.#established;
  }

  start(): void {
    this.#parts.retrieval.start((leader) =>
      this.#parts.executor.execute(() => this.#onLeader(leader)),
    );
  }

  /** The connection is lost: registers with the same leader again, if it still leads. */
  reconnect(cause: string): void {
    this.#lose(cause);
    this.#connection?.tryReconnect();
  }

  close(): void {
    this.#parts.retrieval.stop();
    this.#connection?.close();
    this.#established = undefined;
  }

  #onLeader(leader: LeaderInformation | undefined): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#lose(leader ? 'another ResourceManager leads' : 'no ResourceManager leads');
    this.#leader = leader;
    this.#parts.onLeader(leader);
    if (leader) this.#connect(leader);
  }

  #connect(leader: LeaderInformation): void {
    const { name, executor, configuration, logger } = this.#parts;
    const target = {
      name,
      address: leader.address,
      connect: () => this.#parts.connect(leader),
      register: (gateway: Gateway, timeoutMs: number) => this.#parts.register(gateway, timeoutMs),
    };
    this.#connection = new RegisteredRpcConnection(
      target,
      { executor, configuration, logger },
      {
        onRegistrationSuccess: (gateway: Gateway, success: Success) => {
          if (this.#leader !== leader) return;
          this.#established = { leader, gateway, success };
          this.#parts.onRegistered(this.#established);
        },
        onRegistrationRejection: (reason: string) => this.#parts.onRejected(reason),
        onRegistrationFailure: (error) => this.#parts.onFailed(error),
      },
    );
    this.#connection.start();
  }

  #lose(cause: string): void {
    const established = this.#established;
    this.#established = undefined;
    if (established) this.#parts.onLost(established, cause);
  }
}
