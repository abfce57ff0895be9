import type { ActorThread } from '../actor/actor-thread.js';
import type { Cancellable } from '../actor/cancels.js';
import { type BesideSource, KeptBeside } from '../actor/payloads.js';
import { InvocationEnvelope } from '../codec/envelope.js';
import { FLAG_CANCELLABLE } from '../codec/stamps.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { LocalQueue, type LocalTask } from '../mailbox/local-queue.js';
import type { RecordSource } from '../memory/lane-reader.js';

/** Messages of one endpoint that run before the other endpoints of the thread get their turn. */
const BATCH = 256;

/** A message that waits for the promise of the one before it. */
export interface KeptMessage extends LocalTask {
  /** What it holds in memory, as far as it is ours. */
  readonly bytes: number;
}

/**
 * The messages of one serial endpoint (`static serial = true`) that wait for the promise of the
 * one before them, in a queue of their own, so that the lane that they came through goes on for
 * the other endpoints of the thread. Bounded by `endpointQueueLimit` and by bytes.
 */
export class SerialQueue {
  /** For the kept call whose turn it is. */
  readonly envelope = new InvocationEnvelope();
  readonly #thread: ActorThread;
  readonly #waiting = new LocalQueue<KeptMessage>();
  #bytes = 0;
  /** The promise of a message is pending. */
  #isHeld = false;

  constructor(thread: ActorThread) {
    this.#thread = thread;
  }

  /** True when a message that comes now has to wait. */
  get mustWait(): boolean {
    return this.#isHeld || this.#waiting.size > 0;
  }

  /** Keeps a message; the error when the queue is full. One message always finds room. */
  keep(message: KeptMessage): RpcError | undefined {
    const { endpointQueueLimit: limit } = this.#thread.settings;
    const { size } = this.#waiting;
    const isTooMuch = size > 0 && this.#bytes + message.bytes > LIMITS.endpointQueueBytes;
    if (size >= limit || isTooMuch) return isTooMuch ? tooManyBytes() : tooMany(limit);
    this.#waiting.push(message);
    this.#bytes += message.bytes;
    return undefined;
  }

  /** The message that just ran answered a promise. */
  hold(): void {
    this.#isHeld = true;
  }

  /** That promise has settled. */
  release(): void {
    this.#isHeld = false;
    if (this.#waiting.size > 0) this.#thread.mailbox.post(this.#next);
  }

  /** The endpoint is gone: everything gets its turn at once, and is refused in it. */
  flush(): void {
    for (let message = this.#take(); message !== undefined; message = this.#take()) message.run();
  }

  /** In a turn of the mailbox, so that timers and sockets get theirs between two batches. */
  readonly #next: LocalTask = {
    run: () => {
      for (let left = BATCH; left > 0 && !this.#isHeld; left--) {
        const message = this.#take();
        if (message === undefined) return;
        message.run();
      }
      if (!this.#isHeld) this.release();
    },
  };

  #take(): KeptMessage | undefined {
    const message = this.#waiting.shift();
    if (message !== undefined) this.#bytes -= message.bytes;
    return message;
  }
}

function tooMany(limit: number): RpcError {
  const text = `${limit} messages wait for this serial endpoint (option endpointQueueLimit)`;
  return new RpcError('MAILBOX_FULL', text, { limit, actual: limit, effect: 'none' });
}

function tooManyBytes(): RpcError {
  const { endpointQueueBytes: limit } = LIMITS;
  const text = `the messages that wait for this serial endpoint hold ${limit} bytes`;
  return new RpcError('MAILBOX_FULL', text, { limit, effect: 'none' });
}

/** What runs a kept call in the end. */
export interface KeptCallOwner {
  runKept(kept: KeptInvocation): void;
  /** Answers a call that will not run. */
  cancelKept(kept: KeptInvocation): void;
}

/** A call from a lane or a connection, taken out of it undecoded: that memory is needed again. */
export class KeptInvocation implements KeptMessage, Cancellable {
  readonly bytes: number;
  readonly call: number;
  readonly method: number;
  readonly replyTo: CallOutlet;
  readonly type: number;
  readonly source: RecordSource;
  readonly beside: BesideSource;
  readonly #thread: ActorThread;
  readonly #owner: KeptCallOwner;
  readonly #isCancellable: boolean;
  #isCancelled = false;

  constructor(
    thread: ActorThread,
    owner: KeptCallOwner,
    envelope: InvocationEnvelope,
    from: { readonly replyTo: CallOutlet; readonly source: BesideSource },
  ) {
    this.#thread = thread;
    this.#owner = owner;
    this.call = envelope.call;
    this.method = envelope.method;
    this.type = envelope.type;
    this.replyTo = from.replyTo;
    const { offset, payloadOffset, payloadLength } = envelope;
    const memory = new ArrayBuffer((payloadOffset + payloadLength - offset + 7) & -8);
    this.source = { words: new Int32Array(memory), bytes: Buffer.from(memory) };
    this.source.bytes.set(envelope.bytes.subarray(offset, payloadOffset + payloadLength));
    const beside = new KeptBeside(envelope, from.source);
    this.beside = beside;
    this.bytes = memory.byteLength + beside.byteLength;
    this.#isCancellable = (envelope.flags & FLAG_CANCELLABLE) !== 0;
  }

  /** It waits: from now on it can be cancelled. */
  listen(): void {
    if (this.#isCancellable) this.#thread.cancels.add(this.replyTo, this.call, this);
  }

  run(): void {
    if (this.#isCancelled) return;
    if (this.#isCancellable) this.#thread.cancels.remove(this.replyTo, this.call);
    this.#owner.runKept(this);
  }

  onCancel(): void {
    this.#isCancelled = true;
    this.#owner.cancelKept(this);
  }

  /** What a thread has published before it ended is still taken. */
  onCallerLost(): void {}
}
