import net from 'node:net';
import { deferred } from '../base/deferred.js';
import type { ByteStream, StreamHandler } from './byte-stream.js';

/** As much as the kernel hands over at once, and little enough to stay in the processor's cache. */
const READ_BYTES = 64 * 1024;

/**
 * Silence after which the kernel asks the peer's kernel whether the connection still exists. Node
 * has it ask ten times, a second apart (TCP_KEEPINTVL, TCP_KEEPCNT), before it gives up.
 */
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Where sockets put what they read. One for all of the thread: a system that says when a socket is
 * readable fills it only right before `onBytes`, which keeps what it needs. Windows fills it in the
 * background, so there each socket has one of its own.
 */
const sharedReadMemory = Buffer.from(new ArrayBuffer(READ_BYTES));

/** Has a socket read into memory that is used again, which halves what receiving costs. */
class ReadMemory implements net.OnReadOpts {
  readonly buffer =
    process.platform === 'win32' ? Buffer.from(new ArrayBuffer(READ_BYTES)) : sharedReadMemory;
  handler: StreamHandler | undefined;

  readonly callback = (length: number): boolean => {
    this.handler?.onBytes(this.buffer.subarray(0, length));
    return true;
  };
}

/** A socket of Node as a {@link ByteStream}. */
export class SocketStream implements ByteStream {
  readonly remote: string;
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;
  readonly #memory: ReadMemory | undefined;
  #handler: StreamHandler | undefined;
  #error: Error | undefined;

  /** `memory` when the socket was made with it; else the socket's own chunks are taken. */
  constructor(socket: net.Socket, remote: string, memory?: ReadMemory) {
    const closed = deferred<void>();
    this.#socket = socket;
    this.#memory = memory;
    this.remote = remote;
    this.closed = closed.promise;
    // Whole ticks are written at once: waiting for more, as Nagle does, would only add delay.
    socket.setNoDelay(true);
    // A peer that lost its power, or a path that forgot us, sends nothing that would end a wait.
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    // Listens from birth to death: an 'error' that nobody listens to would end the process.
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('close', () => {
      closed.resolve();
      this.#handler?.onClose(this.#error);
    });
  }

  attach(handler: StreamHandler): void {
    const isFirst = this.#handler === undefined;
    this.#handler = handler;
    if (this.#memory) this.#memory.handler = handler;
    if (!isFirst) return;
    if (this.#socket.closed) return handler.onClose(this.#error);
    this.#socket.on('end', () => this.#handler!.onEnd());
    if (this.#memory) this.#socket.resume();
    else this.#socket.on('data', (chunk: Buffer) => this.#handler!.onBytes(chunk));
  }

  write(bytes: Buffer, onWritten: (error?: Error | null) => void): void {
    this.#socket.write(bytes, onWritten);
  }

  writeAll(pieces: readonly Buffer[], onWritten: (error?: Error | null) => void): void {
    const last = pieces.length - 1;
    this.#socket.cork();
    for (let i = 0; i < last; i++) this.#socket.write(pieces[i]!);
    this.#socket.write(pieces[last]!, onWritten);
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

/** A socket on its way to `address`, and its stream once it is connected. */
export function connectSocket(address: net.NetConnectOpts): {
  readonly socket: net.Socket;
  readonly event: 'connect';
  readonly streamOf: (remote: string) => SocketStream;
} {
  const memory = new ReadMemory();
  const socket = net.connect({ ...address, onread: memory });
  // Nothing is read before somebody listens.
  socket.pause();
  const event = 'connect';
  return { socket, event, streamOf: (remote) => new SocketStream(socket, remote, memory) };
}

/**
 * The stream of a socket that a server has accepted and not begun to read. Servers cannot be told
 * where their sockets shall read to, so the handle moves to a socket that can; where there is no
 * such handle, the socket is used as it is.
 */
export function acceptedStream(accepted: net.Socket, remote: string): SocketStream {
  const holder = accepted as { _handle?: object | null };
  const handle = holder._handle;
  if (handle === undefined || handle === null) return new SocketStream(accepted, remote);
  holder._handle = null;
  // Without its handle it is closed at once, and counts no more at its server.
  accepted.destroy();
  const memory = new ReadMemory();
  // Neither option is in the types of this constructor; `net.connect` hands `onread` on to it.
  const options: object = { handle, onread: memory };
  return new SocketStream(new net.Socket(options), remote, memory);
}
