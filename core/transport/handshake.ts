import type { TimerHandle } from '../base/clock.js';
import { silentLogger } from '../base/logger.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import type { ByteStream } from './byte-stream.js';
import { Connection, type ConnectionListener, type ConnectionOptions } from './connection.js';
import { decodeReject, leave } from './farewell.js';
import { encodeFrame, FRAME_KINDS, kindOfTag, PROTOCOL_VERSION } from './frame-descriptor.js';
import { decodeHello, encodeHello, type Hello } from '../codec/control-codec.js';
import { Inbound } from './inbound.js';
import { connectionFailed, dialFailed, protocolError } from './network-errors.js';
import { scheduleTimeout } from './timeout.js';

/** Who we are, as the peer will see it. */
export interface Identity {
  /** Name of the system in addresses. */
  readonly system: string;
  /** Random number of this run, see `randomIncarnation`. */
  readonly incarnation: number;
}

/** Longest frame before the peer said who it is: a stranger gets no more memory than this. */
const HANDSHAKE_FRAME_BYTES = 4 * 1024;
/** A peer that accepts less could not even be told what went wrong. */
const FRAME_LIMIT_MIN = 4 * 1024;

/** How a handshake ends: one of the two, exactly once. */
export interface HandshakeOutcome {
  /** Answers who listens to the connection, before its first record. */
  onOpen(connection: Connection): ConnectionListener;
  onFailed(error: RpcError): void;
}

/**
 * The first words on a stream. Both sides say HELLO at once, neither waits for the other; then
 * each judges the HELLO that it got. Until then nothing else is listened to, frames are short,
 * and one deadline holds for everything.
 */
export class Handshake {
  readonly #stream: ByteStream;
  readonly #options: ConnectionOptions;
  readonly #outcome: HandshakeOutcome;
  readonly #inbound: Inbound;
  readonly #hello: Hello;
  #timer: TimerHandle | undefined;
  #done = false;

  constructor(
    stream: ByteStream,
    identity: Identity,
    options: ConnectionOptions,
    outcome: HandshakeOutcome,
  ) {
    const { clock, maximumFramesize, frameTimeoutMs = 10_000 } = options;
    this.#stream = stream;
    this.#options = options;
    this.#outcome = outcome;
    this.#hello = { ...identity, protocolVersion: PROTOCOL_VERSION, maximumFramesize };
    const limits = { frameLimit: HANDSHAKE_FRAME_BYTES, frameTimeoutMs };
    this.#inbound = new Inbound(clock, limits, {
      onFrame: (source, tag, offset, length) =>
        this.#onFrame(kindOfTag(tag), source.bytes.subarray(offset, offset + length)),
      onProblem: (problem) => this.#refuse(problem),
      onStall: () => this.#onDeadline(),
    });
  }

  /** Says HELLO and waits for the peer's. The outcome may come before this returns. */
  start(): void {
    const { clock, connectTimeoutMs } = this.#options;
    const stream = this.#stream;
    this.#timer = scheduleTimeout(clock, () => this.#onDeadline(), connectTimeoutMs);
    stream.write(encodeFrame(FRAME_KINDS.hello, encodeHello(this.#hello)), () => {});
    stream.attach({
      onBytes: (chunk) => this.#inbound.receive(chunk),
      onEnd: () => this.abandon(connectionFailed(stream.remote, 'it hung up in the handshake')),
      onClose: (cause) => this.abandon(dialFailed(stream.remote, cause ?? 'it hung up')),
    });
  }

  /** Ends it without a word; nothing when it has ended already. */
  abandon(error: RpcError): void {
    if (!this.#finish()) return;
    this.#stream.destroy();
    this.#outcome.onFailed(error);
  }

  #onDeadline(): void {
    const { connectTimeoutMs } = this.#options;
    const reason = `no handshake within ${Math.round(connectTimeoutMs)} ms`;
    this.abandon(connectionFailed(this.#stream.remote, reason));
  }

  #onFrame(kind: number, body: Buffer): void {
    if (kind === FRAME_KINDS.hello) return this.#onHello(body);
    if (kind !== FRAME_KINDS.reject) return this.#refuse(`frame kind ${kind} came before HELLO`);
    const ours = `this side speaks protocol version ${PROTOCOL_VERSION}`;
    this.abandon(this.#rejected(`${this.#stream.remote} says: ${decodeReject(body)}; ${ours}`));
  }

  #onHello(body: Buffer): void {
    let peer: Hello;
    try {
      peer = decodeHello(body);
    } catch (thrown) {
      return this.#refuse(`HELLO cannot be read: ${describeThrown(thrown)}`);
    }
    const { protocolVersion: version, maximumFramesize } = peer;
    if (version !== PROTOCOL_VERSION) {
      const ours = `this side speaks version ${PROTOCOL_VERSION}`;
      const reason = `protocol version ${version} is not supported, ${ours}`;
      return this.#refuse(reason, this.#rejected(`${this.#stream.remote}: ${reason}`));
    }
    if (maximumFramesize < FRAME_LIMIT_MIN) {
      return this.#refuse(`maximumFramesize ${maximumFramesize} is below ${FRAME_LIMIT_MIN}`);
    }
    this.#open(peer);
  }

  #open(peer: Hello): void {
    if (!this.#finish()) return;
    const connection = new Connection({
      stream: this.#stream,
      inbound: this.#inbound,
      peer,
      options: this.#options,
    });
    try {
      connection.start(this.#outcome.onOpen(connection));
    } catch (thrown) {
      const { logger = silentLogger } = this.#options;
      logger.error({ remote: connection.remote, error: thrown }, 'nobody took a connection');
      connection.destroy();
    }
  }

  /** Tells the peer why, as it may be older or younger than we are, and leaves. */
  #refuse(reason: string, error?: RpcError): void {
    if (!this.#finish()) return;
    this.#inbound.stop();
    leave(this.#stream, this.#options.clock, reason);
    this.#outcome.onFailed(error ?? protocolError(this.#stream.remote, reason, 'none'));
  }

  /** True once: whoever gets it decides how this ends. */
  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#timer?.cancel();
    return true;
  }

  #rejected(text: string): RpcError {
    return new RpcError('HANDSHAKE_REJECTED', text, { address: this.#stream.remote });
  }
}
