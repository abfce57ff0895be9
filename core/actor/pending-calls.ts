import type { ReplyEnvelope } from '../codec/envelope.js';
import { STATUS_VALUE } from '../codec/stamps.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CancelBits } from '../memory/cancel-bits.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { type BesideSource, discardPayload } from './payloads.js';

/** What a pending ask knows about itself, for its failures. One object per method and gateway. */
export interface CallContext {
  /** Where the answer comes from: all calls of a lost peer fail together. */
  readonly peer: object;
  /** True while an ask has not left this thread: then it surely has no effect. */
  isWaiting?(call: number): boolean;
  /**
   * The error of a missed deadline; `site` was taken when the call was made, if one was;
   * `whyUnrun` says why the call surely did not run, if it did not.
   */
  timeoutError(timeoutMs: number, site: Error | undefined, whyUnrun: string | undefined): RpcError;
}

/** Takes the answer of a pending ask undecoded, in the place of a promise. */
export interface Relay {
  /** Where the answer goes, when somebody else waits for it. */
  readonly asker?: object;
  /** The asker is gone; the answer is nobody's business any more. */
  onAskerLost?(): void;
  onReply(reply: ReplyEnvelope, source: BesideSource): void;
  onFailure(error: RpcError): void;
}

type Resolve = (value: unknown) => void;
type Reject = (reason: unknown) => void;

/** Low bits of a call number; the rest is the generation, so that each use has its own number. */
const SLOT_BITS = 20;
const SLOT_MASK = (1 << SLOT_BITS) - 1;
const GENERATIONS = 1 << (32 - SLOT_BITS);
const INITIAL_CAPACITY = 1024;

/** Why a call that missed its deadline surely has no effect. */
export const UNSENT = 'it never left this thread, because the way is full';
const REFUSED = 'the endpoint refused it unrun, because its turn came too late';

let capturedResolve: Resolve;
let capturedReject: Reject;
/** One shared executor instead of a closure per promise. */
function capture(resolve: Resolve, reject: Reject): void {
  capturedResolve = resolve;
  capturedReject = reject;
}

/**
 * The asks of one thread that wait for their answers, by slot and generation. Slots are reused
 * last in, first out, so that a few calls in flight touch a few lines of memory. The slot of a call
 * that ended before its answer is kept back until that comes: a busy thread is through all
 * generations of a slot in milliseconds, and the answer would settle somebody else's call.
 */
export class PendingCalls {
  #limit: number;
  readonly #onLate: () => void;
  readonly #cancelBits: CancelBits | undefined;
  readonly #wheel = new DeadlineWheel();
  #resolves: (Resolve | undefined)[] = [];
  #rejects: (Reject | undefined)[] = [];
  #contexts: (CallContext | undefined)[] = [];
  #relays: (Relay | undefined)[] = [];
  #sites: (Error | undefined)[] = [];
  /** Calls that ended before their answers, in that order, and who would answer. */
  readonly #unanswered = new Map<number, object>();
  /** What to do when a call ends, for the few that have something. */
  readonly #ends = new Map<number, () => void>();
  #timeouts = new Int32Array(0);
  #generations = new Int32Array(0);
  #free = new Int32Array(0);
  #freeCount = 0;
  #count = 0;
  #timedCount = 0;

  /**
   * `onLate` is called for each answer that comes after its call has ended; without `cancelBits` no
   * call can be cancelled.
   */
  constructor(limit: number, onLate: () => void, cancelBits?: CancelBits) {
    this.#limit = limit;
    this.#onLate = onLate;
    this.#cancelBits = cancelBits;
    this.#grow();
  }

  /** Asks that wait now. */
  get count(): number {
    return this.#count;
  }

  /** Asks that wait now and have a deadline; the others may wait for ever and cost nothing. */
  get timedCount(): number {
    return this.#timedCount;
  }

