import type { ActorThread } from '../actor/actor-thread.js';
import { sendCancel } from '../actor/cancels.js';
import {
  encodeApart,
  ENCODED_BYTES_MAX,
  NUMBER_BYTES_MAX,
  TICKET_BYTES,
} from '../actor/payloads.js';
import { type Relay, tooManyPendingAsks } from '../actor/pending-calls.js';
import type { Carrier } from '../codec/attached.js';
import { countAndFlags, FLAG_ATTACHED, FLAG_BESIDE, FLAG_CANCELLABLE } from '../codec/stamps.js';
import { writeNumber } from '../codec/value-tags.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import {
  type BoundMethod,
  cancelOnAbort,
  checkArgumentCount,
  type GatewayClient,
  takeOptions,
} from './gateway-client.js';

const ONE_ARGUMENT = countAndFlags(1, 0);

/** The connection of the home thread that the calls of a lane take in the end. */
export interface OnwardWay {
  readonly recordLimitBytes: number;
  /** As `CallOutlet.whenRoom`, for what is in the lane by now. */
  whenRoom(): Promise<void>;
}

/**
 * Calls to another thread or process: stamps each call straight into the outlet. Nothing is
 * allocated per ask but its promise.
 */
export class OutletClient implements GatewayClient {
  readonly isByReference = false;
  readonly #thread: ActorThread;
  readonly #outlet: CallOutlet;
  readonly #isRemote: boolean;
  readonly #recordLimitBytes: number;
  readonly #onward: OnwardWay | undefined;
  /** None when the calls leave the process in the end, where nothing goes beside them. */
  readonly #carrier: Carrier | undefined;
  /** A list of one argument, reused: encoders take lists. */
  readonly #single: unknown[] = [undefined];
  /** Flags of the call being sent, until it is: another may be sent while its values are read. */
  #flags = 0;
  /** Of the big call being sent. */
  #countAndFlags = 0;

