/** Size of the pooled buffers, and the largest piece given to a stream at once. */
export const SEND_BUFFER_BYTES = 64 * 1024;
/** Buffers kept for the next send, all connections of the thread together: 4 MiB. */
const KEPT_BUFFERS = 64;

/** Memory that frames are written into, and its way through the stream. */
export class SendBuffer {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly capacity: number;
  #filled = 0;
  #handedOut = 0;
  #written = 0;

  /** Zeroed and of its own: neither other connections' nor Node's pooled bytes can leave by it. */
  constructor(capacity: number) {
    const memory = new ArrayBuffer(capacity);
    this.words = new Int32Array(memory);
    this.bytes = Buffer.from(memory);
    this.capacity = capacity;
  }

  /** True when the stream has all of it. */
  get isHandedOut(): boolean {
    return this.#handedOut === this.#filled;
  }

  /** Ends the filling. */
  close(filled: number): this {
    this.#filled = filled;
    this.#handedOut = this.#written = 0;
    return this;
  }

  /** The next bytes for the stream, at most `limit`. */
  nextPiece(limit: number): Buffer {
    const from = this.#handedOut;
    this.#handedOut = Math.min(this.#filled, from + limit);
    return this.bytes.subarray(from, this.#handedOut);
  }

  /** Counts `length` bytes as gone; true when all are. */
  isDone(length: number): boolean {
    this.#written += length;
    return this.#written === this.#filled;
  }
}

/** The send buffers that nobody uses at the moment. */
class SendBufferPool {
  readonly #free: SendBuffer[] = [];

  /** A buffer for a frame of `length` bytes: a pooled one, or one of its own when it is larger. */
  take(length: number): SendBuffer {
    if (length > SEND_BUFFER_BYTES) return new SendBuffer(length);
    return this.#free.pop() ?? new SendBuffer(SEND_BUFFER_BYTES);
  }

  giveBack(buffer: SendBuffer): void {
    if (buffer.capacity !== SEND_BUFFER_BYTES || this.#free.length >= KEPT_BUFFERS) return;
    this.#free.push(buffer);
  }
}

/** One pool a thread: a burst of one connection reuses what another has finished with. */
export const sendBuffers = new SendBufferPool();
