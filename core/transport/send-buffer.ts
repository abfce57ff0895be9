import { align } from '../base/sequence.js';
import { FRAME_LENGTH_MAX } from './frame-descriptor.js';

/** Size of the ordinary buffers: the longest frame fits. */
const SEND_BUFFER_BYTES = FRAME_LENGTH_MAX;
/** Ordinary buffers kept for the next send, all connections of the thread together: 4 MiB. */
const KEPT_BUFFERS = 64;
/** The same for the larger ones of messages, in bytes: fresh memory costs more than the copy. */
const KEPT_MESSAGE_BYTES = 16 * 1024 * 1024;

/** Memory that frames are written into. */
export class SendBuffer {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly capacity: number;
  /** Bytes of whole frames in it, once nothing more is written. */
  filled = 0;

  /** Zeroed and of its own: neither other connections' nor Node's pooled bytes can leave by it. */
  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.capacity = capacity;
  }
}

/** The send buffers that nobody uses at the moment. */
class SendBufferPool {
  readonly #free: SendBuffer[] = [];
  readonly #large: SendBuffer[] = [];
  #largeBytes = 0;

  /** A buffer for a frame of `length` bytes, or for a message of that length. */
  take(length: number): SendBuffer {
    if (length > SEND_BUFFER_BYTES) return this.#takeLarge(length);
    return this.#free.pop() ?? new SendBuffer(SEND_BUFFER_BYTES);
  }

  giveBack(buffer: SendBuffer): void {
    if (buffer.capacity > SEND_BUFFER_BYTES) this.#giveBackLarge(buffer);
    else if (this.#free.length < KEPT_BUFFERS) this.#free.push(buffer);
  }

  /** One that fits and is at most twice as large as it must be. */
  #takeLarge(length: number): SendBuffer {
    const fits = ({ capacity }: SendBuffer): boolean =>
      capacity >= length && capacity <= 2 * length;
    const found = this.#large.findLastIndex(fits);
    if (found < 0) return new SendBuffer(align(length, SEND_BUFFER_BYTES));
    const buffer = this.#large.splice(found, 1)[0]!;
    this.#largeBytes -= buffer.capacity;
    return buffer;
  }

  /** The most recent ones stay: their sizes are the likeliest to be asked for next. */
  #giveBackLarge(buffer: SendBuffer): void {
    if (buffer.capacity > KEPT_MESSAGE_BYTES) return;
    this.#large.push(buffer);
    this.#largeBytes += buffer.capacity;
    while (this.#largeBytes > KEPT_MESSAGE_BYTES) {
      this.#largeBytes -= this.#large.shift()!.capacity;
    }
  }
}

/** One pool a thread: a burst of one connection reuses what another has finished with. */
export const sendBuffers = new SendBufferPool();
