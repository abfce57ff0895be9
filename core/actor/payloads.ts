import type { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { FLAG_BESIDE } from '../codec/stamps.js';
import type { ValueDecoder, ValueEncoder, ValuesOf } from '../codec/value-codec.js';

/** Largest encoded number. */
export const NUMBER_BYTES_MAX = 12;
/** The payload of a record whose values travel beside the lane: one word. */
export const TICKET_BYTES = 4;

/** Where the bytes of a ticket come from: the lane that carried it. */
export interface BesideSource {
  /** True when the record lies in memory that nothing else will use. */
  readonly isGivenAway: boolean;
  takeBeside(ticket: number): ArrayBuffer;
}

/** Writes measured values into memory of their own; `length` of its bytes are used. */
export function encodeApart(
  encoder: ValueEncoder,
  bound: number,
): { readonly bytes: ArrayBuffer; readonly length: number } {
  const bytes = new ArrayBuffer((bound + 7) & -8);
  const length = encoder.write(new Int32Array(bytes), Buffer.from(bytes), 0);
  return { bytes, length };
}

/** Through the codec and back, as if they had travelled; throws `NOT_SERIALIZABLE`. */
export function copyValues(
  encoder: ValueEncoder,
  decoder: ValueDecoder,
  values: readonly unknown[],
  what: ValuesOf,
): unknown[] {
  const bound = encoder.measure(values, values.length, what);
  const { bytes, length } = encodeApart(encoder, bound);
  decoder.start(new Int32Array(bytes), Buffer.from(bytes), 0, length);
  return decoder.take(values.length);
}

/** Puts the decoder in front of the values of a record, fetching them when they came beside it. */
export function startPayload(
  decoder: ValueDecoder,
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): void {
  const at = envelope.payloadOffset;
  if ((envelope.flags & FLAG_BESIDE) === 0) {
    decoder.start(envelope.words, envelope.bytes, at, envelope.payloadLength);
    if (source.isGivenAway) decoder.keepMemory();
    return;
  }
  const bytes = source.takeBeside(envelope.words[at >> 2]!);
  const whole = bytes.byteLength & -4;
  decoder.start(new Int32Array(bytes, 0, whole >> 2), Buffer.from(bytes), 0, whole);
  decoder.keepMemory();
}

/** Lets go of what came beside a record that nobody will read. */
export function discardPayload(
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): void {
  if ((envelope.flags & FLAG_BESIDE) !== 0) {
    source.takeBeside(envelope.words[envelope.payloadOffset >> 2]!);
  }
}

/** The values of a record as bytes of their own, still encoded. */
export function payloadBytes(
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): Uint8Array {
  return new Uint8Array(payloadView(envelope, source));
}

/** The same where they lie: valid as long as the record is. */
export function payloadView(
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): Uint8Array {
  const at = envelope.payloadOffset;
  if ((envelope.flags & FLAG_BESIDE) === 0) {
    return envelope.bytes.subarray(at, at + envelope.payloadLength);
  }
  return new Uint8Array(source.takeBeside(envelope.words[at >> 2]!));
}

function noTicket(ticket: number): never {
  throw new RangeError(`a frame names ticket ${ticket}, but has no lane beside it`);
}

/** Connections put every value into the frame itself. */
export const nothingBeside: BesideSource = { isGivenAway: false, takeBeside: noTicket };

/** The same for a record in memory of its own. */
export const ownMemory: BesideSource = { isGivenAway: true, takeBeside: noTicket };
