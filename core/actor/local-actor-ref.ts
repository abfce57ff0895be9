import type { RpcError } from '../errors/rpc-error.js';
import type { AutoMessage } from './actor-messages.js';
import {
  ActorRef,
  type AnyActorRef,
  type Asker,
  askerOf,
  type DistantWatch,
  offer,
  stopActor,
  watchFrom,
} from './actor-ref.js';
import type { DeadLetters } from './dead-letters.js';
import type { DeathWatch } from './death-watch.js';

/** What stands behind a reference of this thread. */
export interface LocalRecipient {
  readonly asker: Asker;
  readonly deathWatch: DeathWatch;
  /** Why nothing more is taken now; undefined when there is room. */
  fullness(): RpcError | undefined;
  /** Takes a message of any type; one that comes too late becomes a dead letter. */
  accept(message: unknown, sender: AnyActorRef): void;
  /** Makes a dead letter of a message that is not taken. */
  refuse(message: unknown, sender: AnyActorRef, error: RpcError): void;
  /** Stops the actor when its message at hand is done. */
  stop(): void;
}

/** A reference to an actor of this thread: messages go by reference, as in Akka. */
export class LocalActorRef<M> extends ActorRef<M> {
  readonly path: string;
  readonly uid: number;
  readonly #recipient: LocalRecipient;

  constructor(path: string, uid: number, recipient: LocalRecipient) {
    super();
    this.path = path;
    this.uid = uid;
    this.#recipient = recipient;
  }

  /** @internal */
  override get [askerOf](): Asker {
    return this.#recipient.asker;
  }

  tell(message: M | AutoMessage, sender: AnyActorRef = ActorRef.noSender): void {
    const error = this.#recipient.fullness();
    if (error) throw error;
    this.#recipient.accept(message, sender);
  }

  /** @internal */
  override [offer](message: M | AutoMessage, sender: AnyActorRef): void {
    const error = this.#recipient.fullness();
    if (error) this.#recipient.refuse(message, sender, error);
    else this.#recipient.accept(message, sender);
  }

  /** @internal */
  override [watchFrom](onEnd: () => void): DistantWatch {
    return this.#recipient.deathWatch.addWatcher(onEnd);
  }

  /** @internal */
  override [stopActor](): void {
    this.#recipient.stop();
  }
}

/** Stands for nobody in a system: what it is told becomes a dead letter (Akka deadLetters). */
export class DeadLetterRef extends ActorRef<unknown> {
  readonly path: string;
  readonly uid = 0;
  readonly #deadLetters: DeadLetters;

  constructor(path: string, deadLetters: DeadLetters) {
    super();
    this.path = path;
    this.#deadLetters = deadLetters;
  }

  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    this.#deadLetters.add({ reason: 'unreachable', path: this.path, message, sender });
  }
}
