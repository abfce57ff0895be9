import { RpcError } from '../errors/rpc-error.js';
import type { LocalTask } from '../mailbox/local-queue.js';
import type { ActorContext, ActorSystem, BecomeOptions, PlacedProps, Props } from './actor.js';
import { ActorRef, type AnyActorRef } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import type { Terminated } from './actor-signals.js';
import type { TimerScheduler } from './timers.js';

/** What an actor does with a message. */
export type Receive = (message: unknown, context: ActorContext<unknown>) => unknown;

/** The parts of a cell that its turns use. */
export interface TurnHost {
  readonly self: ActorRef<unknown>;
  readonly system: ActorSystem;
  readonly nobody: ActorRef<unknown>;
  readonly parentRef: AnyActorRef;
  readonly childRefs: readonly AnyActorRef[];
  readonly timers: TimerScheduler<unknown>;
  actorOf(props: Props<never> | PlacedProps<never>, name?: string): unknown;
  actorSelection(path: string): ActorSelection;
  watch(ref: AnyActorRef): void;
  unwatch(ref: AnyActorRef): void;
  become(receive: Receive, options?: BecomeOptions): void;
  unbecome(): void;
  stash(delivery: Delivery): void;
  unstashAll(): void;
  receive(delivery: Delivery): void;
}

/** One turn of an actor, and what it sees in it: the sender stays right after an await. */
export class Turn implements ActorContext<unknown> {
  readonly host: TurnHost;
  /** As it was given; {@link sender} stands in for nobody. */
  readonly rawSender: AnyActorRef;

  constructor(host: TurnHost, sender: AnyActorRef) {
    this.host = host;
    this.rawSender = sender;
  }

  get self(): ActorRef<unknown> {
    return this.host.self;
  }

  get sender(): ActorRef<unknown> {
    const isNobody = this.rawSender === ActorRef.noSender;
    return isNobody ? this.host.nobody : (this.rawSender as ActorRef<unknown>);
  }

  get system(): ActorSystem {
    return this.host.system;
  }

  get parent(): AnyActorRef {
    return this.host.parentRef;
  }

  get children(): readonly AnyActorRef[] {
    return this.host.childRefs;
  }

  get timers(): TimerScheduler<unknown> {
    return this.host.timers;
  }

  actorOf<M>(props: Props<M>, name?: string): ActorRef<M>;
  actorOf<M>(props: PlacedProps<M>, name?: string): Promise<ActorRef<M>>;
  actorOf(props: Props<never> | PlacedProps<never>, name?: string): unknown {
    return this.host.actorOf(props, name);
  }

  actorSelection(path: string): ActorSelection {
    return this.host.actorSelection(path);
  }

  stop(ref: AnyActorRef): void {
    this.host.system.stop(ref);
  }

  watch(this: { readonly self: ActorRef<Terminated> }, ref: AnyActorRef): void {
    (this as Turn).host.watch(ref);
  }

  unwatch(ref: AnyActorRef): void {
    this.host.unwatch(ref);
  }

  become(receive: Receive, options?: BecomeOptions): void {
    this.host.become(receive, options);
  }

  unbecome(): void {
    this.host.unbecome();
  }

  stash(): void {
    throw new RpcError('INVALID_STATE', 'there is no message at hand that could be stashed');
  }

  unstashAll(): void {
    this.host.unstashAll();
  }
}

/** A message waiting for its turn. */
export class Delivery extends Turn implements LocalTask {
  readonly message: unknown;

  constructor(host: TurnHost, message: unknown, sender: AnyActorRef) {
    super(host, sender);
    this.message = message;
  }

  override stash(): void {
    this.host.stash(this);
  }

  run(): void {
    this.host.receive(this);
  }
}
