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

/**
 * An {@link RpcServer} that reaches its endpoint through the agent of the endpoint's thread, and
 * follows it from life to life when that thread is started again.
 */
export class ServerHandle implements RpcServer {
  readonly address: string;
  readonly endpointId: string;
  readonly thread: number | 'home';
  readonly terminationFuture: Promise<void>;
  readonly #rpcThread: RpcThread;
  #created: CreatedEndpoint;
  #agent: AgentGateway;
  /** Of a fenced endpoint: what its self gateways carry. */
  #token: CurrentToken | undefined;
  #isClosing = false;
  /** Of the life at hand; made when it is asked for. */
  #ref: EndpointRef | undefined;

  constructor(rpcThread: RpcThread, created: CreatedEndpoint) {
    this.#rpcThread = rpcThread;
    this.#created = created;
    this.endpointId = created.endpointId;
    this.address = rpcThread.addressOf(created.endpointId);
    const thread = threadOf(created.recipient);
    this.thread = thread === 0 ? 'home' : thread - 1;
    this.#agent = this.#currentAgent();
    this.#token = this.#currentToken(created);
    this.terminationFuture = this.#follow(created);
    ignoreRejection(this.terminationFuture);
  }

  get ref(): ActorRef<RpcInvocation> {
    this.#ref ??= new EndpointRef({
      rpcThread: this.#rpcThread,
      server: this,
      created: this.#created,
      agent: this.#agent,
    });
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
    this.#isClosing = true;
    this.#terminate();
    await this.terminationFuture;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Between two lives it reaches nobody; the next life is told when it begins. */
  #terminate(): void {
    const { recipient, incarnation } = this.#created;
    ignoreRejection(this.#agent.terminate(recipient, incarnation));
  }

  async #follow(first: CreatedEndpoint): Promise<void> {
    const home = this.#rpcThread.home();
    const { endpointId, recipient, incarnation } = first;
    const origin = { recipient, incarnation };
    for (let known = origin; ; ) {
      const next = await home.lifeAfter(endpointId, origin, known);
      if (next === null) return;
      known = { recipient: next.recipient, incarnation: next.incarnation };
      this.#created = next;
      this.#agent = this.#currentAgent();
      this.#token = this.#currentToken(next);
      this.#ref = undefined;
      if (this.#isClosing) this.#terminate();
    }
  }

  #currentAgent(): AgentGateway {
    const thread = threadOf(this.#created.recipient);
    return this.#rpcThread.systemGateway(AgentGateway, thread, AGENT_SLOT);
  }

  /** On the endpoint's thread its own, elsewhere one that is told of each change. */
  #currentToken(created: CreatedEndpoint): CurrentToken | undefined {
    if (!created.isFenced) return undefined;
    const { recipient, incarnation, fencingToken } = created;
    const { fence } = this.#rpcThread.endpoints.get(recipient) ?? {};
    if (fence) return fence;
    const agent = this.#agent;
    const token = new FollowedToken(fencingToken);
    const follow = async (): Promise<void> => {
      let known = fencingToken;
      for (;;) {
        known = await agent.tokenAfter(recipient, incarnation, known);
        token.set(known);
      }
    };
    // Ends with the endpoint.
    ignoreRejection(follow());
    return token;
  }
}
