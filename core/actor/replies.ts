import { encodeFailure, type FailureContext } from '../codec/failure-codec.js';
import {
  finishReply,
  FLAG_ATTACHED,
  FLAG_BESIDE,
  RECORD_REPLY,
  REPLY_PREFIX_BYTES,
  STATUS_FAILURE,
  STATUS_VALUE,
  stampReply,
  statusAndFlags,
} from '../codec/stamps.js';
import type { ValueEncoder } from '../codec/value-codec.js';
import { writeNumber } from '../codec/value-tags.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { encodeApart, ENCODED_BYTES_MAX, NUMBER_BYTES_MAX, TICKET_BYTES } from './payloads.js';

const VALUE = statusAndFlags(STATUS_VALUE, 0);
const VALUE_ATTACHED = statusAndFlags(STATUS_VALUE, FLAG_ATTACHED);
const VALUE_BESIDE_ATTACHED = statusAndFlags(STATUS_VALUE, FLAG_BESIDE | FLAG_ATTACHED);
const VALUE_BESIDE = statusAndFlags(STATUS_VALUE, FLAG_BESIDE);
const FAILURE = statusAndFlags(STATUS_FAILURE, 0);
const FAILURE_BESIDE = statusAndFlags(STATUS_FAILURE, FLAG_BESIDE);

/** Writes the answers of one thread. An answer to a closed outlet is dropped: nobody waits. */
export class Replies {
  readonly #encoder: ValueEncoder;
  /** A list of one value, reused: encoders take lists. */
  readonly #single: unknown[] = [undefined];

  constructor(encoder: ValueEncoder) {
    this.#encoder = encoder;
  }

  /** Answers `call` with a value; an unserialisable or oversized one becomes a failure. */
  value(outlet: CallOutlet, call: number, value: unknown, context: FailureContext): void {
    if (typeof value === 'number') return this.number(outlet, call, value);
    this.#single[0] = value;
    try {
      const bound = this.#encoder.measure(this.#single, 1, 'result', outlet.carrier);
      this.#measured(outlet, call, bound, context);
    } catch (error) {
      this.failure(outlet, call, error, context);
    } finally {
      this.#single[0] = undefined;
    }
  }

  /** Answers `call` with an error. */
  failure(outlet: CallOutlet, call: number, thrown: unknown, context: FailureContext): void {
    this.failureBytes(outlet, call, encodeFailure(thrown, context));
  }

  /** Answers `call` with an encoded `Failure`. */
  failureBytes(outlet: CallOutlet, call: number, failure: Uint8Array): void {
    this.raw(outlet, call, failure, true);
  }

  /** Answers `call` with bytes that are encoded already. */
  raw(outlet: CallOutlet, call: number, payload: Uint8Array, isFailure: boolean): void {
    if (payload.length >= outlet.besideBytes) {
      const bytes = new Uint8Array(payload).buffer;
      return this.#ticket(outlet, call, bytes, isFailure ? FAILURE_BESIDE : VALUE_BESIDE);
    }
    const size = REPLY_PREFIX_BYTES + payload.length;
    if (size > outlet.recordLimitBytes) {
      return this.failure(outlet, call, resultTooLarge(size, outlet.recordLimitBytes, {}), {});
    }
    const at = outlet.claimReply(size);
    if (at < 0) return;
    const status = isFailure ? FAILURE : VALUE;
    const payloadAt = stampReply(outlet.words, at, call, status);
    outlet.bytes.set(payload, payloadAt);
    finishReply(outlet.words, at, payload.length);
    outlet.commit(REPLY_PREFIX_BYTES + payload.length, RECORD_REPLY);
  }

  /** Answers `call` with a number: the fast path. */
  number(outlet: CallOutlet, call: number, value: number): void {
    const at = outlet.claimReply(REPLY_PREFIX_BYTES + NUMBER_BYTES_MAX);
    if (at < 0) return;
    const payloadAt = stampReply(outlet.words, at, call, VALUE);
    const written = writeNumber(outlet.words, payloadAt >> 2, value) * 4 - payloadAt;
    finishReply(outlet.words, at, written);
    outlet.commit(REPLY_PREFIX_BYTES + written, RECORD_REPLY);
  }

  #measured(outlet: CallOutlet, call: number, bound: number, context: FailureContext): void {
    const size = REPLY_PREFIX_BYTES + bound;
    if (bound >= outlet.besideBytes) return this.#beside(outlet, call, bound);
    if (size > outlet.recordLimitBytes) return this.#sendIfItFits(outlet, call, bound, context);
    const at = outlet.claimReply(size);
    if (at < 0) return;
    const status = this.#encoder.isAttached ? VALUE_ATTACHED : VALUE;
    const payloadAt = stampReply(outlet.words, at, call, status);
    const written = this.#encoder.write(outlet.words, outlet.bytes, payloadAt);
    finishReply(outlet.words, at, written);
    outlet.commit(REPLY_PREFIX_BYTES + written, RECORD_REPLY);
    if (outlet.isRemote) this.#encoder.letGo();
  }

  /** The bound of a text is three times its length: only the encoded size decides. */
  #sendIfItFits(outlet: CallOutlet, call: number, bound: number, context: FailureContext): void {
    const limit = outlet.recordLimitBytes;
    let actual = REPLY_PREFIX_BYTES + bound;
    if (bound <= ENCODED_BYTES_MAX) {
      const { bytes, length } = encodeApart(this.#encoder, bound);
      actual = REPLY_PREFIX_BYTES + length;
      if (actual <= limit) {
        this.raw(outlet, call, new Uint8Array(bytes, 0, length), false);
        return this.#encoder.letGo();
      }
    }
    this.failure(outlet, call, resultTooLarge(actual, limit, context), context);
  }

  #beside(outlet: CallOutlet, call: number, bound: number): void {
    const isAttached = this.#encoder.isAttached;
    const { bytes, length } = encodeApart(this.#encoder, bound);
    const whole = length === bytes.byteLength ? bytes : bytes.slice(0, length);
    this.#ticket(outlet, call, whole, isAttached ? VALUE_BESIDE_ATTACHED : VALUE_BESIDE);
  }

  #ticket(outlet: CallOutlet, call: number, bytes: ArrayBuffer, status: number): void {
    const at = outlet.claimReply(REPLY_PREFIX_BYTES + TICKET_BYTES);
    if (at < 0) return;
    const payloadAt = stampReply(outlet.words, at, call, status);
    outlet.words[payloadAt >> 2] = outlet.sendBeside(bytes);
    finishReply(outlet.words, at, TICKET_BYTES);
    outlet.commit(REPLY_PREFIX_BYTES + TICKET_BYTES, RECORD_REPLY);
  }
}

function resultTooLarge(actual: number, limit: number, context: FailureContext): RpcError {
  const text = `the result of ${context.method ?? 'the call'} takes ${actual} bytes`;
  const option = 'option maximumFramesize of both sides, less the frame header';
  return new RpcError('RESULT_TOO_LARGE', `${text}, the limit is ${limit} (${option})`, {
    limit,
    actual,
  });
}
