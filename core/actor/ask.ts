import { RpcError } from '../errors/rpc-error.js';
import type { Identify } from './actor-messages.js';
import { type ActorRef, type AnyActorRef, askerOf } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import type { ActorIdentity } from './actor-signals.js';

/** Asks an actor who it is: the reference, or undefined in it when nobody lives there. */
export function ask(
  target: AnyActorRef | ActorSelection,
  message: Identify,
  timeoutMs: number,
): Promise<ActorIdentity>;
/**
 * Tells a message and waits for what the receiver tells its sender (Akka ask). What comes back is
 * theirs to agree on. Rejects with `TIMEOUT`; at once with `HANDLER_FAILED` (the receiver failed,
 * or answered a `Failure`), `UNKNOWN_METHOD` (unhandled), `RECIPIENT_UNREACHABLE`, `MAILBOX_FULL`,
 * `SERVICE_CLOSED`. `timeoutMs` 0 waits for ever.
 */
export function ask<M>(target: ActorRef<M>, message: M, timeoutMs: number): Promise<unknown>;
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
