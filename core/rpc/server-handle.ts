import { threadOf } from '../actor/cell.js';
import type { ActorRef } from '../actor/actor-ref.js';
import { ignoreRejection } from '../base/deferred.js';
import { EndpointRef } from './endpoint-ref.js';
import { type CurrentToken, FollowedToken } from './fencing.js';
import type { GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { RpcInvocation } from './rpc-invocation.js';
import type { RpcServer } from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import { AGENT_SLOT, AgentGateway, type CreatedEndpoint } from './system-contracts.js';

/** An {@link RpcServer} that reaches its endpoint through the agent of the endpoint's thread. */
export class ServerHandle implements RpcServer {
  readonly address: string;
  readonly endpointId: string;
  readonly thread: number | 'home';
  readonly terminationFuture: Promise<void>;
  readonly #rpcThread: RpcThread;
  readonly #created: CreatedEndpoint;
  readonly #agent: AgentGateway;
  /** Of a fenced endpoint: what its self gateways carry. */
  readonly #token: CurrentToken | undefined;

  #ref: EndpointRef | undefined;

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
    if (created.isFenced) this.#token = this.#currentToken(created);
  }

  get ref(): ActorRef<RpcInvocation> {
    this.#ref ??= new EndpointRef(this.#rpcThread, this, this.#created);
    return this.#ref;
  }

  start(): Promise<void> {
    return this.#agent.start(this.#created.recipient, this.#created.incarnation);
  }

  stop(): Promise<void> {
    return this.#agent.pause(this.#created.recipient, this.#created.incarnation);
  }

  getSelfGateway<M extends MethodTable>(
    contract: GatewayContract<M>,
  ): GatewayOf<GatewayContract<M>> {
    return this.#rpcThread.gatewayTo(this.#created, contract, this.#token) as GatewayOf<
      GatewayContract<M>
    >;
  }

  async close(): Promise<void> {
    const { recipient, incarnation } = this.#created;
    const terminated = this.#agent.terminate(recipient, incarnation);
    ignoreRejection(terminated);
    await this.terminationFuture;
  }

  /** On the endpoint's thread its own, elsewhere one that is told of each change. */
  #currentToken(created: CreatedEndpoint): CurrentToken {
    const { recipient, incarnation, fencingToken } = created;
    const { fence } = this.#rpcThread.endpoints.get(recipient) ?? {};
    if (fence) return fence;
    const token = new FollowedToken(fencingToken);
    const follow = async (): Promise<void> => {
      let known = fencingToken;
      for (;;) {
        known = await this.#agent.tokenAfter(recipient, incarnation, known);
        token.set(known);
      }
    };
    // Ends with the endpoint.
    ignoreRejection(follow());
    return token;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
