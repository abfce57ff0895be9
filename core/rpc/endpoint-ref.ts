import { Failure, Identify, PoisonPill } from '../actor/actor-messages.js';
import {
  ActorRef,
  type AnyActorRef,
  type Asker,
  askerOf,
  type DistantWatch,
  failAsk,
  offer,
  stopActor,
  watchFrom,
} from '../actor/actor-ref.js';
import { ActorIdentity } from '../actor/actor-signals.js';
import { ThreadAsker } from '../actor/thread-asker.js';
import { referenceAddress } from '../codec/value-references.js';
import { RpcError } from '../errors/rpc-error.js';
import { defineGateway, type MethodTable } from './gateway.js';
import { RpcInvocation } from './rpc-invocation.js';
import type { RpcServer } from './rpc-service.js';
import type { RpcThread } from './rpc-thread.js';
import type { AgentGateway, CreatedEndpoint } from './system-contracts.js';
import { withRoom } from './with-room.js';

/** What the reference of one life of an endpoint is made of. */
export interface EndpointRefParts {
  readonly rpcThread: RpcThread;
  readonly server: RpcServer;
  readonly created: CreatedEndpoint;
  readonly agent: AgentGateway;
}

type Method = (...args: readonly unknown[]) => PromiseLike<unknown> | undefined;

/**
 * The actor behind an endpoint (Flink AkkaBasedEndpoint.getActorRef): takes calls as messages and
 * answers their results to the sender. It is that of one life, and belongs to the thread that has
 * the server.
 */
export class EndpointRef extends ActorRef<RpcInvocation> {
  readonly path: string;
  readonly uid: number;
  readonly #rpcThread: RpcThread;
  readonly #server: RpcServer;
  readonly #agent: AgentGateway;
  /** The life that it is the reference of. */
  readonly created: CreatedEndpoint;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<() => void>();
  #isAsking = false;

  constructor({ rpcThread, server, created, agent }: EndpointRefParts) {
    super();
    this.#agent = agent;
    this.created = created;
    this.uid = created.incarnation >>> 0;
    this.path = `${server.address}#${this.uid}`;
    this.#rpcThread = rpcThread;
    this.#server = server;
    this.#names = new Set(created.methods.map(({ name }) => name));
    const methods = created.methods.map(({ name, kind }) => [name, { kind, options: {} }]);
    const table = Object.fromEntries(methods) as MethodTable;
    const contract = defineGateway(created.contracts[0]!, table);
    this.#methods = server.getSelfGateway(contract);
  }

  /** @internal */
  override get [referenceAddress](): string {
    const text = `${this.path} stays on its thread: send server.address, and connect to it there`;
    throw new RpcError('NOT_SERIALIZABLE', text);
  }

  /** @internal */
  override get [askerOf](): Asker {
    const { thread } = this.#rpcThread;
    return new ThreadAsker({
      thread,
      recipients: new Map(),
      nextUid: () => 0,
      format: () => `${this.#server.address}/ask`,
    });
  }

  tell(
    message: RpcInvocation | PoisonPill | Identify,
    sender: AnyActorRef = ActorRef.noSender,
  ): void {
    if (message === PoisonPill) return this[stopActor]();
    if (message instanceof Identify) {
      const identity = new ActorIdentity(message.messageId, this);
      return (sender as ActorRef<unknown>)[offer](identity, this);
    }
    if (!(message instanceof RpcInvocation) || !this.#names.has(message.method)) {
      return this.#unhandled(message, sender);
    }
    const result = this.#methods[message.method]!(...message.args);
    const to = sender as ActorRef<unknown>;
    result?.then(
      (value) => to[offer](value, this),
      (error: unknown) => to[offer](new Failure(error), this),
    );
  }

  /** @internal */
  override [watchFrom](onEnd: () => void): DistantWatch {
    // Its own closure, so that one function may watch twice.
    const watcher = (): void => onEnd();
    this.#watchers.add(watcher);
    if (!this.#isAsking) this.#askForEnd();
    return { release: () => void this.#watchers.delete(watcher) };
  }

  /** One ask for all watchers that come and go: it waits for as long as the endpoint lives. */
  #askForEnd(): void {
    this.#isAsking = true;
    const { recipient, incarnation } = this.created;
    const { clock } = this.#rpcThread.thread;
    const hasEnded = async (): Promise<boolean> => {
      if (this.#watchers.size === 0) return false;
      await this.#agent.termination(recipient, incarnation);
      return true;
    };
    const onAnswer = (isOver: boolean): void => {
      this.#isAsking = false;
      if (!isOver && this.#watchers.size > 0) return this.#askForEnd();
      const watchers = [...this.#watchers];
      this.#watchers.clear();
      for (const watcher of watchers) watcher();
    };
    // Refused for want of room, nothing is known of its end; all other failures are its end.
    withRoom(clock, hasEnded).then(onAnswer, () => onAnswer(true));
  }

  /** @internal */
  override [stopActor](): void {
    // Its failure is that of the termination future.
    this.#server.close().catch(() => {});
  }

  #unhandled(message: unknown, sender: AnyActorRef): void {
    const { deadLetters } = this.#rpcThread.thread;
    deadLetters.add({ reason: 'unhandled', path: this.path, message, sender });
    const text = `${this.path} takes an RpcInvocation of: ${[...this.#names].join(', ')}`;
    sender[failAsk](new RpcError('UNKNOWN_METHOD', text, { endpoint: this.path }));
  }
}
