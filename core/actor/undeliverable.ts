import { RpcError } from '../errors/rpc-error.js';
import { Identify } from './actor-messages.js';
import { ActorRef, type AnyActorRef, failAsk, offer } from './actor-ref.js';
import { ActorIdentity } from './actor-signals.js';
import type { DeadLetters } from './dead-letters.js';

/** A message and where it was to go. */
export interface Undeliverable {
  readonly path: string;
  readonly message: unknown;
  readonly sender: AnyActorRef;
}

/**
 * There is nobody to take a message: an `Identify` is answered with an identity without reference,
 * anything else becomes a dead letter, and an ask fails at once.
 */
export function reachNobody(deadLetters: DeadLetters, letter: Undeliverable, text: string): void {
  const { path, message, sender } = letter;
  if (message instanceof Identify && sender !== ActorRef.noSender) {
    const nobody = new ActorIdentity(message.messageId, undefined);
    return (sender as ActorRef<unknown>)[offer](nobody, ActorRef.noSender);
  }
  deadLetters.add({ reason: 'unreachable', path, message, sender });
  const details = { effect: 'none', endpoint: path } as const;
  sender[failAsk](new RpcError('RECIPIENT_UNREACHABLE', text, details));
}
