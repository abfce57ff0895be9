import type { Socket } from 'node:net';

/** Bytes of every frame. */
export const FRAME_BYTES = 48;
const BATCH_BYTES = 1 << 16;

/** What a reader does with a frame. */
export type OnFrame = (call: number, value: number) => void;

/** Fixed frames over one socket, one write a tick, nothing else. */
export class FramedSocket {
  readonly #socket: Socket;
  readonly #onFrame: OnFrame;
  #batch = Buffer.allocUnsafe(BATCH_BYTES);
  #length = 0;
  #isQueued = false;
  #rest: Buffer | undefined;
  readonly #flush = (): void => {
    this.#isQueued = false;
    if (this.#length === 0) return;
    this.#socket.write(this.#batch.subarray(0, this.#length));
    this.#batch = Buffer.allocUnsafe(BATCH_BYTES);
    this.#length = 0;
  };

  constructor(socket: Socket, onFrame: OnFrame) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  write(call: number, value: number): void {
    if (this.#length + FRAME_BYTES > BATCH_BYTES) this.#flush();
    const batch = this.#batch;
    const at = this.#length;
    batch.writeInt32LE(FRAME_BYTES, at);
    batch.writeInt32LE(call, at + 4);
    batch.writeInt32LE(0, at + 8);
    batch.writeInt32LE(value, at + 12);
    this.#length = at + FRAME_BYTES;
    if (this.#isQueued) return;
    this.#isQueued = true;
    process.nextTick(this.#flush);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    for (; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
      this.#onFrame(bytes.readInt32LE(at + 4), bytes.readInt32LE(at + 12));
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }
}
