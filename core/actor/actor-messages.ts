/** Keeps a class of messages from being matched by objects that only look like it. */
declare const brand: unique symbol;

/** The type of {@link PoisonPill}. */
export interface PoisonPill {
  readonly [brand]: 'PoisonPill';
}

/**
 * Told to any actor: stops it when its turn comes, after everything told before (Akka PoisonPill).
 * `stop(ref)` does not wait for what is in the mailbox.
 */
export const PoisonPill = Object.freeze({ toString: () => 'PoisonPill' }) as PoisonPill;

/** Told to any actor or selection: answered with an `ActorIdentity` (Akka Identify). */
export class Identify {
  declare readonly [brand]: 'Identify';
  /** Comes back in the answer, so that many questions can be told apart. */
  readonly messageId: unknown;

  constructor(messageId: unknown) {
    this.messageId = messageId;
  }
}

/** Messages that every actor answers by itself; they never reach `onReceive`. */
export type AutoMessage = PoisonPill | Identify;

/**
 * Says that something went wrong (Akka Status.Failure): what `pipe` tells for a rejected promise,
 * and what an actor answers to make an ask reject with `HANDLER_FAILED`.
 */
export class Failure {
  declare readonly [brand]: 'Failure';
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
