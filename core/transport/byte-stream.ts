import type { Clock } from '../base/clock.js';

/** Takes what a {@link ByteStream} receives. None of its methods may throw. */
export interface StreamHandler {
  /** Bytes in order, in whatever pieces they came; the stream may reuse `chunk` afterwards. */
  onBytes(chunk: Buffer): void;
  /** The other side will send nothing more. */
  onEnd(): void;
  /** The last call, exactly once; `cause` when the stream did not end by itself. */
  onClose(cause: Error | undefined): void;
}

/**
 * A reliable stream of bytes both ways: the port behind which sockets live. Tests put memory
 * here. It never emits errors of its own accord: a failure is the `cause` of its close.
 */
export interface ByteStream {
  /** The other end, for people: `host:port` or a path. */
  readonly remote: string;
  /** Resolves when both directions are gone and nothing is held any more. */
  readonly closed: Promise<void>;
  /** Starts reading with the first handler; a later one takes the place of the one before. */
  attach(handler: StreamHandler): void;
  /**
   * Sends `bytes`, which stay untouched until `onWritten`: then they are in the hands of the
   * system, or lost with an error.
   */
  write(bytes: Buffer, onWritten: (error?: Error | null) => void): void;
  /** The same for several pieces, in one call of the system where it can. */
  writeAll(pieces: readonly Buffer[], onWritten: (error?: Error | null) => void): void;
  /** Sends what is written, then says that nothing more will come. */
  end(): void;
  /** Drops everything at once. */
  destroy(): void;
  /** Stops reading, which after a while stops the peer from sending. */
  pause(): void;
  resume(): void;
}

/** Where to connect to or listen at. */
export type TransportAddress =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** What a transport needs to know for one attempt to connect. */
export interface TransportDialOptions {
  readonly clock: Clock;
  /** Bound on the attempt in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Takes the streams that come in. None of its methods may throw. */
export interface StreamAcceptor {
  onStream(stream: ByteStream): void;
  /** Accepting one stream failed, for want of file descriptors for example; others may follow. */
  onAcceptError(error: Error): void;
}

/** A bound socket. */
export interface StreamServer {
  /** Where it really listens: the port that the system chose. */
  readonly address: TransportAddress;
  /** Accepts nothing more; resolves when that is so. Streams accepted before live on. */
  close(): Promise<void>;
}

/** Makes streams. */
export interface Transport {
  /** Fails with `CONNECTION_FAILED` naming the address, or `CANCELLED` by the signal. */
  dial(address: TransportAddress, options: TransportDialOptions): Promise<ByteStream>;
  /** One attempt to bind; fails with `BIND_FAILED`, the system's own error as its cause. */
  listen(address: TransportAddress, acceptor: StreamAcceptor): Promise<StreamServer>;
}

/** `host:port`, an IPv6 host in brackets, or the path of a unix socket. */
export function formatTransportAddress(address: TransportAddress): string {
  if ('path' in address) return address.path;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
