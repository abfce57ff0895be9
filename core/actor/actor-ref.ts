import { referenceAddress } from '../codec/value-references.js';
import { RpcError } from '../errors/rpc-error.js';
import type { AutoMessage } from './actor-messages.js';

/** Makes asks on behalf of code outside of actors; one a system. */
export interface Asker {
  /** Tells `message` by way of `tell`, with a sender whose answer settles the promise. */
  ask(target: AskTarget, message: unknown, timeoutMs: number): Promise<unknown>;
}

/** Whom an ask goes to: a reference or a selection. */
export interface AskTarget {
  readonly path: string;
  tell(message: never, sender?: AnyActorRef): void;
}

/** The asker of a reference's system; undefined where there is none. */
export const askerOf: unique symbol = Symbol('ringlane.asker');
/** Fails the ask that waits behind a sender; nothing when the sender is an actor. */
export const failAsk: unique symbol = Symbol('ringlane.failAsk');
/** Tells the ask that waits behind a sender, if one does, that its message goes to several. */
export const shareAsk: unique symbol = Symbol('ringlane.shareAsk');
/** As `tell`, for the engine's own answers: a refusal becomes a dead letter, it never throws. */
export const offer: unique symbol = Symbol('ringlane.offer');

/** Has a callback run when the actor has stopped; see {@link DistantWatch}. */
export const watchFrom: unique symbol = Symbol('ringlane.watchFrom');
/** Stops the actor when its message at hand is done. */
export const stopActor: unique symbol = Symbol('ringlane.stopActor');

/** A watch that can be taken back. */
export interface DistantWatch {
  release(): void;
}

/** Any reference: what it takes is not known to the compiler. */
export type AnyActorRef = ActorRef<never>;

/**
 * The address of one incarnation of an actor that takes messages `M` (Akka ActorRef). It stays
 * valid over restarts, and is never that of a successor with the same name.
 */
export abstract class ActorRef<in M> {
  /** Nobody: the sender of messages from outside of actors. It cannot be told anything. */
  static readonly noSender: ActorRef<unknown> = new (class NoSender extends ActorRef<unknown> {
    readonly path = 'ringlane://none/noSender';
    readonly uid = 0;

    tell(): void {
      throw new RpcError('RECIPIENT_UNREACHABLE', 'noSender is nobody and takes no messages');
    }
  })();

  /** Where it lives, with the uid of its incarnation: `ringlane://name/user/echo#1706391`. */
  abstract readonly path: string;
  /** Number of this incarnation, unique in its system; the part of the path behind `#`. */
  abstract readonly uid: number;
  /**
   * It travels as its path, and arrives as a reference.
   * @internal
   */
  get [referenceAddress](): string {
    return this.path;
  }

  /** @internal */
  get [askerOf](): Asker | undefined {
    return undefined;
  }

  /**
   * Sends and forgets: at most once, in order for each pair of sender and receiver, never
   * re-entrant. Throws `MAILBOX_FULL`; a receiver that is gone makes a dead letter instead.
   */
  abstract tell(message: M | AutoMessage, sender?: AnyActorRef): void;

  /** As `tell`, but the receiver sees the sender of the message at hand, not this actor. */
  forward(message: M | AutoMessage, context: { readonly sender: AnyActorRef }): void {
    this.tell(message, context.sender);
  }

  /** True for the same incarnation of the same actor. */
  equals(other: unknown): boolean {
    return other instanceof ActorRef && other.path === this.path;
  }

  /** Order by path, then by incarnation: negative, 0 or positive. */
  compareTo(other: AnyActorRef): number {
    const [own, its] = [pathOf(this), pathOf(other)];
    if (own !== its) return own < its ? -1 : 1;
    return this.uid - other.uid;
  }

  /** The last part of the path. */
  get name(): string {
    const path = pathOf(this);
    return path.slice(path.lastIndexOf('/') + 1);
  }

  toString(): string {
    return `Actor[${this.path}]`;
  }

  /** What a log shows; in a message to an actor elsewhere it travels as a reference. */
  toJSON(): string {
    return this.path;
  }

  /** @internal */
  [failAsk](_error: RpcError): void {}

  /** @internal */
  [shareAsk](_count: number): void {}

  /**
   * Calls `onEnd` once when the actor has stopped, now if it has; with an error when that cannot be
   * found out.
   * @internal
   */
  [watchFrom](_onEnd: (error?: unknown) => void): DistantWatch {
    throw notAnActor(this);
  }

  /** @internal */
  [stopActor](): void {
    throw notAnActor(this);
  }

  /** @internal */
  [offer](message: M | AutoMessage, sender: AnyActorRef): void {
    if (this !== (ActorRef.noSender as AnyActorRef)) this.tell(message, sender);
  }
}

function notAnActor(ref: AnyActorRef): RpcError {
  const text = `${ref.path} is no actor: it cannot be watched and not be stopped`;
  return new RpcError('INVALID_ARGUMENT', text);
}

/** The path of a reference without its incarnation. */
export function pathOf(ref: AnyActorRef): string {
  const hash = ref.path.lastIndexOf('#');
  return hash < 0 ? ref.path : ref.path.slice(0, hash);
}
