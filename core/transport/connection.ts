import type { Clock } from '../base/clock.js';
import { type Logger, silentLogger } from '../base/logger.js';
import { isRpcError, type RpcError, toRpcError } from '../errors/rpc-error.js';
import type { RecordOutlet } from '../memory/record-outlet.js';
import type { ByteStream } from './byte-stream.js';
import { decodeReject, leave } from './farewell.js';
import { FRAME_KINDS, kindOfTag } from './frame-descriptor.js';
import type { FrameSource } from './frame-source.js';
import type { Hello } from '../codec/control-codec.js';
import type { Inbound } from './inbound.js';
import { peerLost, protocolError, streamLost } from './network-errors.js';
import { Outbound } from './outbound.js';
import { StallWatch } from './stall-watch.js';

/** Bounds of a connection; those with a default may be left out. */
export interface ConnectionOptions {
  readonly clock: Clock;
  /** Longest frame in bytes that this side accepts; the shorter one of both sides is used. */
  readonly maximumFramesize: number;
  /** Bound on dialling and on the handshake, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** `claim` answers FULL when more bytes than this would wait to be sent. Default 16 MiB. */
  readonly highWaterBytes?: number;
  /** From the first byte of a frame to its last, in milliseconds. Default 10 000. */
  readonly frameTimeoutMs?: number;
  /** Without any progress in sending, in milliseconds. Default 10 000. */
  readonly writeTimeoutMs?: number;
  /** Bound on `close()`, in milliseconds. Default 5 000. */
  readonly closeTimeoutMs?: number;
  readonly logger?: Logger;
}

/** Takes what a connection receives. */
export interface ConnectionListener {
  /**
   * A record: its body is in `connection.inbound` at `offset`, 8-byte aligned, NOT verified, and
   * valid until the call returns; `length` includes up to 7 bytes of padding. Throwing ends the
   * connection with what was thrown: a record that cannot be trusted makes the rest worthless.
   */
  onRecord(connection: Connection, type: number, offset: number, length: number): void;
  /** Once after `claim` answered FULL: half of the bound is free again. */
  onWritable(connection: Connection): void;
  /**
   * Right before `onClose`: a record that was committed and can no longer arrive, its body in
   * `words` at byte `offset` until the call returns. What is not named here may have arrived.
   */
  onUnsent(type: number, words: Int32Array, offset: number): void;
  /**
   * The last call, exactly once. `PEER_LOST` or `PROTOCOL_ERROR` with the cause; undefined after
   * `close()`; what was given to `destroy()`.
   */
  onClose(connection: Connection, error: RpcError | undefined): void;
}

const nothingReceived: FrameSource = {
  words: new Int32Array(0),
  bytes: Buffer.alloc(0),
  isGivenAway: false,
};

/** What a finished handshake leaves behind. */
export interface ConnectionParts {
  readonly stream: ByteStream;
  readonly inbound: Inbound;
  readonly peer: Hello;
  readonly options: ConnectionOptions;
}

/**
 * A link with another process after its handshake: an outlet for records, and a listener that
 * gets the peer's. Made by `dial` and by a {@link Listener}.
 *
 * Sending is `claim`, write, `commit`; everything committed in one tick leaves in one write.
 * `claim` answers FULL above the bound (then `onWritable` follows) and on a connection that is
 * not open (then `onClose` follows or came already).
 */
export class Connection implements RecordOutlet {
  /** The other end, for people: `host:port` or a path. */
  readonly remote: string;
  /** What the peer said of itself. Not authenticated. */
  readonly peer: Hello;
  /** Longest frame in bytes that both sides accept; `frameLengthOf` is what counts against it. */
  readonly frameLimit: number;
  /** Where the body of a received record lies during `onRecord`. */
  inbound: FrameSource;
  readonly #stream: ByteStream;
  readonly #receiver: Inbound;
  readonly #outbound: Outbound;
  readonly #writeWatch: StallWatch;
  readonly #options: ConnectionOptions;
  #listener: ConnectionListener | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #error: RpcError | undefined;

