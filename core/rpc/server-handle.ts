import { threadOf } from '../actor/cell.js';
import type { ActorRef } from '../actor/actor-ref.js';
import { ignoreRejection } from '../base/deferred.js';
import { isRpcError } from '../errors/rpc-error.js';
import { EndpointRef } from './endpoint-ref.js';
import { type CurrentToken, FollowedToken } from './fencing.js';
import type { GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { RpcInvocation } from './rpc-invocation.js';
import type { RpcServer } from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import type { ServerLives } from './server-book.js';
import type { CreatedEndpoint } from './system-contracts.js';

/**
 * An {@link RpcServer} that reaches its endpoint through the agent of the endpoint's thread, and
 * follows it from life to life when that thread is started again.
 */
export class ServerHandle implements RpcServer {
  readonly #rpcThread: RpcThread;
  readonly #lives: ServerLives;
  /** Of a fenced endpoint: what its self gateways carry. */
  #token: CurrentToken | undefined;
  #isClosing = false;
  /** Of the life at hand; made when it is asked for. */
  #ref: EndpointRef | undefined;
  /** Made when it is asked for: there may be very many handles. */
  #termination: Promise<void> | undefined;

  constructor(rpcThread: RpcThread, lives: ServerLives) {
    this.#rpcThread = rpcThread;
    this.#lives = lives;
    if (lives.created.isFenced) this.#token = this.#currentToken(lives.created);
    if (lives.created.isFenced || !lives.isUpToDate) void this.terminationFuture;
  }

  get endpointId(): string {
    return this.#created.endpointId;
  }

  get address(): string {
    return this.#rpcThread.addressOf(this.endpointId);
  }

  get thread(): number | 'home' {
    const thread = threadOf(this.#created.recipient);
    return thread === 0 ? 'home' : thread - 1;
  }

  get terminationFuture(): Promise<void> {
    if (this.#termination) return this.#termination;
    this.#termination = this.#follow();
    ignoreRejection(this.#termination);
    return this.#termination;
  }

  get ref(): ActorRef<RpcInvocation> {
    const { created, agent } = this.#lives;
    if (this.#ref?.created !== created) {
      this.#ref = new EndpointRef({ rpcThread: this.#rpcThread, server: this, created, agent });
    }
    return this.#ref;
  }

  start(): Promise<void> {
    const { agent, created } = this.#lives;
    return agent.start(created.recipient, created.incarnation);
  }

  stop(): Promise<void> {
    const { agent, created } = this.#lives;
    return agent.pause(created.recipient, created.incarnation);
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
    const ended = this.terminationFuture;
    await this.#terminate();
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Between two lives it reaches nobody; the next life is told when it begins. */
  async #terminate(): Promise<void> {
    const { agent, created } = this.#lives;
    try {
      await agent.terminate(created.recipient, created.incarnation);
    } catch (error) {
      // Nobody was asked, so nothing would end. All other failures are those of the future.
      if (isRpcError(error) && error.code === 'MAILBOX_FULL') throw error;
    }
  }

  async #follow(): Promise<void> {
    for (let known = this.#created; ; ) {
      const next = await this.#lives.lifeAfter(known);
      if (next === null) return;
      known = next;
      this.#token = this.#currentToken(next);
      if (this.#isClosing) ignoreRejection(this.#terminate());
    }
  }

  get #created(): CreatedEndpoint {
    return this.#lives.created;
  }

  /** On the endpoint's thread its own, elsewhere one that is told of each change. */
  #currentToken(created: CreatedEndpoint): CurrentToken | undefined {
    if (!created.isFenced) return undefined;
    const { recipient, incarnation, fencingToken } = created;
    const { fence } = this.#rpcThread.endpointAt(recipient, incarnation) ?? {};
    if (fence) return fence;
    const { agent } = this.#lives;
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
