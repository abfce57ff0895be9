import {
  type Deferred,
  deferred,
  type LeaderInformation,
  type LeaderRetrieval,
} from '../core/internal.js';
import { RpcError } from '../index.js';

/**
 * Finds gateways to whoever leads (Flink LeaderGatewayRetriever). Each is connected when it is
 * asked for, which is seldom: one that was kept may have lost its connection while its leader
 * goes on.
 */
export class GatewayRetriever<Gateway> {
  readonly #retrieval: LeaderRetrieval;
  readonly #connect: (leader: LeaderInformation) => Promise<Gateway>;
  #leader: LeaderInformation | undefined;
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
      this.#wake();
    });
  }

  /** Waits for a leader if there is none; fails with `SERVICE_CLOSED` once closed. */
  async gateway(): Promise<Gateway> {
    while (!this.#leader && !this.#isClosed) await this.#nextLeader.promise;
    if (this.#isClosed) throw new RpcError('SERVICE_CLOSED', 'the cluster is closed');
    return this.#connect(this.#leader!);
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
