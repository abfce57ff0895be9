import fc from 'fast-check';
import {
  countAndFlags,
  finishReply,
  InvocationStamp,
  REPLY_PREFIX_BYTES,
  stampReply,
  statusAndFlags,
} from '../../../core/codec/stamps.js';
import { dirtyMemory } from './codec-support.js';

/** Records lie anywhere that is 8-byte aligned. */
export const OFFSET = 40;
/** The same memory goes on behind a record. */
const BEHIND = 64;

export const word = fc.oneof(
  fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

const payload = fc
  .oneof(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 3000 }))
  .map((bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]));

/** Every field of a call with any value that it may have. */
export const CALLS = fc.record({
  call: word,
  recipient: word,
  incarnation: word,
  deadline: word,
  method: fc.integer({ min: 0, max: 65_535 }),
  count: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  token: fc.option(fc.tuple(word, word, word, word), { nil: undefined }),
  payload,
});

export const REPLIES = fc.record({
  call: word,
  status: fc.integer({ min: 0, max: 255 }),
  flags: fc.integer({ min: 0, max: 255 }),
  payload,
});

type Of<T> = T extends fc.Arbitrary<infer V> ? V : never;
export type Call = Of<typeof CALLS>;
export type Answer = Of<typeof REPLIES>;

/** A record in memory that was used before. */
export interface Stamped {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly length: number;
  readonly type: number;
}

export function stampCall(call: Call): Stamped {
  const stamp = new InvocationStamp(call);
  const length = stamp.prefixBytes + call.payload.length;
  const { words, bytes } = dirtyMemory((OFFSET + length + BEHIND + 7) & -8);
  const at = stamp.stamp(words, OFFSET, call.call, call.deadline);
  bytes.set(call.payload, at);
  stamp.finish(words, OFFSET, countAndFlags(call.count, call.flags), call.payload.length);
  return { words, bytes, length, type: stamp.type };
}

export function stampAnswer(reply: Answer): Stamped {
  const length = REPLY_PREFIX_BYTES + reply.payload.length;
  const { words, bytes } = dirtyMemory((OFFSET + length + BEHIND + 7) & -8);
  const status = statusAndFlags(reply.status, reply.flags);
  const at = stampReply(words, OFFSET, reply.call, status);
  bytes.set(reply.payload, at);
  finishReply(words, OFFSET, reply.payload.length);
  return { words, bytes, length, type: 3 };
}
