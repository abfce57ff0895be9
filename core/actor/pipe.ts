import { Failure } from './actor-messages.js';
import { ActorRef, type AnyActorRef, offer } from './actor-ref.js';

/** A promise on its way to an actor. */
export interface Pipe<T> {
  /** Tells `ref` the value when there is one, or a {@link Failure} with what went wrong. */
  to(ref: ActorRef<T | Failure>, sender?: AnyActorRef): void;
}

/** Brings the outcome of a promise into the mailbox of an actor (Akka pipe). */
export function pipe<T>(promise: PromiseLike<T>): Pipe<T> {
  return {
    to(ref, sender = ActorRef.noSender) {
      Promise.resolve(promise).then(
        (value) => ref[offer](value, sender),
        (error: unknown) => ref[offer](new Failure(error), sender),
      );
    },
  };
}
