import {
  type Deferred,
  deferred,
  type LeaderInformation,
  type LeaderRetrieval,
} from '../core/internal.js';
import { RpcError } from '../index.js';

/**
 * Keeps a gateway to whoever leads (Flink LeaderGatewayRetriever). A gateway that could not be
 * made is tried anew when it is asked for next.
 */
export class GatewayRetriever<Gateway> {
  readonly #retrieval: LeaderRetrieval;
  readonly #connect: (leader: LeaderInformation) => Promise<Gateway>;
  #leader: LeaderInformation | undefined;
  #gateway: Promise<Gateway> | undefined;
  #nextLeader: Deferred<void> = deferred();
  #isClosed = false;

  constructor(
    retrieval: LeaderRetrieval,
    connect: (leader: LeaderInformation) => Promise<Gateway>,
  ) {
    this.#retrieval = retrieval;
    this.#connect = connect;
    retrieval.start((leader) => {
      this.#leader = leader;
      this.#gateway = undefined;
      this.#wake();
    });
  }

  /** Waits for a leader if there is none; fails with `SERVICE_CLOSED` once closed. */
  async gateway(): Promise<Gateway> {
    while (!this.#leader && !this.#isClosed) await this.#nextLeader.promise;
    if (this.#isClosed) throw new RpcError('SERVICE_CLOSED', 'the cluster is closed');
    const gateway = this.#gateway ?? this.#connect(this.#leader!);
    this.#gateway = gateway;
    gateway.catch(() => {
      if (this.#gateway === gateway) this.#gateway = undefined;
    });
    return gateway;
  }

  close(): void {
    this.#isClosed = true;
    this.#retrieval.stop();
    this.#wake();
  }

  #wake(): void {
    this.#nextLeader.resolve();
    this.#nextLeader = deferred();
  }
}
