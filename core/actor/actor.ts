import { checkInteger } from '../config/options.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { ActorRef, AnyActorRef } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import type { Terminated } from './actor-signals.js';
import type { DeadLetters } from './dead-letters.js';
import { DEFAULT_STRATEGY, type SupervisorStrategy } from './supervision.js';
import type { TimerScheduler } from './timers.js';

/** Makes actors and finds them: a system, or an actor for its children. */
export interface ActorFactory {
  /**
   * Makes an actor; it is constructed in its own first turn, before its first message. Throws
   * `DUPLICATE_ENDPOINT` for a name that is taken, `INVALID_ARGUMENT` for one that cannot be used,
   * `INVALID_STATE` when the parent stops, `SERVICE_CLOSED`.
   */
  actorOf<M>(props: Props<M>, name?: string): ActorRef<M>;
  /**
   * Makes an actor on a thread of choice; it has started when the promise resolves. Rejects as the
   * other form throws, with `ENDPOINT_START_FAILED` (loading, constructing, `onStart`), and with
   * `THREAD_TERMINATED`.
   */
  actorOf<M>(props: PlacedProps<M>, name?: string): Promise<ActorRef<M>>;
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

/** Where an actor lives: a worker thread by number, the home thread, or any worker in its turn. */
export type Placement = 'any' | 'home' | number;

/** How a new behaviour relates to the one before. */
export interface BecomeOptions {
  /** False puts the new one on top, and `unbecome` takes it away. Default true: it replaces all. */
  readonly discardOld?: boolean;
}

/** What an actor sees of its surroundings in one turn; it may keep it over an await. */
export interface ActorContext<M> extends ActorFactory {
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
  /**
   * Handles the next messages by `receive` instead of `onReceive`; a restart forgets it. Throws
   * `INVALID_STATE` above 1 024 behaviours.
   */
  become(
    receive: (message: M, context: ActorContext<M>) => void | Promise<void>,
    options?: BecomeOptions,
  ): void;
  /** Back to the behaviour below; to `onReceive` when there is none. */
  unbecome(): void;
  /**
   * Puts the message at hand aside (Akka Stash). Throws `MAILBOX_FULL` when `withStashLimit` are
   * there (4 096), `INVALID_STATE` for a message that is stashed already.
   */
  stash(): void;
  /** Puts the stash back in front of everything that waits; a restart does it too. */
  unstashAll(): void;
  /** Messages to itself, later. */
  readonly timers: TimerScheduler<M>;
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
  /** `import.meta.url` of the file that exports the class; lets any thread load it. */
  static readonly module: string | undefined = undefined;
  /** Name of the export, when it is not the class's own name. */
  static readonly exportName: string | undefined = undefined;

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

  /**
   * Runs in the first turn of each instance; failing stops the actor. The hooks are not awaited:
   * one that is async all the same lets the first messages in, and may fail later.
   */
  onStart(_context: ActorContext<M>): void {}

  /** Runs once for each instance, after its children have stopped: at a restart and at the end. */
  onStop(_context: ActorContext<M>): void {}

  /**
   * Runs in the failed instance before a restart, after its children have stopped; runs `onStop`
   * unless overridden. `message` is what it failed on.
   */
  preRestart(_reason: unknown, _message: unknown, context: ActorContext<M>): void {
    this.onStop(context);
  }

  /** Runs in the new instance after a restart; runs `onStart` unless overridden. */
  postRestart(_reason: unknown, context: ActorContext<M>): void {
    this.onStart(context);
  }

  /** How failures of children are dealt with. */
  supervisorStrategy(): SupervisorStrategy {
    return DEFAULT_STRATEGY;
  }

  /** Says that this actor has no use for a message: a dead letter, and an ask fails at once. */
  protected unhandled(message: unknown): void {
    this.#home.unhandled(message);
  }
}

/** Limits of one actor. */
export interface ActorLimits {
  /** Messages that may wait for it; undefined = `backlogLimit` of its thread. */
  readonly mailbox: number | undefined;
  readonly stash: number;
}

/** How another thread finds the class of an actor, and what it constructs it with. */
export interface ActorOrigin {
  readonly module: string | undefined;
  readonly exportName: string;
  readonly args: readonly unknown[];
}

/** Carries the type of messages; exists for the compiler only. */
declare const messages: unique symbol;

interface PropsParts {
  readonly create: () => Actor<never>;
  readonly origin: ActorOrigin;
  readonly limits: ActorLimits;
}

/** A recipe for an actor, used once for each of its instances (Akka Props). */
export class Props<in M> {
  declare readonly [messages]?: (message: M) => void;
  /** Constructs one instance. */
  readonly create: () => Actor<never>;
  readonly origin: ActorOrigin;
  readonly limits: ActorLimits;

  private constructor({ create, origin, limits }: PropsParts) {
    this.create = create;
    this.origin = origin;
    this.limits = limits;
  }

  /** A class and the arguments of its constructor. */
  static of<M, Args extends readonly unknown[]>(
    actorClass: new (...args: Args) => Actor<M>,
    ...args: Args
  ): Props<M> {
    const { module, exportName } = actorClass as unknown as typeof Actor;
    return new Props({
      create: () => new actorClass(...args) as unknown as Actor<never>,
      origin: { module, exportName: exportName ?? actorClass.name, args },
      limits: { mailbox: undefined, stash: LIMITS.stashedMessages },
    });
  }

  /** At most `limit` messages wait for the actor; past it a tell throws `MAILBOX_FULL`. */
  withMailboxLimit(limit: number): Props<M> {
    const mailbox = checkInteger('mailboxLimit', limit, 1, 1 << 24);
    return this.#with({ ...this.limits, mailbox });
  }

  /** At most `limit` messages are stashed; past it `context.stash()` throws `MAILBOX_FULL`. */
  withStashLimit(limit: number): Props<M> {
    const stash = checkInteger('stashLimit', limit, 1, 1 << 24);
    return this.#with({ ...this.limits, stash });
  }

  /**
   * For a thread of choice, in a system over a service. The class needs `static module`, and the
   * arguments travel as messages do.
   */
  withThread(thread: Placement): PlacedProps<M> {
    return new PlacedProps(this, thread);
  }

  #with(limits: ActorLimits): Props<M> {
    return new Props({ create: this.create, origin: this.origin, limits });
  }
}

/** {@link Props} with a place; `actorOf` answers a promise for it. */
export class PlacedProps<in M> {
  readonly props: Props<M>;
  readonly thread: Placement;

  constructor(props: Props<M>, thread: Placement) {
    this.props = props;
    this.thread = thread;
  }
}
