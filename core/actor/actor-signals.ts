import type { ActorRef, AnyActorRef } from './actor-ref.js';

declare const brand: unique symbol;

/** The answer to an `Identify` (Akka ActorIdentity). */
export class ActorIdentity {
  declare readonly [brand]: 'ActorIdentity';
  /** The `messageId` of the question. */
  readonly correlationId: unknown;
  /** Who lives there; undefined when nobody does. */
  readonly ref: ActorRef<unknown> | undefined;

  constructor(correlationId: unknown, ref: ActorRef<unknown> | undefined) {
    this.correlationId = correlationId;
    this.ref = ref;
  }
}

/** Told to watchers when an actor has stopped for good, after its `onStop` (Akka Terminated). */
export class Terminated {
  declare readonly [brand]: 'Terminated';
  readonly actor: AnyActorRef;

  constructor(actor: AnyActorRef) {
    this.actor = actor;
  }
}
