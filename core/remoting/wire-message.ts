import { Failure, Identify, PoisonPill } from '../actor/actor-messages.js';
import { ActorRef } from '../actor/actor-ref.js';
import { ActorIdentity } from '../actor/actor-signals.js';
import { type ErrorCode, ERROR_CODES } from '../errors/error-codes.js';
import { describeThrown, isRpcError, RpcError } from '../errors/rpc-error.js';
import type { WireMessage } from './host-contract.js';

/*
 * The sorts of messages. Those of the engine are told apart by their class, which a copy loses, so
 * their sort travels beside them; everything else is the value that it is.
 */
const VALUE = 0;
const POISON_PILL = 1;
const IDENTIFY = 2;
const IDENTITY = 3;
const FAILURE = 4;
/** Not told to an actor: fails the ask that waits at this path. */
export const ASK_FAILURE = 5;

/** A message as it travels. */
export function toWire(message: unknown): WireMessage {
  if (typeof message !== 'object' || message === null) return [VALUE, message];
  if (message === PoisonPill) return [POISON_PILL, undefined];
  if (message instanceof Identify) return [IDENTIFY, message.messageId];
  if (message instanceof ActorIdentity) {
    return [IDENTITY, [message.correlationId, message.ref ?? null]];
  }
  if (message instanceof Failure) return [FAILURE, message.error];
  return [VALUE, message];
}

/** The message that was told; of a sort that is not known here, what it carries. */
export function fromWire(kind: number, body: unknown): unknown {
  switch (kind) {
    case POISON_PILL:
      return PoisonPill;
    case IDENTIFY:
      return new Identify(body);
    case IDENTITY: {
      const [correlationId, ref] = body as [unknown, unknown];
      const found = ref instanceof ActorRef ? (ref as ActorRef<unknown>) : undefined;
      return new ActorIdentity(correlationId, found);
    }
    case FAILURE:
      return new Failure(body);
    default:
      return body;
  }
}

/** What an error is made of, as values that travel. */
export interface WireError {
  readonly code: string;
  readonly text: string;
  readonly effect: 'none' | 'unknown';
  readonly endpoint: string;
  readonly cause: string;
}

export function errorToWire(error: RpcError): WireError {
  const { code, message, effect, endpoint = '', cause } = error;
  const text = message.startsWith(`${code}: `) ? message.slice(code.length + 2) : message;
  return { code, text, effect, endpoint, cause: cause === undefined ? '' : describeThrown(cause) };
}

export function errorFromWire({ code, text, effect, endpoint, cause }: WireError): RpcError {
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'HANDLER_FAILED';
  const details = cause === '' ? { effect, endpoint } : { effect, endpoint, cause };
  return new RpcError(known, text, details);
}

/** What the method of the other side threw, without what the call put around it. */
export function unwrapped(error: unknown): unknown {
  if (!isRpcError(error) || error.code !== 'HANDLER_FAILED') return error;
  return isRpcError(error.cause) ? error.cause : error;
}