  /**
   * Takes a slot; answers the call number, never 0, or 0 when `maxPendingAsks` wait already. Calls
   * that ended unanswered do not wait: when no slot is left, those kept back longest are reused.
   * `deadlineMs` is a point on the service's time line, `timeoutMs` 0 means none.
   */
  open(context: CallContext, deadlineMs: number, timeoutMs: number): number {
    if (this.#freeCount === 0 && !this.#grow() && !this.#reclaim()) return 0;
    const slot = this.#free[--this.#freeCount]!;
    this.#count++;
    this.#contexts[slot] = context;
    this.#timeouts[slot] = timeoutMs;
    if (timeoutMs !== 0) {
      this.#wheel.insert(slot, deadlineMs);
      this.#timedCount++;
    }
    return slot | (this.#generations[slot]! << SLOT_BITS);
  }

  /** Lets `more` asks wait beyond `maxPendingAsks`: those that a service needs to close. */
  extend(more: number): void {
    this.#limit = Math.min(LIMITS.pendingAsks, this.#limit + more);
  }

  /** The promise of a call just opened. */
  promise(call: number): Promise<unknown> {
    const slot = call & SLOT_MASK;
    const promise = new Promise(capture);
    this.#resolves[slot] = capturedResolve;
    this.#rejects[slot] = capturedReject;
    return promise;
  }

  /** Makes a call just opened a relay. */
  relay(call: number, relay: Relay): void {
    this.#relays[call & SLOT_MASK] = relay;
  }

  /** Keeps where the call was made, for its time-out error. */
  rememberSite(call: number, site: Error): void {
    this.#sites[call & SLOT_MASK] = site;
  }

  /** Runs `task` when an open call ends, however it ends. */
  onEnd(call: number, task: () => void): void {
    const before = this.#ends.get(call);
    if (before === undefined) this.#ends.set(call, task);
    else {
      this.#ends.set(call, () => {
        before();
        task();
      });
    }
  }

  /**
   * Fails a call at once, but keeps its slot until the answer comes, so that its cancel bit cannot
   * be taken for that of a later call. The caller sends the Cancel record after this. False when
   * the call had ended before.
   */
  abandon(call: number, error: RpcError): boolean {
    if (!this.markCancelled(call)) return false;
    const slot = call & SLOT_MASK;
    const reject = this.#rejects[slot];
    this.#resolves[slot] = undefined;
    this.#rejects[slot] = undefined;
    this.#relays[slot] = this.#abandoned;
    reject?.(error);
    return true;
  }

