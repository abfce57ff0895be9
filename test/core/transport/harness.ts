import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { RpcError } from '../../../core/errors/rpc-error.js';
import type {
  Connection,
  ConnectionListener,
  ConnectionOptions,
} from '../../../core/transport/connection.js';
import { dial } from '../../../core/transport/dial.js';
import {
  encodeFrame,
  FRAME_HEADER_LENGTH,
  FRAME_KINDS,
  PART_BYTES,
  PROTOCOL_VERSION,
} from '../../../core/transport/frame-descriptor.js';
import { type AcceptOptions, listen, type Listener } from '../../../core/transport/listener.js';
import {
  type MemoryLink,
  type MemoryStream,
  MemoryTransport,
  type MemoryTransportOptions,
} from '../../../core/transport/memory-transport.js';
import { INVOCATION, RECORD_INVOCATION } from '../../../core/codec/stamps.js';
import { encodeHello, type Hello } from '../../../core/codec/control-codec.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A received record, copied out. */
export interface SeenRecord {
  readonly type: number;
  readonly body: Buffer;
}

/** Writes down everything that a connection tells its listener. */
export class Recorder implements ConnectionListener {
  readonly records: SeenRecord[] = [];
  readonly closes: (RpcError | undefined)[] = [];
  writable = 0;
  /** Types of the records that were not sent before the end. */
  readonly unsent: number[] = [];

  onRecord(connection: Connection, type: number, offset: number, length: number): void {
    const { bytes } = connection.inbound;
    assert.equal((bytes.byteOffset + offset) % 8, 0, 'bodies are aligned');
    this.records.push({ type, body: Buffer.from(bytes.subarray(offset, offset + length)) });
  }

  onWritable(): void {
    this.writable++;
  }

  onUnsent(type: number): void {
    this.unsent.push(type);
  }

  onClose(_connection: Connection, error: RpcError | undefined): void {
    this.closes.push(error);
  }
}

/** Lets everything happen that needs no time: every turn runs immediates and their microtasks. */
export async function settle(turns = 40): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}

/** Waits for real sockets, at most five seconds, without sleeping. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpMs = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > giveUpMs) assert.fail(`still waiting: ${what}`);
    await turn();
  }
}

/** Commits one record. */
export function send(connection: Connection, type: number, body: Uint8Array): boolean {
  const offset = connection.claim(body.length);
  if (offset < 0) return false;
  connection.bytes.set(body, offset);
  connection.commit(body.length, type);
  return true;
}

/** Bytes that a call's body has at least here: up to the number of its endpoint. */
export const CALL_BYTES_MIN = (INVOCATION.recipient + 1) * 4;

/** Sends a call to endpoint `to`, its other bytes all `fill`. */
export function sendCall(connection: Connection, to: number, length: number, fill = 0): boolean {
  const body = Buffer.alloc(length, fill);
  body.writeInt32LE(to, CALL_BYTES_MIN - 4);
  return send(connection, RECORD_INVOCATION, body);
}

/** A record as a frame, for peers that are made of bytes. */
export function recordFrame(type: number, body: Uint8Array): Buffer {
  return encodeFrame(FRAME_KINDS.record + type, body);
}

/** A frame of a message: BEGIN or PART. */
export function messageFrame(kind: number, stream: number, body: Uint8Array): Buffer {
  const frame = encodeFrame(kind, body);
  frame.writeInt32LE(stream, FRAME_HEADER_LENGTH - 4);
  return frame;
}

/** The BEGIN of a message. */
export function beginFrame(stream: number, length: number, type: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32LE(length >>> 0, 0);
  body.writeUInt32LE(type, 4);
  return messageFrame(FRAME_KINDS.begin, stream, body);
}

/** A long record as its frames. */
export function messageFrames(stream: number, type: number, body: Uint8Array): Buffer[] {
  const frames = [beginFrame(stream, body.length, type)];
  for (let from = 0; from < body.length; from += PART_BYTES) {
    const part = body.subarray(from, from + PART_BYTES);
    frames.push(messageFrame(FRAME_KINDS.part, stream, part));
  }
  return frames;
}

/** The HELLO of a well-behaved peer, or of one that lies. */
export function helloFrame(lies: Partial<Hello> = {}): Buffer {
  const truth = { system: 'raw', incarnation: 7, maximumFramesize: 10_485_760 };
  const hello = { protocolVersion: PROTOCOL_VERSION, ...truth, ...lies };
  return encodeFrame(FRAME_KINDS.hello, encodeHello(hello));
}

/** Two connected sides in memory and the time they live in. */
export interface Pair {
  readonly clock: ManualClock;
  readonly link: MemoryLink;
  readonly listener: Listener;
  readonly client: Connection;
  readonly server: Connection;
  readonly clientSaw: Recorder;
  readonly serverSaw: Recorder;
}

/** Bounds that most tests do not care about. */
export function optionsWith(clock: ManualClock): ConnectionOptions {
  return { clock, maximumFramesize: 1024 * 1024, connectTimeoutMs: 2_000 };
}

/** What may differ from the ordinary in {@link connect}. */
export interface PairOptions {
  readonly client?: Partial<ConnectionOptions>;
  readonly server?: Partial<AcceptOptions>;
  readonly network?: MemoryTransportOptions;
}

/** A client connected with a server over memory. */
export async function connect(options: PairOptions = {}): Promise<Pair> {
  const clock = new ManualClock();
  const network = new MemoryTransport(options.network);
  const [clientSaw, serverSaw] = [new Recorder(), new Recorder()];
  let server: Connection | undefined;
  const listener = await listen(
    network,
    {},
    { system: 'server', incarnation: 1 },
    {
      ...optionsWith(clock),
      ...options.server,
      accept: (connection) => {
        server = connection;
        return serverSaw;
      },
    },
  );
  const target = { host: '127.0.0.1', port: listener.port };
  const client = await dial(
    network,
    target,
    { system: 'client', incarnation: 2 },
    {
      ...optionsWith(clock),
      ...options.client,
      listener: clientSaw,
    },
  );
  await until(() => server !== undefined, 'the server side of the handshake');
  return {
    clock,
    link: network.links[0]!,
    listener,
    client,
    server: server!,
    clientSaw,
    serverSaw,
  };
}

/** A peer made of bytes on a link in memory. */
export interface RawPeer {
  readonly stream: MemoryStream;
  readonly received: Buffer[];
  readonly state: { ended: boolean; closed: boolean };
}

/** Takes one end of a link by hand. */
export function rawPeer(stream: MemoryStream): RawPeer {
  const peer = { stream, received: [] as Buffer[], state: { ended: false, closed: false } };
  stream.attach({
    onBytes: (chunk) => void peer.received.push(chunk),
    onEnd: () => void (peer.state.ended = true),
    onClose: () => void (peer.state.closed = true),
  });
  return peer;
}

/** Text of everything received, to look for the reason in a REJECT. */
export function textOf(peer: RawPeer): string {
  return Buffer.concat(peer.received).toString('latin1');
}
