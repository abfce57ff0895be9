import { threadOf } from '../actor/cell.js';
import { ignoreRejection } from '../base/deferred.js';
import type { GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { RpcThread } from './rpc-thread.js';
import { AGENT_SLOT, AgentGateway, type CreatedEndpoint } from './system-contracts.js';

/**
 * The handle of an endpoint for whoever started it (Flink RpcServer): starts and stops it, wherever
 * it lives, and knows when it has ended.
 */
export class RpcServer {
  readonly address: string;
  readonly endpointId: string;
  /** Worker thread by number from 0, or `home`. */
  readonly thread: number | 'home';
  /**
   * Ends when the endpoint has terminated: after `onStop`, or with `THREAD_TERMINATED`; rejects
   * with what made it fail.
   */
  readonly terminationFuture: Promise<void>;
  readonly #rpcThread: RpcThread;
  readonly #created: CreatedEndpoint;
  readonly #agent: AgentGateway;

  constructor(rpcThread: RpcThread, created: CreatedEndpoint) {
    this.#rpcThread = rpcThread;
    this.#created = created;
    this.endpointId = created.endpointId;
    this.address = rpcThread.addressOf(created.endpointId);
    const thread = threadOf(created.recipient);
    this.thread = thread === 0 ? 'home' : thread - 1;
    this.#agent = rpcThread.systemGateway(AgentGateway, thread, AGENT_SLOT);
    const { recipient, incarnation } = created;
    this.terminationFuture = this.#agent.termination(recipient, incarnation);
    ignoreRejection(this.terminationFuture);
  }

  /** Runs `onStart`; resolves when the endpoint serves. A failure terminates the endpoint. */
  start(): Promise<void> {
    return this.#agent.start(this.#created.recipient, this.#created.incarnation);
  }

  /** Back to STOPPED: calls are refused until the next start. */
  stop(): Promise<void> {
    return this.#agent.pause(this.#created.recipient, this.#created.incarnation);
  }

  /** A gateway to the endpoint with the right fencing token (Flink getSelfGateway). */
  getSelfGateway<M extends MethodTable>(
    contract: GatewayContract<M>,
  ): GatewayOf<GatewayContract<M>> {
    return this.#rpcThread.gatewayTo(this.#created, contract) as GatewayOf<GatewayContract<M>>;
  }

  /** Terminates the endpoint: resources, `onStop`, then the future ends. Closing twice is one. */
  async close(): Promise<void> {
    const { recipient, incarnation } = this.#created;
    const terminated = this.#agent.terminate(recipient, incarnation);
    ignoreRejection(terminated);
    await this.terminationFuture;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
