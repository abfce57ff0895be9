import { RpcError } from '../errors/rpc-error.js';
import type { ActorRef, AnyActorRef } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import type { Terminated } from './actor-signals.js';
import type { DeadLetters } from './dead-letters.js';
import { DEFAULT_STRATEGY, type SupervisorStrategy } from './supervision.js';

/** Makes actors and finds them: a system, or an actor for its children. */
export interface ActorFactory {
  /**
   * Makes an actor; it is constructed in its own first turn, before its first message. Throws
   * `DUPLICATE_ENDPOINT` for a name that is taken, `INVALID_ARGUMENT` for one that cannot be used,
   * `INVALID_STATE` when the parent stops, `SERVICE_CLOSED`.
   */
  actorOf<M>(props: Props<M>, name?: string): ActorRef<M>;
  /** Actors by absolute or relative path; see {@link ActorSelection}. */
  actorSelection(path: string): ActorSelection;
  /** Stops an actor when its message at hand is done; what waits behind becomes dead letters. */
  stop(ref: AnyActorRef): void;
}

/** All actors of one name space and what they share (Akka ActorSystem). */
export interface ActorSystem extends ActorFactory, AsyncDisposable {
  readonly name: string;
  /** Messages that reached nobody, with a subscription. */
  readonly deadLetters: DeadLetters;
  /** Ends when every actor has stopped; rejects with the failure that was escalated to the top. */
  readonly terminationFuture: Promise<void>;
  /** Resolves when half of `backlogLimit` is free: how a producer of tells paces itself. */
  ready(): Promise<void>;
  /** Stops every actor, children first, and fails open asks. Closing twice is one closing. */
  close(): Promise<void>;
}

/** What an actor sees of its surroundings in one turn; it may keep it over an await. */
export interface ActorContext<in M> extends ActorFactory {
  readonly self: ActorRef<M>;
  /** Who sent the message at hand; dead letters when nobody did. What it takes, both must know. */
  readonly sender: ActorRef<unknown>;
  readonly system: ActorSystem;
  readonly parent: AnyActorRef;
  readonly children: readonly AnyActorRef[];
  /** Asks for one `Terminated` when `ref` stops, now if it has; only for who takes `Terminated`. */
  watch(this: { readonly self: ActorRef<Terminated> }, ref: AnyActorRef): void;
  /** Takes it back, also when `Terminated` is in the mailbox already. */
  unwatch(ref: AnyActorRef): void;
}

/** What the engine gives an actor while it constructs it. */
export interface ActorHome {
  unhandled(message: unknown): void;
}

let underConstruction: ActorHome | undefined;

/** Constructs an actor with its home in place. */
export function constructActor<T>(home: ActorHome, construct: () => T): T {
  underConstruction = home;
  try {
    return construct();
  } finally {
    underConstruction = undefined;
  }
}

/**
 * Base class of actors (Akka AbstractActor). `M` is the union of the messages that it takes. Its
 * turns run one at a time on the thread of its system; when one is async, the next message is let
 * in while it waits, and its rejection is a failure like any other.
 */
export abstract class Actor<M> {
  readonly #home: ActorHome;

  constructor() {
    if (underConstruction === undefined) {
      const text = 'an actor is made by actorOf(Props.of(Class, ...args)), not by new';
      throw new RpcError('INVALID_STATE', text);
    }
    this.#home = underConstruction;
    underConstruction = undefined;
  }

  /** Handles one message; a failure goes to the supervisor, and to the asker if there is one. */
  abstract onReceive(message: M, context: ActorContext<M>): void | Promise<void>;

  /** Runs in the first turn of each instance; failing stops the actor. */
  onStart(_context: ActorContext<M>): void {}

  /** Runs once for each instance, after its children have stopped: at a restart and at the end. */
  onStop(_context: ActorContext<M>): void {}

  /** How failures of children are dealt with. */
  supervisorStrategy(): SupervisorStrategy {
    return DEFAULT_STRATEGY;
  }

  /** Says that this actor has no use for a message: a dead letter, and an ask fails at once. */
  protected unhandled(message: unknown): void {
    this.#home.unhandled(message);
  }
}

/** A recipe for an actor, used once for each of its instances (Akka Props). */
export class Props<in M> {
  /** Constructs one instance. */
  readonly create: () => Actor<M>;
  /** Name of the class, for messages. */
  readonly className: string;

  private constructor(create: () => Actor<M>, className: string) {
    this.create = create;
    this.className = className;
  }

  /** A class and the arguments of its constructor. */
  static of<M, Args extends readonly unknown[]>(
    actorClass: new (...args: Args) => Actor<M>,
    ...args: Args
  ): Props<M> {
    return new Props(() => new actorClass(...args), actorClass.name);
  }
}
