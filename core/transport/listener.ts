import { type Logger, silentLogger } from '../base/logger.js';
import { isPowerOfTwo } from '../base/sequence.js';
import type { ListenOptions } from '../config/options.js';
import { isRpcError, RpcError } from '../errors/rpc-error.js';
import { type BindPlan, planBind } from './bind-plan.js';
import {
  type ByteStream,
  formatTransportAddress,
  type StreamAcceptor,
  type StreamServer,
  type Transport,
} from './byte-stream.js';
import type { Connection, ConnectionListener, ConnectionOptions } from './connection.js';
import { Handshake, type Identity } from './handshake.js';
import { bindFailed, systemCodeOf } from './network-errors.js';

/** Options of {@link listen}. */
export interface AcceptOptions extends ConnectionOptions {
  /** Answers who gets the records of a new connection, before the first one. */
  readonly accept: (connection: Connection) => ConnectionListener;
  /** Sockets at a time, those in the handshake included. Default 1 024; more are hung up on. */
  readonly maxConnections?: number;
  /** Sockets a second, as many at once after a quiet second. Default 1 000; more are hung up on. */
  readonly maxAcceptsPerSecond?: number;
  /**
   * Handshakes at a time. Default 512: a whole cluster that comes back at once, and as many as the
   * system keeps waiting by itself; more are hung up on.
   */
  readonly maxHandshakes?: number;
}

/** What happened to those who came, since the start. */
export interface ListenerCounts {
  readonly accepted: number;
  /** Hung up on because of a limit. */
  readonly refused: number;
  /** Left or were refused during the handshake. */
  readonly failedHandshakes: number;
  /** The system could not accept, for want of file descriptors for example. */
  readonly acceptErrors: number;
}

/**
 * Listens where `at` allows and shakes hands with whoever comes. Fails with `BIND_FAILED`
 * naming everything that was tried, or `INVALID_ARGUMENT` for an unsafe host.
 */
export async function listen(
  transport: Transport,
  at: ListenOptions,
  identity: Identity,
  options: AcceptOptions,
): Promise<Listener> {
  const listener = new Listener(identity, options);
  await listener.bind(transport, planBind(at));
  return listener;
}

/** The accepting side: owns the bound socket and every stream that came through it. */
export class Listener {
  readonly #identity: Identity;
  readonly #options: AcceptOptions;
  readonly #logger: Logger;
  readonly #streams = new Set<ByteStream>();
  readonly #handshakes = new Set<Handshake>();
  readonly #connections = new Map<ByteStream, Connection>();
  readonly #counts = { accepted: 0, refused: 0, failedHandshakes: 0, acceptErrors: 0 };
  /** Sockets that may be accepted now, as of `acceptsAtMs`. */
  #accepts = Number.POSITIVE_INFINITY;
  #acceptsAtMs = 0;
  #server: StreamServer | undefined;
  #closing: Promise<void> | undefined;

  /** Use {@link listen}. */
  constructor(identity: Identity, options: AcceptOptions) {
    this.#identity = identity;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** `host:port` or path. */
  get address(): string {
    return formatTransportAddress(this.#server!.address);
  }

  /** The bound port; -1 for a unix socket. */
  get port(): number {
    const { address } = this.#server!;
    return 'port' in address ? address.port : -1;
  }

  /** Connections past their handshake whose sockets are not gone. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  get counts(): ListenerCounts {
    return { ...this.#counts };
  }

  /** Tries the plan's addresses in order; only a port that is taken moves it on to the next. */
  async bind(transport: Transport, plan: BindPlan): Promise<void> {
    const acceptor: StreamAcceptor = {
      onStream: (stream) => this.#onStream(stream),
      onAcceptError: (error) => this.#onAcceptError(error),
    };
    let lastError: unknown;
    for (const candidate of plan.candidates) {
      try {
        this.#server = await transport.listen(candidate, acceptor);
        return;
      } catch (error) {
        lastError = error;
        if (systemCodeOf(isRpcError(error) ? error.cause : error) !== 'EADDRINUSE') throw error;
      }
    }
    if (plan.candidates.length === 1) throw lastError;
    throw bindFailed(plan.name, (lastError as RpcError).cause);
  }

  /**
   * Accepts nothing more, gives up handshakes, closes the connections that it accepted (what is
   * committed on them is still sent); resolves when all their sockets are gone.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const unbound = this.#server?.close();
    const error = new RpcError('SERVICE_CLOSED', 'the listener is closed');
    for (const handshake of this.#handshakes) handshake.abandon(error);
    const gone: Promise<void>[] = [];
    for (const stream of this.#streams) {
      gone.push(stream.closed);
      // Without a connection it is a refused peer that reads why.
      const connection = this.#connections.get(stream);
      if (connection === undefined) stream.destroy();
      else void connection.close();
    }
    await Promise.all([unbound, ...gone]);
  }

  #onStream(stream: ByteStream): void {
    const { maxConnections = 1_024, maxHandshakes = 512 } = this.#options;
    const isFull = this.#streams.size >= maxConnections || this.#handshakes.size >= maxHandshakes;
    if (isFull || this.#closing !== undefined || !this.#takeAccept()) {
      // Without a word: words cost memory, and whoever floods does not read them.
      this.#counts.refused++;
      stream.destroy();
      return;
    }
    this.#counts.accepted++;
    this.#streams.add(stream);
    void stream.closed.then(() => {
      this.#streams.delete(stream);
      this.#connections.delete(stream);
    });
    const handshake = new Handshake(stream, this.#identity, this.#options, {
      onOpen: (connection) => {
        this.#handshakes.delete(handshake);
        this.#connections.set(stream, connection);
        return this.#options.accept(connection);
      },
      onFailed: (error) => {
        this.#handshakes.delete(handshake);
        this.#onFailed(stream, error);
      },
    });
    this.#handshakes.add(handshake);
    handshake.start();
  }

  /** One of those that this second allows: a bucket that fills as time goes by. */
  #takeAccept(): boolean {
    const { clock, maxAcceptsPerSecond: rate = 1_000 } = this.#options;
    const nowMs = clock.nowMs();
    const earned = ((nowMs - this.#acceptsAtMs) * rate) / 1_000;
    this.#accepts = Math.min(rate, this.#accepts + earned);
    this.#acceptsAtMs = nowMs;
    if (this.#accepts < 1) return false;
    this.#accepts--;
    return true;
  }

  #onFailed(stream: ByteStream, error: RpcError): void {
    const times = ++this.#counts.failedHandshakes;
    // Strangers decide how often this happens: the log hears the 1st, 2nd, 4th, 8th time.
    if (!isPowerOfTwo(times)) return;
    this.#logger.warn({ remote: stream.remote, error, times }, 'a handshake failed');
  }

  /** The listening socket lives on; the one who came is lost, and may come again. */
  #onAcceptError(error: Error): void {
    const times = ++this.#counts.acceptErrors;
    if (isPowerOfTwo(times)) this.#logger.warn({ error, times }, 'a peer could not be accepted');
  }
}
