import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { startChildProgram } from './child-program.js';
import type { AskTarget } from './load-model.js';

/** A target that must be closed. */
export interface RawTarget extends AskTarget<number> {
  close(): Promise<void>;
}

const judge: RawTarget['judge'] = (reply, sequence) => (reply === sequence ? 'ok' : 'wrong');

/** `postMessage` there and back with a Map of promises: what one would write by hand. */
export async function openRawMessages(): Promise<RawTarget> {
  const worker = new Worker(new URL('./raw-message-worker.js', import.meta.url));
  await once(worker, 'online');
  const waiting = new Map<number, (value: number) => void>();
  worker.on('message', (value: number) => {
    const resolve = waiting.get(value);
    waiting.delete(value);
    resolve?.(value);
  });
  return {
    send: (sequence) =>
      new Promise((resolve) => {
        waiting.set(sequence, resolve);
        worker.postMessage(sequence);
      }),
    judge,
    close: async () => void (await worker.terminate()),
  };
}

/** Bytes of one raw frame; about what an ask of a number takes. */
const FRAME_BYTES = 48;
/** Calls in flight that the raw socket can tell apart. */
const RING_PLACES = 1 << 16;

/** A socket to another process that echoes bytes: fixed frames, one write a turn, no checks. */
export async function openRawSocket(): Promise<RawTarget> {
  const program = new URL('./raw-socket-process.js', import.meta.url);
  const child = await startChildProgram<{ readonly port: number }>(program);
  const socket = connect({ host: '127.0.0.1', port: child.ready.port, noDelay: true });
  await once(socket, 'connect');
  // Replies come in order; a ring, so that nothing grows.
  const waiting = new Array<(value: number) => void>(RING_PLACES);
  let asked = 0;
  let answered = 0;
  let rest: Buffer = Buffer.alloc(0);
  let outgoing: Buffer[] = [];
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + FRAME_BYTES <= bytes.length; at += FRAME_BYTES) {
      waiting[answered++ % RING_PLACES]!(bytes.readUInt32LE(at));
    }
    rest = bytes.subarray(at);
  });
  const flush = (): void => {
    socket.write(outgoing.length === 1 ? outgoing[0]! : Buffer.concat(outgoing));
    outgoing = [];
  };
  const send = (sequence: number): Promise<number> =>
    new Promise((resolve) => {
      const frame = Buffer.alloc(FRAME_BYTES);
      frame.writeUInt32LE(sequence, 0);
      waiting[asked++ % RING_PLACES] = resolve;
      if (outgoing.push(frame) === 1) queueMicrotask(flush);
    });
  const close = async (): Promise<void> => {
    socket.destroy();
    await child.close();
  };
  return { send, judge, close };
}
