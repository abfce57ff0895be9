import { deferred } from '../base/deferred.js';
import {
  type ByteStream,
  formatTransportAddress,
  type StreamAcceptor,
  type StreamHandler,
  type StreamServer,
  type Transport,
  type TransportAddress,
} from './byte-stream.js';
import { bindFailed, dialFailed } from './network-errors.js';

/** How a {@link MemoryTransport} carries bytes. */
export interface MemoryTransportOptions {
  /** Runs a delivery later, never at once. Default `setImmediate`; a virtual clock adds delay. */
  readonly defer?: (task: () => void) => void;
  /** Length of the next piece when `waitingBytes` could be delivered; default as of a socket. */
  readonly split?: (waitingBytes: number) => number;
}

interface Write {
  readonly bytes: Buffer;
  readonly onWritten: (error?: Error | null) => void;
}

/** Back-pressure is made for at most this much at once after reading has stopped. */
function asSocketsRead(waitingBytes: number): number {
  return Math.min(waitingBytes, 64 * 1024);
}

/** One end of a link in memory, with the faults of a network at hand. */
export class MemoryStream implements ByteStream {
  readonly remote: string;
  readonly closed: Promise<void>;
  /** Calls of `write` so far. */
  writes = 0;
  /** Bytes that the other end has received. */
  deliveredBytes = 0;
  readonly #options: Required<MemoryTransportOptions>;
  readonly #closed = deferred<void>();
  readonly #sent: Write[] = [];
  #peer!: MemoryStream;
  #handler: StreamHandler | undefined;
  /** Bytes of `sent[0]` that are delivered. */
  #offset = 0;
  #ended = false;
  #endDelivered = false;
  #stalled = false;
  #isForgotten = false;
  #paused = false;
  #destroyed = false;
  #deferred = false;

  constructor(remote: string, options: Required<MemoryTransportOptions>) {
    this.remote = remote;
    this.#options = options;
    this.closed = this.#closed.promise;
  }

