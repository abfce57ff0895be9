import { noteYoungBuffer } from '../base/young-generation.js';
import type { InvocationEnvelope, ReplyEnvelope } from '../codec/envelope.js';
import { eachTicket, type TicketSource } from '../codec/attached.js';
import { LocalCarrier } from '../codec/local-carrier.js';
import { FLAG_ATTACHED, FLAG_BESIDE } from '../codec/stamps.js';
import { referenceAddress } from '../codec/value-references.js';
import { ValueDecoder, ValueEncoder, type ValuesOf } from '../codec/value-codec.js';
import { RpcError } from '../errors/rpc-error.js';

/** Largest encoded number. */
export const NUMBER_BYTES_MAX = 12;
/** The payload of a record whose values travel beside the lane: one word. */
export const TICKET_BYTES = 4;

/** Offsets inside of encoded values are 32-bit integers; no frame is as large by far. */
export const ENCODED_BYTES_MAX = 2 ** 31 - 8;

/** Where the bytes of a ticket come from: the lane that carried it. */
export interface BesideSource extends TicketSource {
  /** True when the record lies in memory that nothing else will use. */
  readonly isGivenAway: boolean;
}

/**
 * Writes measured values into memory of their own; `length` of its bytes are used. Throws
 * `NOT_SERIALIZABLE` past {@link ENCODED_BYTES_MAX}.
 */
export function encodeApart(
  encoder: ValueEncoder,
  bound: number,
): { readonly bytes: ArrayBuffer; readonly length: number } {
  if (bound > ENCODED_BYTES_MAX) {
    const text = `the values take ${bound} bytes, the limit is ${ENCODED_BYTES_MAX}`;
    throw new RpcError('NOT_SERIALIZABLE', text, { limit: ENCODED_BYTES_MAX, actual: bound });
  }
  // Not zeroed: only what is written is read or sent.
  const bytes = Buffer.allocUnsafeSlow((bound + 7) & -8).buffer;
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
  const carrier = new LocalCarrier();
  const bound = encoder.measure(values, values.length, what, carrier);
  const { isAttached } = encoder;
  const { bytes, length } = encodeApart(encoder, bound);
  decoder.start(new Int32Array(bytes), Buffer.from(bytes), 0, length);
  if (isAttached) decoder.fetchAttached(carrier);
  return decoder.take(values.length);
}

/** Puts the decoder in front of the values of a record, fetching them when they came beside it. */
export function startPayload(
  decoder: ValueDecoder,
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): void {
  const { flags } = envelope;
  const at = envelope.payloadOffset;
  if ((flags & FLAG_BESIDE) === 0) {
    decoder.start(envelope.words, envelope.bytes, at, envelope.payloadLength);
    if (source.isGivenAway) decoder.keepMemory();
  } else {
    const bytes = source.takeBeside(envelope.words[at >> 2]!);
    noteYoungBuffer(bytes.byteLength);
    const whole = bytes.byteLength & -4;
    decoder.start(new Int32Array(bytes, 0, whole >> 2), Buffer.from(bytes), 0, whole);
    decoder.keepMemory();
  }
  if ((flags & FLAG_ATTACHED) !== 0) decoder.fetchAttached(source);
}

/** Lets go of what came beside a record that nobody will read. */
export function discardPayload(
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): void {
  if ((envelope.flags & BESIDE) !== 0) new KeptBeside(envelope, source);
}

const BESIDE = FLAG_BESIDE | FLAG_ATTACHED;

/** What came beside a record, taken now: its tickets are good only as long as the record. */
export class KeptBeside implements BesideSource {
  readonly isGivenAway = true;
  /** Bytes that are held here. */
  byteLength = 0;
  readonly #memories = new Map<number, ArrayBufferLike>();

  constructor(envelope: InvocationEnvelope | ReplyEnvelope, source: BesideSource) {
    const { words, payloadOffset, flags } = envelope;
    let header = words;
    let at = payloadOffset;
    if ((flags & FLAG_BESIDE) !== 0) {
      const ticket = words[at >> 2]!;
      const payload = source.takeBeside(ticket);
      this.#keep(ticket, payload);
      header = new Int32Array(payload, 0, payload.byteLength >> 2);
      at = 0;
    }
    if ((flags & FLAG_ATTACHED) === 0) return;
    eachTicket(header, at, (ticket, isShared) => {
      this.#keep(ticket, isShared ? source.sharedBeside(ticket) : source.takeBeside(ticket));
    });
  }

  takeBeside(ticket: number): ArrayBuffer {
    return this.#memories.get(ticket) as ArrayBuffer;
  }

  sharedBeside(ticket: number): SharedArrayBuffer {
    return this.#memories.get(ticket) as SharedArrayBuffer;
  }

  #keep(ticket: number, memory: ArrayBufferLike): void {
    this.#memories.set(ticket, memory);
    if (memory instanceof ArrayBuffer) this.byteLength += memory.byteLength;
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
  if ((envelope.flags & FLAG_ATTACHED) !== 0) return encodedAnew(envelope, source);
  const at = envelope.payloadOffset;
  if ((envelope.flags & FLAG_BESIDE) === 0) {
    return envelope.bytes.subarray(at, at + envelope.payloadLength);
  }
  return new Uint8Array(source.takeBeside(envelope.words[at >> 2]!));
}

const relayEncoder = new ValueEncoder();
const relayDecoder = new ValueDecoder();
relayDecoder.readReference = (address) => new PassedOn(address);

/** A reference that is not for this thread. */
class PassedOn {
  readonly [referenceAddress]: string;

  constructor(address: string) {
    this[referenceAddress] = address;
  }
}

/** The way on has nothing beside it, so what the values name must be put back into them. */
function encodedAnew(
  envelope: InvocationEnvelope | ReplyEnvelope,
  source: BesideSource,
): Uint8Array {
  startPayload(relayDecoder, envelope, source);
  const values = relayDecoder.take('argumentCount' in envelope ? envelope.argumentCount : 1);
  const bound = relayEncoder.measure(values, values.length, 'arguments');
  const { bytes, length } = encodeApart(relayEncoder, bound);
  return new Uint8Array(bytes, 0, length);
}

/** Connections put every value into the frame itself. */
export const nothingBeside: BesideSource = {
  isGivenAway: false,
  takeBeside: noTicket,
  sharedBeside: noTicket,
};

/** The same for a record in memory of its own. */
export const ownMemory: BesideSource = { ...nothingBeside, isGivenAway: true };

function noTicket(ticket: number): never {
  throw new RangeError(`a frame names ticket ${ticket}, but has no lane beside it`);
}