  /** Sets the cancel bit of an open call until it ends; false when it had ended before. */
  markCancelled(call: number): boolean {
    const bits = this.#cancelBits;
    if (bits === undefined || !this.#isOpen(call)) return false;
    bits.set(call);
    this.onEnd(call, () => bits.clear(call));
    return true;
  }

  /** The relay of a call that is to be answered, or undefined. */
  relayOf(call: number): Relay | undefined {
    return this.#isOpen(call) ? this.#relays[call & SLOT_MASK] : undefined;
  }

  /** Where the answer of an open call is to come from; undefined when it has ended. */
  peerOf(call: number): object | undefined {
    return this.#isOpen(call) ? this.#contexts[call & SLOT_MASK]!.peer : undefined;
  }

  /** Completes a call with a value; false when it had ended before. */
  resolve(call: number, value: unknown): boolean {
    if (!this.#isOpen(call)) return this.#late(call);
    const slot = call & SLOT_MASK;
    const resolve = this.#resolves[slot];
    this.close(call);
    resolve?.(value);
    return true;
  }

  /** Completes a call with an error; false when it had ended before. */
  reject(call: number, error: RpcError): boolean {
    if (!this.#isOpen(call)) return this.#late(call);
    const slot = call & SLOT_MASK;
    const reject = this.#rejects[slot];
    const relay = this.#relays[slot];
    this.close(call);
    if (relay) relay.onFailure(error);
    else reject?.(error);
    return true;
  }

  /**
   * Completes a call with the error that its endpoint answered. That the deadline had passed there
   * is told as our own time-out, which knows gateway, method and where the call was made.
   */
  fail(call: number, error: RpcError): void {
    const isLate = error.code === 'TIMEOUT' && error.effect === 'none';
    const timeoutMs = this.#isOpen(call) ? this.#timeouts[call & SLOT_MASK]! : 0;
    if (isLate && timeoutMs !== 0) this.#timeOut(call, timeoutMs, REFUSED);
    else this.reject(call, error);
  }

  /** Fails an open relay for whoever waits no longer; the answer may still come. */
  giveUp(call: number, error: RpcError): void {
    const relay = this.relayOf(call);
    if (relay === undefined) return;
    this.#keepBack(call);
    this.#end(call);
    relay.onFailure(error);
  }

  /** Counts an answer that came from `peer`, who was not asked, or not any more. */
  onLateAnswer(call: number, peer: object): void {
    if (this.#unanswered.get(call) === peer) this.#letGo(call);
    this.#onLate();
  }

  /** Ends a call without telling anybody: it was answered, or surely never will be. */
  close(call: number): void {
    const slot = call & SLOT_MASK;
    this.#clear(slot);
    this.#free[this.#freeCount++] = slot;
    if (this.#ends.size > 0) this.#end(call);
  }

  /** Fails every call whose answer would come from `peer`: no late one comes from there either. */
  failPeer(peer: object, errorOf: () => RpcError): void {
    for (const [call, from] of this.#unanswered) if (from === peer) this.#letGo(call);
    for (let slot = 0; slot < this.#contexts.length; slot++) {
      if (this.#contexts[slot]?.peer !== peer) continue;
      this.reject(this.#callOf(slot), errorOf());
    }
  }

  /**
   * Forgets what was asked on behalf of `asker`, who is gone. Cancel bits stay until the answers
   * come: the handlers may still be spared the work.
   */
  dropAsker(asker: object): void {
    for (let slot = 0; slot < this.#relays.length; slot++) {
      const relay = this.#relays[slot];
      if (relay?.asker !== asker) continue;
      relay.onAskerLost?.();
      this.#keepBack(this.#callOf(slot));
    }
  }

  /** Fails every call: the service closes. */
  failAll(errorOf: () => RpcError): void {
    for (let slot = 0; slot < this.#contexts.length; slot++) {
      if (this.#contexts[slot] !== undefined) this.reject(this.#callOf(slot), errorOf());
    }
  }

  /** Fails every call whose deadline has passed. */
  expire(nowMs: number): void {
    this.#wheel.expire(nowMs, this.#onExpired);
  }

  readonly #onExpired = (slot: number): void => {
    const timeoutMs = this.#timeouts[slot]!;
    // The wheel has let go of it already.
    this.#timeouts[slot] = 0;
    this.#timedCount--;
    const call = this.#callOf(slot);
    this.#timeOut(call, timeoutMs, this.#contexts[slot]!.isWaiting?.(call) ? UNSENT : undefined);
  };

  #timeOut(call: number, timeoutMs: number, whyUnrun: string | undefined): void {
    const slot = call & SLOT_MASK;
    const context = this.#contexts[slot]!;
    const site = this.#sites[slot];
    const relay = this.#relays[slot];
    const resolve = this.#resolves[slot];
    const reject = this.#rejects[slot];
    // The refusal was the answer. A call that waits for room leaves all the same, and is refused.
    if (whyUnrun === REFUSED) this.close(call);
    else {
      this.#keepBack(call);
      this.#end(call);
    }
    const errorOf = (): RpcError => context.timeoutError(timeoutMs, site, whyUnrun);
    if (relay !== undefined) relay.onFailure(errorOf());
    else if (site !== undefined) reject?.(errorOf());
    else resolve?.(failInChain(errorOf));
  }

  /** What comes for a call that its caller cancelled; usually only that it was. */
  readonly #abandoned: Relay = {
    onReply: (reply, source) => {
      discardPayload(reply, source);
      if (reply.status === STATUS_VALUE) this.#onLate();
    },
    onFailure() {},
  };

  #isOpen(call: number): boolean {
    const slot = call & SLOT_MASK;
    return this.#contexts[slot] !== undefined && this.#generations[slot] === call >>> SLOT_BITS;
  }

  #callOf(slot: number): number {
    return slot | (this.#generations[slot]! << SLOT_BITS);
  }

  #late(call: number): boolean {
    if (this.#unanswered.has(call)) this.#letGo(call);
    this.#onLate();
    return false;
  }

  /** Ends a call whose answer may still come: its number is taken until then. */
  #keepBack(call: number): void {
    const slot = call & SLOT_MASK;
    const { peer } = this.#contexts[slot]!;
    this.#clear(slot);
    this.#unanswered.set(call, peer);
  }

  /** The answer of a call kept back has come, or does not matter any more. */
  #letGo(call: number): void {
    this.#unanswered.delete(call);
    this.#free[this.#freeCount++] = call & SLOT_MASK;
    this.#end(call);
  }

  /**
   * Lets go of the calls kept back longest. A sixteenth at once: the more were let go, the longer
   * it takes to find the first that was not.
   */
  #reclaim(): boolean {
    let left = 1 + (this.#unanswered.size >> 4);
    for (const call of this.#unanswered.keys()) {
      this.#letGo(call);
      if (--left === 0) return true;
    }
    return false;
  }

  /** Ends the use of a slot; it is not free before it is put among those that are. */
  #clear(slot: number): void {
    if (this.#timeouts[slot] !== 0) {
      this.#wheel.remove(slot);
      this.#timedCount--;
    }
    this.#contexts[slot] = undefined;
    this.#resolves[slot] = undefined;
    this.#rejects[slot] = undefined;
    if (this.#relays[slot] !== undefined) this.#relays[slot] = undefined;
    if (this.#sites[slot] !== undefined) this.#sites[slot] = undefined;
    // Generation 0 is left out, so that a call number is never 0.
    this.#generations[slot] = (this.#generations[slot]! % (GENERATIONS - 1)) + 1;
    this.#count--;
  }

  #end(call: number): void {
    const task = this.#ends.get(call);
    this.#ends.delete(call);
    task?.();
  }

  #grow(): boolean {
    const old = this.#contexts.length;
    const capacity = Math.min(this.#limit, Math.max(INITIAL_CAPACITY, old * 2));
    if (capacity <= old) return false;
    this.#wheel.grow(capacity);
    const timeouts = new Int32Array(capacity);
    timeouts.set(this.#timeouts);
    this.#timeouts = timeouts;
    const generations = new Int32Array(capacity).fill(1);
    generations.set(this.#generations);
    this.#generations = generations;
    this.#free = new Int32Array(capacity);
    for (let slot = capacity - 1; slot >= old; slot--) {
      this.#free[this.#freeCount++] = slot;
    }
    for (let slot = old; slot < capacity; slot++) {
      this.#resolves.push(undefined);
      this.#rejects.push(undefined);
      this.#contexts.push(undefined);
      this.#relays.push(undefined);
      this.#sites.push(undefined);
    }
    return true;
  }
}

const turn = Promise.resolve();

/**
 * Fails the promise that it resolves, from inside the caller's own chain of awaits: V8 then adds
 * `at async` frames, so that also a call whose site was not taken says who waited for it.
 */
async function failInChain(errorOf: () => RpcError): Promise<never> {
  // Two turns: the first ends before the caller's promise hangs on this one.
  await turn;
  await turn;
  throw errorOf();
}

/** The error of an ask that finds `maxPendingAsks` waiting. */
export function tooManyPendingAsks(limit: number): RpcError {
  return new RpcError(
    'MAILBOX_FULL',
    `${limit} asks of this thread wait for their answers (option maxPendingAsks)`,
    { limit, actual: limit, effect: 'none' },
  );
}
