import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WrongReply } from '../harness/cell.js';
import { PeerProcess } from '../harness/peer-process.js';
import { FramedSocket } from './framed-socket.js';

const SLOTS = 1 << 16;

/** How the other process answers. */
export type EchoKind = 'frames' | 'bytes';

async function open(kind: EchoKind): Promise<{ peer: PeerProcess; socket: Socket }> {
  const entry = new URL('./socket-echo-process.js', import.meta.url);
  const peer = await PeerProcess.start(entry, [kind]);
  const socket = connect(Number(peer.address), '127.0.0.1');
  await once(socket, 'connect');
  return { peer, socket };
}

/** Another process that echoes fixed frames over TCP loopback, and this side of it: promises. */
export class FrameEcho {
  readonly peer: PeerProcess;
  readonly #socket: Socket;
  readonly #frames: FramedSocket;
  readonly #pending = new Array<((value: number) => void) | undefined>(SLOTS).fill(undefined);
  #nextCall = 0;

  private constructor(peer: PeerProcess, socket: Socket) {
    this.peer = peer;
    this.#socket = socket;
    this.#frames = new FramedSocket(socket, (call, value) => {
      const resolve = this.#pending[call];
      this.#pending[call] = undefined;
      resolve?.(value);
    });
  }

  /** Starts the process and connects. */
  static async start(): Promise<FrameEcho> {
    const { peer, socket } = await open('frames');
    return new FrameEcho(peer, socket);
  }

  readonly ask = (value: number): Promise<number> =>
    new Promise((resolve) => {
      const call = this.#nextCall;
      this.#nextCall = (call + 1) & (SLOTS - 1);
      this.#pending[call] = resolve;
      this.#frames.write(call, value | 0);
    });

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.peer.close();
  }
}

/** The same for large messages: the bytes that come back are compared with those that went. */
export class BytesEcho {
  readonly peer: PeerProcess;
  readonly #socket: Socket;
  readonly #message: Buffer;
  readonly #pending: { resolve: (length: number) => void; reject: (error: Error) => void }[] = [];
  /** Bytes of the current message that have come back. */
  #received = 0;

  private constructor(peer: PeerProcess, socket: Socket, message: Buffer) {
    this.peer = peer;
    this.#socket = socket;
    this.#message = message;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
  }

  /** Starts the process and connects; every message will be `message`. */
  static async start(message: Buffer): Promise<BytesEcho> {
    const { peer, socket } = await open('bytes');
    return new BytesEcho(peer, socket, message);
  }

  /** Sends the message; resolves with its length when all of it has come back unchanged. */
  readonly ask = (): Promise<number> =>
    new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#socket.write(this.#message);
    });

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.peer.close();
  }

  #onData(chunk: Buffer): void {
    const message = this.#message;
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, message.length - this.#received);
      const from = this.#received;
      if (chunk.compare(message, from, from + taken, at, at + taken) !== 0) {
        const error = new WrongReply(`bytes ${from} to ${from + taken} came back changed`);
        return this.#pending.splice(0).forEach(({ reject }) => reject(error));
      }
      at += taken;
      this.#received += taken;
      if (this.#received < message.length) continue;
      this.#received = 0;
      this.#pending.shift()?.resolve(message.length);
    }
  }
}
