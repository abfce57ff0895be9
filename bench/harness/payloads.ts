import type { Question } from './drive.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** A small record, as registrations and slot reports are. */
export interface HostRecord {
  readonly id: number;
  readonly slots: readonly [number, number, number];
  readonly host: string;
  readonly port: number;
  readonly hw: { readonly cpu: number; readonly mem: number };
}

/** What calls carry, and how a reply is known to be the right one. */
export interface Payload<Value, Reply = Value> {
  /** Bytes that one call carries there and back, where they are worth counting. */
  readonly lengthBytes?: number;
  readonly valueOf: (index: number) => Value;
  readonly isReply: (reply: Reply, index: number) => boolean;
}

/** The question that asks `echo` with this payload; every reply is looked at. */
export function questionOf<Value, Reply>(
  { lengthBytes, valueOf, isReply }: Payload<Value, Reply>,
  window: number,
  echo: (value: Value) => Promise<Reply>,
): Question<Reply> {
  return {
    window,
    call: (index) => echo(valueOf(index)),
    isRight: isReply,
    ...(lengthBytes === undefined ? {} : { bytesPerCall: lengthBytes }),
  };
}

/** A number, different each time. */
export const NUMBER: Payload<number> = {
  valueOf: (index) => index,
  isReply: (reply, index) => reply === index,
};

/** Texts of `length` characters that begin with the number of their call. */
export function texts(length: number): Payload<string> {
  const filling = 'worker-7.example.internal '.repeat(Math.ceil(length / 26));
  const valueOf = (index: number): string => {
    const number = String(index);
    return number + filling.slice(0, length - number.length);
  };
  return { valueOf, isReply: (reply, index) => reply === valueOf(index) };
}

const HOST = 'worker-7.example.internal';

/** A small record; every field of every reply is looked at. */
export const RECORD: Payload<HostRecord> = {
  valueOf: (index) => ({
    id: index,
    slots: [index, index + 1, index + 2],
    host: HOST,
    port: 6123,
    hw: { cpu: 8.5, mem: index * 1024 },
  }),
  isReply: (reply, index) =>
    reply.id === index &&
    reply.slots.length === 3 &&
    reply.slots[0] === index &&
    reply.slots[1] === index + 1 &&
    reply.slots[2] === index + 2 &&
    reply.host === HOST &&
    reply.port === 6123 &&
    reply.hw.cpu === 8.5 &&
    reply.hw.mem === index * 1024,
};

/** Up to this length every byte of one reply in 16 is compared, above it of every reply. */
const ALWAYS_COMPARED_FROM = 64 * KIB;
const COMPARED_EVERY = 16;

/** A call's bytes begin and end with its number; each call in flight has bytes of its own. */
class NumberedBytes {
  readonly #messages: readonly Buffer[];
  readonly #length: number;

  constructor(window: number, length: number) {
    this.#length = length;
    this.#messages = Array.from({ length: window }, () => Buffer.alloc(length, 'ringlane '));
  }

  of(index: number): Buffer {
    const message = this.#messages[index % this.#messages.length]!;
    message.writeInt32LE(index, 0);
    message.writeInt32LE(index, this.#length - 4);
    return message;
  }

  /** Every reply: length, both numbers; see {@link ALWAYS_COMPARED_FROM} for all its bytes. */
  isReply(reply: Uint8Array, index: number): boolean {
    const length = this.#length;
    if (!(reply instanceof Uint8Array) || reply.length !== length) return false;
    for (let i = 0; i < 4; i++) {
      const byte = (index >> (8 * i)) & 0xff;
      if (reply[i] !== byte || reply[length - 4 + i] !== byte) return false;
    }
    if (length < ALWAYS_COMPARED_FROM && index % COMPARED_EVERY !== 0) return true;
    return this.#messages[index % this.#messages.length]!.equals(reply);
  }
}

/** `length` bytes for each of `window` calls in flight. */
export function bytes(window: number, length: number): Payload<Uint8Array> {
  const messages = new NumberedBytes(window, length);
  return {
    lengthBytes: length,
    valueOf: (index) => messages.of(index),
    isReply: (reply, index) => messages.isReply(reply, index),
  };
}

/**
 * Views of 1 MiB over one `SharedArrayBuffer`. The number of the call stands in its last bytes,
 * and the reply is what the endpoint read there: right only when the memory is the same.
 */
export function sharedViews(window: number): Payload<Uint8Array, number> {
  const memory = new SharedArrayBuffer(window * MIB);
  const views = Array.from({ length: window }, (_, i) => new Uint8Array(memory, i * MIB, MIB));
  const ends = views.map((_, i) => new Int32Array(memory, (i + 1) * MIB - 4, 1));
  return {
    valueOf: (index) => {
      ends[index % window]![0] = index;
      return views[index % window]!;
    },
    isReply: (reply, index) => reply === index,
  };
}

/** Payloads that every transport can echo, by the name that cells give them. */
export const ECHOES = {
  number: () => NUMBER,
  text: () => texts(24),
  '1-kib-text': () => texts(KIB),
  record: () => RECORD,
  '1-kib': (window: number) => bytes(window, KIB),
  '64-kib': (window: number) => bytes(window, 64 * KIB),
  '1-mib': (window: number) => bytes(window, MIB),
} as const;

/** Name of such a payload. */
export type EchoName = keyof typeof ECHOES;

/** Whoever echoes any value. */
export type EchoAny = <Value>(value: Value) => Promise<Value>;

/** The question of that name for somebody who echoes; a number goes straight to `echo`. */
export function echoQuestion(name: EchoName, window: number, echo: EchoAny): Question<unknown> {
  const payload = ECHOES[name](window) as Payload<unknown>;
  if (name === 'number') return { window, call: echo, isRight: payload.isReply };
  return questionOf(payload, window, echo);
}