  /** Ties the two ends together. */
  static pair(dialled: string, options: MemoryTransportOptions = {}): [MemoryStream, MemoryStream] {
    const { defer = setImmediate, split = asSocketsRead } = options;
    const one = new MemoryStream(dialled, { defer, split });
    const other = new MemoryStream(`a peer at ${dialled}`, { defer, split });
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  attach(handler: StreamHandler): void {
    const isFirst = this.#handler === undefined;
    this.#handler = handler;
    if (isFirst && this.#destroyed) handler.onClose(undefined);
    this.#peer.#schedule();
  }

  write(bytes: Buffer, onWritten: (error?: Error | null) => void): void {
    this.writeAll([bytes], onWritten);
  }

  writeAll(pieces: readonly Buffer[], onWritten: (error?: Error | null) => void): void {
    this.writes++;
    if (this.#destroyed || this.#ended) {
      return this.#options.defer(() => onWritten(new Error('write after end')));
    }
    const last = pieces.length - 1;
    pieces.forEach((bytes, i) => {
      this.#sent.push({ bytes, onWritten: i === last ? onWritten : () => {} });
    });
    this.#schedule();
  }

  end(): void {
    this.#ended = true;
    this.#schedule();
  }

  destroy(): void {
    this.#destroy(undefined);
    if (!this.#isForgotten) this.#options.defer(() => this.#peer.#onPeerGone());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#peer.#schedule();
  }

  /** What this end sends is held back, as by a peer that does not read. */
  stall(): void {
    this.#stalled = true;
  }

  /** Ends a {@link MemoryStream.stall}. */
  flow(): void {
    this.#stalled = false;
    this.#schedule();
  }

  /** Both ends send into the void from now on, as when the path between them forgot the flow. */
  forget(): void {
    this.#isForgotten = true;
    this.#peer.#isForgotten = true;
  }

  /** Both ends die with `cause`, as by a reset; what is under way is lost. */
  cut(cause: Error = Object.assign(new Error('cut'), { code: 'ECONNRESET' })): void {
    this.#destroy(cause);
    this.#peer.#destroy(cause);
  }

  #schedule(): void {
    if (this.#deferred || this.#destroyed) return;
    this.#deferred = true;
    this.#options.defer(() => {
      this.#deferred = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const peer = this.#peer;
    if (this.#destroyed || this.#stalled || peer.#paused || peer.#handler === undefined) return;
    const chunk = this.#nextChunk();
    if (this.#isForgotten) {
      // The system took it, and it is lost.
      if (chunk.length > 0) this.#schedule();
    } else if (chunk.length > 0) {
      this.deliveredBytes += chunk.length;
      peer.#handler.onBytes(chunk);
      this.#schedule();
    } else if (this.#ended && !this.#endDelivered) {
      this.#endDelivered = true;
      peer.#handler.onEnd();
      // As a socket does: the end of one direction ends the other when it is written out.
      peer.end();
    } else if (this.#endDelivered && peer.#endDelivered) {
      this.destroy();
    }
  }

  /** A copy of the next piece: across the ends of writes, as a network neither keeps them. */
  #nextChunk(): Buffer {
    const waiting = this.#sent.reduce((sum, write) => sum + write.bytes.length, -this.#offset);
    if (waiting === 0) return Buffer.alloc(0);
    let left = Math.min(waiting, Math.max(1, this.#options.split(waiting)));
    const pieces: Buffer[] = [];
    while (left > 0) {
      const { bytes, onWritten } = this.#sent[0]!;
      const piece = bytes.subarray(this.#offset, this.#offset + left);
      pieces.push(piece);
      left -= piece.length;
      this.#offset += piece.length;
      if (this.#offset < bytes.length) continue;
      this.#offset = 0;
      this.#sent.shift();
      this.#options.defer(() => onWritten());
    }
    return Buffer.concat(pieces);
  }

  /** The other end hung up: what it had not received is lost. */
  #onPeerGone(): void {
    if (this.#destroyed) return;
    if (!this.#peer.#endDelivered) this.#handler?.onEnd();
    this.#destroy(undefined);
  }

  #destroy(cause: Error | undefined): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    const lost = this.#sent.splice(0);
    this.#options.defer(() => {
      for (const { onWritten } of lost) onWritten(cause ?? new Error('destroyed'));
      this.#closed.resolve();
      this.#handler?.onClose(cause);
    });
  }
}

/** A link made by a {@link MemoryTransport}. */
export interface MemoryLink {
  /** The end of the side that dialled. */
  readonly dialled: MemoryStream;
  /** The end of the side that listens. */
  readonly accepted: MemoryStream;
}

/** A network in memory: addresses are only names. For tests and simulations. */
export class MemoryTransport implements Transport {
  /** Every link so far. */
  readonly links: MemoryLink[] = [];
  readonly #options: MemoryTransportOptions;
  readonly #acceptors = new Map<string, StreamAcceptor>();
  #nextPort = 40_000;

  constructor(options: MemoryTransportOptions = {}) {
    this.#options = options;
  }

  async dial(address: TransportAddress): Promise<ByteStream> {
    const name = formatTransportAddress(address);
    const acceptor = this.#acceptors.get(name);
    if (acceptor === undefined) throw dialFailed(name, systemError('ECONNREFUSED'));
    const [dialled, accepted] = MemoryStream.pair(name, this.#options);
    this.links.push({ dialled, accepted });
    acceptor.onStream(accepted);
    return dialled;
  }

  async listen(asked: TransportAddress, acceptor: StreamAcceptor): Promise<StreamServer> {
    const isAny = 'port' in asked && asked.port === 0;
    const address = isAny ? { host: asked.host, port: this.#nextPort++ } : asked;
    const name = formatTransportAddress(address);
    if (this.#acceptors.has(name)) throw bindFailed(name, systemError('EADDRINUSE'));
    this.#acceptors.set(name, acceptor);
    const close = async (): Promise<void> => void this.#acceptors.delete(name);
    return { address, close };
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
