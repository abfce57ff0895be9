import { RpcError } from '../errors/rpc-error.js';
import type { Identify } from './actor-messages.js';
import { type ActorRef, type AnyActorRef, askerOf } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import type { ActorIdentity } from './actor-signals.js';

/** Carries the type of an answer; exists for the compiler only. */
declare const reply: unique symbol;

/**
 * Declares what a message is answered with, so that `ask` knows it:
 * `type Get = { readonly kind: 'get' } & Expects<number>`. The compiler does not hold the receiver
 * to it.
 */
export interface Expects<Reply> {
  readonly [reply]?: (answer: Reply) => Reply;
}

/** The answer that is declared for `Told`, a message among those of `M`; otherwise unknown. */
export type ReplyTo<M, Told> = Told extends unknown
  ? M extends unknown
    ? Told extends M
      ? typeof reply extends keyof M
        ? M extends Expects<infer Reply>
          ? Reply
          : unknown
        : unknown
      : never
    : never
  : never;

/** Asks an actor who it is: the reference, or undefined in it when nobody lives there. */
export function ask(
  target: AnyActorRef | ActorSelection,
  message: Identify,
  timeoutMs: number,
): Promise<ActorIdentity>;
/**
 * Tells a message and waits for what the receiver tells its sender (Akka ask). What comes back is
 * what the message declares by {@link Expects}, otherwise theirs to agree on. Rejects with
 * `TIMEOUT`; at once with `HANDLER_FAILED` (the receiver failed, or answered a `Failure`),
 * `UNKNOWN_METHOD` (unhandled), `RECIPIENT_UNREACHABLE`, `MAILBOX_FULL`, and, when it lives
 * elsewhere, `NOT_SERIALIZABLE`, `THREAD_TERMINATED`, `PEER_LOST`, `CONNECTION_FAILED`;
 * `SERVICE_CLOSED`. `timeoutMs` 0 waits for ever.
 */
export function ask<M, const Told extends M>(
  target: ActorRef<M>,
  message: Told,
  timeoutMs: number,
): Promise<ReplyTo<M, Told>>;
/** As above, for a selection; the first answer counts. */
export function ask(target: ActorSelection, message: unknown, timeoutMs: number): Promise<unknown>;
export function ask(
  target: AnyActorRef | ActorSelection,
  message: unknown,
  timeoutMs: number,
): Promise<unknown> {
  const asker = target[askerOf];
  if (asker) return asker.ask(target, message, timeoutMs);
  const text = `${target.path} cannot be asked: it is no actor`;
  return Promise.reject(new RpcError('RECIPIENT_UNREACHABLE', text, { effect: 'none' }));
}
