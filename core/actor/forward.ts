import type { InvocationEnvelope } from '../codec/envelope.js';
import {
  FENCED_INVOCATION,
  FLAG_ATTACHED,
  FLAG_BESIDE,
  INVOCATION,
  RECORD_FENCED_INVOCATION,
} from '../codec/stamps.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { type BesideSource, payloadView, TICKET_BYTES } from './payloads.js';

/** The flags of what goes beside a lane. */
const BESIDE = FLAG_BESIDE | FLAG_ATTACHED;

/** What changes when a call is passed on to another thread or process. */
export interface ForwardAs {
  readonly call: number;
  readonly recipient: number;
  readonly incarnation: number;
  readonly deadline: number;
  /** Flags to be set beside those that it has. */
  readonly flags: number;
}

/**
 * Passes a call on without decoding it. Answers the error when there is no room, no way, or the
 * record is larger than the outlet takes.
 */
export function forwardInvocation(
  envelope: InvocationEnvelope,
  source: BesideSource,
  outlet: CallOutlet,
  as: ForwardAs,
): RpcError | undefined {
  const layout = envelope.type === RECORD_FENCED_INVOCATION ? FENCED_INVOCATION : INVOCATION;
  const { prefixBytes } = layout;
  const payload = payloadView(envelope, source);
  const isBeside = payload.length >= outlet.besideBytes;
  const length = prefixBytes + (isBeside ? TICKET_BYTES : payload.length);
  if (length > outlet.recordLimitBytes) return tooLarge(length, outlet.recordLimitBytes);
  const at = outlet.claim(length);
  if (at < 0) return noWay(outlet);
  const words = outlet.words;
  const base = at >> 2;
  const from = envelope.offset >> 2;
  for (let i = 0; i <= layout.payloadLength; i++) words[base + i] = envelope.words[from + i]!;
  words[base + layout.call] = as.call;
  words[base + layout.recipient] = as.recipient;
  words[base + layout.incarnation] = as.incarnation;
  words[base + layout.deadline] = as.deadline;
  words[base + layout.methodWord] = (words[base + layout.methodWord]! & ~BESIDE) | as.flags;
  words[base + layout.payloadLength] = length - prefixBytes;
  if (isBeside) {
    words[base + layout.methodWord]! |= FLAG_BESIDE;
    words[(at + prefixBytes) >> 2] = outlet.sendBeside(new Uint8Array(payload).buffer);
  } else {
    outlet.bytes.set(payload, at + prefixBytes);
  }
  outlet.commit(length, envelope.type);
  return undefined;
}

function tooLarge(actual: number, limit: number): RpcError {
  const text = `the call takes ${actual} bytes, the limit is ${limit}`;
  const option = 'option maximumFramesize of both sides, less the frame header';
  return new RpcError('FRAME_TOO_LARGE', `${text} (${option})`, { limit, actual });
}

function noWay(outlet: CallOutlet): RpcError {
  if (!outlet.isOpen) return new RpcError('RECIPIENT_UNREACHABLE', 'the way to it is closed');
  return new RpcError('MAILBOX_FULL', 'the way to it is full; await ready(gateway)');
}
