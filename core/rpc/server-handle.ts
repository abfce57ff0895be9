import { inspect } from 'node:util';
import { threadOf } from '../actor/cell.js';
import type { ActorRef } from '../actor/actor-ref.js';
import { ignoreRejection } from '../base/deferred.js';
import { isRpcError } from '../errors/rpc-error.js';
import { EndpointRef } from './endpoint-ref.js';
import { type CurrentToken, type FencingToken, FollowedToken } from './fencing.js';
import type { GatewayContract, GatewayOf, MethodTable } from './gateway.js';
import type { RpcInvocation } from './rpc-invocation.js';
import type { RpcServer } from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import type { ServerLives } from './server-book.js';
import type { CreatedEndpoint } from './system-contracts.js';
import { withRoom } from './with-room.js';

/**
 * An {@link RpcServer} that reaches its endpoint through the agent of the endpoint's thread, and
 * follows it from life to life when that thread is started again.
 */
export class ServerHandle implements RpcServer {
  readonly #rpcThread: RpcThread;
  readonly #lives: ServerLives;
  /** Of a fenced endpoint: what its self gateways carry, and in which life. */
  #fenced: { readonly created: CreatedEndpoint; readonly token: CurrentToken } | undefined;
  /** Closes that were not refused: while there are any, a life that begins is ended. */
  #closers = 0;
  /** Of the life at hand; made when it is asked for. */
  #ref: EndpointRef | undefined;
  /** Made when it is asked for: there may be very many handles. */
  #termination: Promise<void> | undefined;

  constructor(rpcThread: RpcThread, lives: ServerLives) {
    this.#rpcThread = rpcThread;
    this.#lives = lives;
    this.#currentToken();
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
    const token = this.#currentToken();
    return this.#rpcThread.gatewayTo(this.#created, contract, token) as GatewayOf<
      GatewayContract<M>
    >;
  }

  async close(): Promise<void> {
    this.#closers++;
    const ended = this.terminationFuture;
    try {
      await this.#terminate();
    } catch (error) {
      this.#closers--;
      throw error;
    }
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toJSON(): object {
    const { endpointId, address, thread } = this;
    return { endpointId, address, thread };
  }

  [inspect.custom](): string {
    return `RpcServer ${this.address} (thread ${this.thread})`;
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

  /** Nobody is there to be refused: who closed it was told that it ends. */
  #terminateWithRoom(): void {
    const { clock } = this.#rpcThread.thread;
    ignoreRejection(withRoom(clock, () => this.#terminate()));
  }

  async #follow(): Promise<void> {
    for (let known = this.#created; ; ) {
      const next = await this.#lives.lifeAfter(known);
      if (next === null) return;
      known = next;
      this.#currentToken();
      if (this.#closers > 0) this.#terminateWithRoom();
    }
  }

  get #created(): CreatedEndpoint {
    return this.#lives.created;
  }

  /**
   * That of the life at hand: on the endpoint's thread its own, elsewhere one that is told of each
   * change.
   */
  #currentToken(): CurrentToken | undefined {
    const { created } = this.#lives;
    if (!created.isFenced) return undefined;
    if (this.#fenced?.created !== created) {
      this.#fenced = { created, token: this.#tokenIn(created) };
    }
    return this.#fenced.token;
  }

  #tokenIn({ recipient, incarnation, fencingToken }: CreatedEndpoint): CurrentToken {
    const { fence } = this.#rpcThread.endpointAt(recipient, incarnation) ?? {};
    if (fence) return fence;
    const { agent } = this.#lives;
    const { clock } = this.#rpcThread.thread;
    const token = new FollowedToken(fencingToken);
    const follow = async (): Promise<void> => {
      let known = fencingToken;
      for (;;) {
        const before = known;
        const ask = (): Promise<FencingToken | null> =>
          agent.tokenAfter(recipient, incarnation, before);
        try {
          // Without a detour: who is told of a change right behind us finds the new token here.
          known = await ask();
        } catch {
          known = await withRoom(clock, ask);
        }
        token.set(known);
      }
    };
    // Ends with the endpoint.
    ignoreRejection(follow());
    return token;
  }
}