  constructor(thread: ActorThread, outlet: CallOutlet, onward?: OnwardWay) {
    this.#thread = thread;
    this.#outlet = outlet;
    this.#isRemote = outlet.isRemote;
    this.#onward = onward;
    this.#recordLimitBytes = Math.min(
      outlet.recordLimitBytes,
      onward?.recordLimitBytes ?? Infinity,
    );
    this.#carrier = Number.isFinite(this.#recordLimitBytes) ? undefined : outlet.carrier;
  }

  get thread(): ActorThread {
    return this.#thread;
  }

  get peer(): object {
    return this.#outlet;
  }

  get isRemote(): boolean {
    return this.#isRemote;
  }

  /** False once the other side is lost. */
  get isOpen(): boolean {
    return this.#outlet.isOpen;
  }

  askOne(method: BoundMethod, argument: unknown): Promise<unknown> {
    if (typeof argument !== 'number') return this.ask(method, [argument]);
    const { timeoutMs } = method;
    const pending = this.#thread.pending;
    const deadline = timeoutMs === 0 ? 0 : this.#thread.deadlineAfter(timeoutMs);
    const call = pending.open(method, deadline, timeoutMs);
    if (call === 0) return this.#refuseAsk();
    if (!this.#sendNumber(method, call, this.#isRemote ? timeoutMs : deadline, argument)) {
      pending.close(call);
      return Promise.reject(this.#refusal(method));
    }
    return this.#promise(call);
  }

  ask(method: BoundMethod, args: unknown[]): Promise<unknown> {
    const options = takeOptions(args);
    const signal = options?.signal;
    if (signal?.aborted) {
      const reason = method.error('CANCELLED', 'the signal was aborted', 'none', signal.reason);
      return Promise.reject(reason);
    }
    const timeoutMs = options?.timeoutMs ?? method.timeoutMs;
    const pending = this.#thread.pending;
    const deadline = timeoutMs === 0 ? 0 : this.#thread.deadlineAfter(timeoutMs);
    const call = pending.open(method, deadline, timeoutMs);
    if (call === 0) return this.#refuseAsk();
    if (signal) this.#flags = FLAG_CANCELLABLE;
    const error = this.#trySend(method, call, this.#isRemote ? timeoutMs : deadline, args);
    if (error) {
      pending.close(call);
      return Promise.reject(error);
    }
    const promise = this.#promise(call);
    if (signal) {
      cancelOnAbort(this.#thread, call, signal, () => this.#cancel(method, call, signal.reason));
    }
    return promise;
  }

  /**
   * Sends an ask without a promise: `relay` takes the answer, and the caller minds the deadline.
   * Answers the call's number; throws what refuses it.
   */
  askFor(relay: Relay, method: BoundMethod, args: unknown[], timeoutMs: number): number {
    const { pending } = this.#thread;
    const deadline = this.#thread.deadlineAfter(timeoutMs);
    const call = pending.open(method, 0, 0);
    if (call === 0) throw tooManyPendingAsks(this.#thread.settings.maxPendingAsks);
    const error = this.#trySend(method, call, this.#isRemote ? timeoutMs : deadline, args);
    if (error) {
      pending.close(call);
      throw error;
    }
    pending.relay(call, relay);
    return call;
  }

  tellOne(method: BoundMethod, argument: unknown): void {
    if (typeof argument === 'object') {
      // A getter of it may come back here, so it gets a list of its own.
      this.tell(method, [argument]);
    } else if (typeof argument !== 'number') {
      this.#single[0] = argument;
      const error = this.#trySend(method, 0, 0, this.#single);
      this.#single[0] = undefined;
      if (error) throw error;
    } else if (!this.#sendNumber(method, 0, 0, argument)) {
      throw this.#refusal(method);
    }
  }

  tell(method: BoundMethod, args: unknown[]): void {
    const error = this.#trySend(method, 0, 0, args);
    if (error) throw error;
  }

  isWaiting(call: number): boolean {
    return this.#outlet.isWaiting(call);
  }

  ready(): Promise<void> {
    const room = this.#outlet.whenRoom();
    const onward = this.#onward;
    return onward ? room.then(() => onward.whenRoom()) : room;
  }

  /** The caller fails now; the bit keeps a waiting call from running, the record aborts a begun. */
  #cancel(method: BoundMethod, call: number, reason: unknown): void {
    const effect = this.isWaiting(call) ? 'none' : 'unknown';
    const error = method.error('CANCELLED', 'the signal aborted', effect, reason);
    if (this.#thread.pending.abandon(call, error)) sendCancel(this.#outlet, call);
  }

  #promise(call: number): Promise<unknown> {
    const promise = this.#thread.pending.promise(call);
    const site = this.#thread.captureSite();
    if (site) this.#thread.pending.rememberSite(call, site);
    return promise;
  }

  /** The fast path: one number needs no measuring and is stamped in a few stores. */
  #sendNumber(method: BoundMethod, call: number, deadline: number, value: number): boolean {
    const outlet = this.#outlet;
    const at = outlet.claim(method.prefixBytes + NUMBER_BYTES_MAX);
    if (at < 0) return false;
    const words = outlet.words;
    const payloadAt = method.stamp(words, at, call, deadline);
    const end = writeNumber(words, payloadAt >> 2, value) << 2;
    method.finish(words, at, ONE_ARGUMENT, end - payloadAt);
    outlet.commit(end - at, method.type);
    return true;
  }

  #trySend(
    method: BoundMethod,
    call: number,
    deadline: number,
    args: unknown[],
  ): RpcError | undefined {
    try {
      return this.#send(method, call, deadline, args) ? undefined : this.#refusal(method);
    } catch (error) {
      return method.adopt(error);
    }
  }

  #send(method: BoundMethod, call: number, deadline: number, args: unknown[]): boolean {
    const outlet = this.#outlet;
    const encoder = this.#thread.encoder;
    const calling = this.#flags;
    this.#flags = 0;
    checkArgumentCount(args);
    const bound = encoder.measure(args, args.length, 'arguments', this.#carrier);
    const flags = calling | (encoder.isAttached ? FLAG_ATTACHED : 0);
    if (encoder.isAttached && !outlet.hasRoomBeside(encoder.besideBytes)) throw tooMuchBeside();
    if (bound >= outlet.besideBytes || method.prefixBytes + bound > this.#recordLimitBytes) {
      this.#countAndFlags = countAndFlags(args.length, flags);
      return this.#sendBig(method, call, deadline, bound);
    }
    const at = outlet.claim(method.prefixBytes + bound);
    if (at < 0) return false;
    const payloadAt = method.stamp(outlet.words, at, call, deadline);
    const written = encoder.write(outlet.words, outlet.bytes, payloadAt);
    method.finish(outlet.words, at, countAndFlags(args.length, flags), written);
    outlet.commit(payloadAt - at + written, method.type);
    if (this.#carrier === undefined) encoder.letGo();
    return true;
  }

  /** The memory that the values are encoded into is handed over whole. */
  #sendBig(method: BoundMethod, call: number, deadline: number, bound: number): boolean {
    if (this.#carrier === undefined) return this.#sendAway(method, call, deadline, bound);
    const outlet = this.#outlet;
    const { encoder } = this.#thread;
    if (!outlet.hasRoomBeside(bound + encoder.besideBytes)) throw tooMuchBeside();
    const at = outlet.claim(method.prefixBytes + TICKET_BYTES);
    if (at < 0) return false;
    const payloadAt = method.stamp(outlet.words, at, call, deadline);
    const { bytes, length } = encodeApart(encoder, bound);
    outlet.words[payloadAt >> 2] = outlet.sendBeside(trim(bytes, length));
    method.finish(outlet.words, at, this.#countAndFlags | FLAG_BESIDE, TICKET_BYTES);
    outlet.commit(method.prefixBytes + TICKET_BYTES, method.type);
    return true;
  }

  /**
   * To another process, maybe through a lane first. The exact size is judged, because the bound of
   * a text is three times its length.
   */
  #sendAway(method: BoundMethod, call: number, deadline: number, bound: number): boolean {
    const outlet = this.#outlet;
    const { encoder } = this.#thread;
    if (bound > ENCODED_BYTES_MAX) {
      checkRecordSize(method.prefixBytes + bound, this.#recordLimitBytes);
    }
    const { bytes, length } = encodeApart(encoder, bound);
    checkRecordSize(method.prefixBytes + length, this.#recordLimitBytes);
    const isBeside = length >= outlet.besideBytes;
    if (isBeside && !outlet.hasRoomBeside(length)) throw tooMuchBeside();
    const payloadBytes = isBeside ? TICKET_BYTES : length;
    const at = outlet.claim(method.prefixBytes + payloadBytes);
    if (at < 0) return false;
    const payloadAt = method.stamp(outlet.words, at, call, deadline);
    if (isBeside) outlet.words[payloadAt >> 2] = outlet.sendBeside(trim(bytes, length));
    else outlet.bytes.set(new Uint8Array(bytes, 0, length), payloadAt);
    const flags = this.#countAndFlags | (isBeside ? FLAG_BESIDE : 0);
    method.finish(outlet.words, at, flags, payloadBytes);
    outlet.commit(method.prefixBytes + payloadBytes, method.type);
    encoder.letGo();
    return true;
  }

  #refuseAsk(): Promise<never> {
    return Promise.reject(tooManyPendingAsks(this.#thread.settings.maxPendingAsks));
  }

  #refusal(method: BoundMethod): RpcError {
    if (!this.#outlet.isOpen) {
      return method.error(
        'RECIPIENT_UNREACHABLE',
        'the way to it is closed; connect again',
        'none',
      );
    }
    const text = 'the lane and its backlog are full (option backlogLimit); await ready(gateway)';
    return method.error('MAILBOX_FULL', text, 'none');
  }
}

function tooMuchBeside(): RpcError {
  const { bytesBeside: limit } = LIMITS;
  const text = `${limit} bytes of big values are on their way already; await ready(gateway)`;
  return new RpcError('MAILBOX_FULL', text, { limit, effect: 'none' });
}

function trim(bytes: ArrayBuffer, length: number): ArrayBuffer {
  return length === bytes.byteLength ? bytes : bytes.slice(0, length);
}

function checkRecordSize(actual: number, limit: number): void {
  if (actual <= limit) return;
  const text = `the call takes ${actual} bytes, the limit is ${limit}`;
  const option = 'option maximumFramesize of both sides, less the frame header';
  throw new RpcError('FRAME_TOO_LARGE', `${text} (${option})`, { limit, actual });
}