  constructor(parts: ConnectionParts) {
    const { stream, inbound, peer, options } = parts;
    const { clock, maximumFramesize, highWaterBytes = 16 * 1024 * 1024 } = options;
    this.remote = stream.remote;
    this.peer = peer;
    this.inbound = nothingReceived;
    this.#stream = stream;
    this.#receiver = inbound;
    this.#options = options;
    this.frameLimit = Math.min(maximumFramesize, peer.maximumFramesize);
    this.#writeWatch = new StallWatch(clock, options.writeTimeoutMs ?? 10_000, () => {
      this.#fail(peerLost(this.remote, 'it does not read what is sent to it'));
    });
    const limits = { frameLimit: this.frameLimit, highWaterBytes };
    this.#outbound = new Outbound(stream, limits, {
      onWritable: () => this.#callListener((listener) => listener.onWritable(this)),
      onMoved: () => this.#writeWatch.mark(),
      onIdle: () => this.#writeWatch.rest(),
    });
  }

  get words(): Int32Array {
    return this.#outbound.words;
  }

  get bytes(): Buffer {
    return this.#outbound.bytes;
  }

  /** Bytes committed and not yet in the hands of the system. */
  get unsentBytes(): number {
    return this.#outbound.unsentBytes;
  }

  /** Bytes that have come from the peer in all, its HELLO included. */
  get receivedBytes(): number {
    return this.#receiver.receivedBytes;
  }

  /** False from `close()`, `destroy()` or the loss of the peer on. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Resolves when the socket is gone; `onClose` may have come before. */
  get closed(): Promise<void> {
    return this.#stream.closed;
  }

  /** See {@link RecordOutlet}; throws `FRAME_TOO_LARGE` for what the peer would never accept. */
  claim(length: number): number {
    return this.#outbound.claim(length);
  }

  /**
   * As {@link claim}, but never FULL while open: for answers, which are as many as the peer has
   * asked for. Who answers this way stops reading (`pause`) while there is no room.
   */
  claimReply(length: number): number {
    return this.#outbound.claimBeyond(length);
  }

  /** True while less than half of the bound on unsent bytes is in use. */
  get hasRoom(): boolean {
    return this.#outbound.hasRoom;
  }

  /** Asks for `onWritable` once there is room. */
  wantWritable(): void {
    this.#outbound.wantWritable();
  }

  /** See {@link RecordOutlet}; every byte of the body must have been written. */
  commit(length: number, type: number): void {
    this.#outbound.commit(length, type);
  }

  /** Starts the flow of records to `listener`; once, by whoever made the connection. */
  start(listener: ConnectionListener): void {
    this.#listener = listener;
    // It may have been closed before anybody listened.
    if (this.#state === 'closed') return this.#callListener((l) => l.onClose(this, this.#error));
    this.#receiver.handOver(
      {
        onFrame: (source, tag, offset, length) => {
          this.inbound = source;
          this.#onFrame(tag, offset, length);
          // Whoever got the memory of a message decides how long it lives.
          this.inbound = nothingReceived;
        },
        onProblem: (problem) => this.#refuse(problem),
        onStall: () => this.#refuse('a frame was not completed in time'),
      },
      this.#options.maximumFramesize,
    );
    this.#stream.attach({
      onBytes: (chunk) => this.#receiver.receive(chunk),
      onEnd: () => this.#onEnd(),
      onClose: (cause) => this.#onStreamClose(cause),
    });
  }

  /**
   * Stops reading, so that after a while the peer's `claim` answers FULL. What is already here
   * still comes: at most one chunk of 64 KiB.
   */
  pause(): void {
    if (this.#state !== 'open') return;
    this.#receiver.pause();
    this.#stream.pause();
  }

  /** Ends a {@link Connection.pause}. */
  resume(): void {
    if (this.#state !== 'open') return;
    this.#receiver.resume();
    this.#stream.resume();
  }

  /** Sends what is committed now instead of at the end of this tick. */
  flush(): void {
    if (this.#state === 'open') this.#outbound.flush();
  }

  /**
   * Sends what is committed, then hangs up; drops what is not sent within the bound. No record
   * comes after this call. `onClose` follows without an error; resolves when the socket is gone.
   */
  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#receiver.stop();
      this.#stream.resume();
      const { clock, closeTimeoutMs = 5_000 } = this.#options;
      const timer = clock.schedule(() => this.destroy(), closeTimeoutMs, { ref: false });
      void this.#stream.closed.then(() => timer.cancel());
      this.#outbound.drain(() => this.#stream.end());
    }
    return this.#stream.closed;
  }

  /** Hangs up at once and drops what is not sent; `onClose` gets `error`, before this returns. */
  destroy(error?: RpcError): void {
    if (this.#state === 'closed') return;
    this.#finish(error);
    this.#stream.destroy();
  }

  #onFrame(tag: number, offset: number, length: number): void {
    const kind = kindOfTag(tag);
    if (kind >= FRAME_KINDS.record) {
      try {
        this.#listener!.onRecord(this, kind - FRAME_KINDS.record, offset, length);
      } catch (thrown) {
        this.#fail(toRpcError(thrown, 'PEER_LOST', `a record of ${this.remote} failed`));
      }
      return;
    }
    if (kind !== FRAME_KINDS.reject) return this.#refuse(`frame kind ${kind} has no place here`);
    const text = decodeReject(this.inbound.bytes.subarray(offset, offset + length));
    this.#fail(protocolError(this.remote, `the peer refused to go on: ${text}`));
  }

  #onEnd(): void {
    const pending = this.#receiver.pendingBytes;
    if (this.#state !== 'open') this.#stream.destroy();
    else if (pending === 0) this.#fail(peerLost(this.remote, 'the peer closed it'));
    else this.#fail(protocolError(this.remote, `ended inside a frame, after ${pending} bytes`));
  }

  #onStreamClose(cause: Error | undefined): void {
    if (this.#state === 'closed') return;
    this.#finish(this.#state === 'closing' ? undefined : streamLost(this.remote, cause));
  }

  /** The peer broke the protocol: tells it, where that is still possible, and leaves. */
  #refuse(problem: string): void {
    if (this.#state !== 'open') return;
    this.#finish(protocolError(this.remote, problem));
    leave(this.#stream, this.#options.clock, problem);
  }

  #fail(error: RpcError): void {
    if (this.#state === 'closing') this.destroy();
    else this.destroy(error);
  }

  #finish(error: RpcError | undefined): void {
    this.#state = 'closed';
    this.#error = error;
    this.#receiver.stop();
    this.#callListener((listener) => {
      this.#outbound.forEachUnsent((type, words, at) => listener.onUnsent(type, words, at));
    });
    this.#outbound.stop();
    this.#writeWatch.stop();
    this.#callListener((listener) => listener.onClose(this, error));
  }

  /** A listener that throws where nobody could catch it must not end the process. */
  #callListener(call: (listener: ConnectionListener) => void): void {
    try {
      if (this.#listener !== undefined) call(this.#listener);
    } catch (thrown) {
      const { logger = silentLogger } = this.#options;
      logger.error({ remote: this.remote, error: thrown }, 'the listener of a connection threw');
      if (this.#state !== 'closed') {
        this.#fail(isRpcError(thrown) ? thrown : streamLost(this.remote, undefined));
      }
    }
  }
}
