import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Builder } from 'flatbuffers';
import { InvocationEnvelope, ReplyEnvelope } from '../../../core/codec/envelope.js';
import { type CheckedRecord, checkRecord } from '../../../core/codec/frame-check.js';
import {
  CANCEL_BYTES,
  cancelledCall,
  FLAG_ATTACHED,
  FLAG_BESIDE,
  INVOCATION,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
  RECORD_CANCEL,
  RECORD_REPLY,
  stampCancel,
} from '../../../core/codec/stamps.js';
import { Cancel, FencingToken, Invocation, Reply } from '../../../schemas/gen/index.js';
import { type Answer, type Call, CALLS, OFFSET, REPLIES } from './stamp-support.js';
import { type Stamped, stampAnswer, stampCall } from './stamp-support.js';

const RUNS = { numRuns: 500 };
const BESIDE = FLAG_BESIDE | FLAG_ATTACHED;
/** In a frame nothing travels beside. */
const FRAMED_CALLS = CALLS.map((call) => ({ ...call, flags: call.flags & ~BESIDE }));
const FRAMED_REPLIES = REPLIES.map((reply) => ({ ...reply, flags: reply.flags & ~BESIDE }));

function check(record: Stamped): CheckedRecord | string {
  return checkRecord(record, record.type, OFFSET, record.length);
}

function accepted(checked: CheckedRecord | string): CheckedRecord {
  if (typeof checked === 'string') throw new Error(`refused: ${checked}`);
  return checked;
}

function callOf({ source, type, offset }: CheckedRecord): Call {
  const envelope = new InvocationEnvelope();
  envelope.wrap(source, type, offset);
  const { call, recipient, incarnation, deadline, method, flags } = envelope;
  const at = envelope.payloadOffset;
  const payload = Buffer.from(source.bytes.subarray(at, at + envelope.payloadLength));
  const token = envelope.isFenced
    ? ([0, 1, 2, 3].map((i) => envelope.tokenWord(i)) as [number, number, number, number])
    : undefined;
  const count = envelope.argumentCount;
  return { call, recipient, incarnation, deadline, method, count, flags, token, payload };
}

function answerOf({ source, offset }: CheckedRecord): Answer {
  const envelope = new ReplyEnvelope();
  envelope.wrap(source, offset);
  const at = envelope.payloadOffset;
  const payload = Buffer.from(source.bytes.subarray(at, at + envelope.payloadLength));
  return { call: envelope.call, status: envelope.status, flags: envelope.flags, payload };
}

/** The record as a frame that came in: 8-byte aligned, in memory of its own. */
function framed(bytes: Uint8Array, type: number): Stamped {
  const memory = new ArrayBuffer((OFFSET + bytes.length + 7) & -8);
  const copy = Buffer.from(memory);
  copy.set(bytes, OFFSET);
  const length = memory.byteLength - OFFSET;
  return { words: new Int32Array(memory), bytes: copy, length, type };
}

/** What another implementation might send: the real Builder, fields in its own order. */
function built(call: Call, omitDefaults: boolean): Uint8Array {
  const builder = new Builder(16);
  builder.forceDefaults(!omitDefaults);
  const payload = Invocation.createArgumentsVector(builder, call.payload);
  Invocation.startInvocation(builder);
  Invocation.addFlags(builder, call.flags);
  Invocation.addArgumentCount(builder, call.count);
  Invocation.addMethod(builder, call.method);
  Invocation.addCall(builder, call.call >>> 0);
  Invocation.addRecipient(builder, call.recipient >>> 0);
  Invocation.addIncarnation(builder, call.incarnation >>> 0);
  Invocation.addDeadline(builder, call.deadline >>> 0);
  if (call.token) {
    const words = call.token.map((w) => w >>> 0) as [number, number, number, number];
    Invocation.addToken(builder, FencingToken.createFencingToken(builder, ...words));
  }
  Invocation.addArguments(builder, payload);
  builder.finish(Invocation.endInvocation(builder));
  return builder.asUint8Array();
}

function builtReply(reply: Answer): Uint8Array {
  const builder = new Builder(16);
  const payload = Reply.createValueVector(builder, reply.payload);
  Reply.startReply(builder);
  Reply.addFlags(builder, reply.flags);
  Reply.addStatus(builder, reply.status);
  Reply.addValue(builder, payload);
  Reply.addCall(builder, reply.call >>> 0);
  builder.finish(Reply.endReply(builder));
  return builder.asUint8Array();
}

test('every stamped record passes where it lies', () => {
  fc.assert(
    fc.property(FRAMED_CALLS, FRAMED_REPLIES, (call, reply) => {
      const stampedCall = stampCall(call);
      const first = accepted(check(stampedCall));
      equal(first.source, stampedCall, 'not copied');
      deepEqual(callOf(first), call);
      const stampedReply = stampAnswer(reply);
      const second = accepted(check(stampedReply));
      equal(second.source, stampedReply);
      deepEqual(answerOf(second), reply);
    }),
    RUNS,
  );
});

test('a valid FlatBuffer of another layout is accepted and says the same', () => {
  fc.assert(
    fc.property(FRAMED_CALLS, fc.boolean(), FRAMED_REPLIES, (call, omitDefaults, reply) => {
      // The type that came is not believed: whether there is a token decides.
      for (const type of [RECORD_INVOCATION, RECORD_FENCED_INVOCATION]) {
        const checked = accepted(check(framed(built(call, omitDefaults), type)));
        equal(checked.type, call.token ? RECORD_FENCED_INVOCATION : RECORD_INVOCATION);
        deepEqual(callOf(checked), call);
      }
      deepEqual(answerOf(accepted(check(framed(builtReply(reply), RECORD_REPLY)))), reply);
    }),
    RUNS,
  );
});

test('what names a ticket is refused: a frame has nothing beside it', () => {
  fc.assert(
    fc.property(CALLS, REPLIES, fc.constantFrom(1, 8, 9), (call, reply, beside) => {
      const flags = call.flags | beside;
      match(String(check(stampCall({ ...call, flags }))), /nothing beside/);
      const answer = { ...reply, flags: reply.flags | beside };
      match(String(check(stampAnswer(answer))), /nothing beside/);
      match(String(check(framed(built({ ...call, flags }, true), 1))), /nothing beside/);
    }),
    { numRuns: 50 },
  );
});

const MUTATION = fc.record({
  call: FRAMED_CALLS,
  reply: FRAMED_REPLIES,
  kind: fc.constantFrom('call', 'built', 'reply', 'builtReply'),
  type: fc.integer({ min: 0, max: 5 }),
  flips: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
  cut: fc.nat({ max: 24 }),
});

type Mutation = typeof MUTATION extends fc.Arbitrary<infer V> ? V : never;

function mutated(m: Mutation): Stamped {
  const record = {
    call: () => stampCall(m.call),
    built: () => framed(built(m.call, true), RECORD_INVOCATION),
    reply: () => stampAnswer(m.reply),
    builtReply: () => framed(builtReply(m.reply), RECORD_REPLY),
  }[m.kind]();
  for (const [at, value] of m.flips) record.bytes[OFFSET + (at % record.length)] = value;
  return { ...record, length: Math.max(0, record.length - m.cut) };
}

test('every mutation is refused with a reason, or reads inside its record', () => {
  fc.assert(
    fc.property(MUTATION, (mutation) => {
      const record = mutated(mutation);
      const checked = checkRecord(record, mutation.type, OFFSET, record.length);
      if (typeof checked === 'string') return ok(checked.length > 0);
      if (checked.type === RECORD_CANCEL) {
        const length = checked.source === record ? record.length : checked.source.bytes.length;
        return ok(length >= CANCEL_BYTES);
      }
      const isReply = checked.type === RECORD_REPLY;
      const envelope = isReply ? new ReplyEnvelope() : new InvocationEnvelope();
      if (envelope instanceof ReplyEnvelope) envelope.wrap(checked.source, checked.offset);
      else envelope.wrap(checked.source, checked.type, checked.offset);
      const isCopy = checked.source !== record;
      const end = isCopy ? checked.source.bytes.length : OFFSET + record.length;
      ok(envelope.payloadLength >= 0 && envelope.payloadLength % 4 === 0);
      ok(envelope.payloadOffset >= checked.offset);
      ok(envelope.payloadOffset + envelope.payloadLength <= end);
    }),
    { numRuns: 5_000 },
  );
});

test('a cancel is taken as it was stamped or built, and refused when it is neither', () => {
  for (const call of [1, -1, 0x7fff_ffff]) {
    const words = new Int32Array(64);
    const source = { words, bytes: Buffer.from(words.buffer) };
    stampCancel(words, OFFSET, call);
    const stamped = checkRecord(source, RECORD_CANCEL, OFFSET, CANCEL_BYTES);
    ok(typeof stamped === 'object' && stamped.source === source, 'it is not copied');
    const builder = new Builder(0);
    builder.finish(Cancel.createCancel(builder, call));
    const bytes = Buffer.from(builder.asUint8Array());
    const built = checkRecord({ words, bytes }, RECORD_CANCEL, 0, bytes.length);
    ok(typeof built === 'object');
    equal(cancelledCall(built.source.words, built.offset), call);
    for (const length of [0, 4, CANCEL_BYTES - 4]) {
      equal(typeof checkRecord(source, RECORD_CANCEL, OFFSET, length), 'string');
    }
  }
});

test('a payload length that lies is refused, whatever it says', () => {
  const call = fc.sample(FRAMED_CALLS, { numRuns: 1, seed: 1 })[0]!;
  const plain = { ...call, token: undefined, payload: Buffer.alloc(16) };
  const index = (OFFSET >> 2) + INVOCATION.payloadLength;
  for (const length of [17, 20, 1 << 20, 2 ** 31 - 1, -1, -(2 ** 31), -4]) {
    const record = stampCall(plain);
    record.words[index] = length;
    equal(typeof check(record), 'string', `${length}`);
  }
  for (const length of [0, 4, 16]) {
    const record = stampCall(plain);
    record.words[index] = length;
    equal(callOf(accepted(check(record))).payload.length, length);
  }
});

test('half words, short records and unknown types are refused with their reason', () => {
  const call = fc.sample(FRAMED_CALLS, { numRuns: 1, seed: 2 })[0]!;
  const odd = { ...call, payload: Buffer.alloc(5) };
  match(String(check(framed(built(odd, false), 1))), /not whole words/);
  const reply = { call: 1, status: 0, flags: 0, payload: Buffer.alloc(3) };
  match(String(check(framed(builtReply(reply), RECORD_REPLY))), /not whole words/);
  for (const type of [RECORD_INVOCATION, RECORD_FENCED_INVOCATION, RECORD_REPLY]) {
    for (const length of [0, 1, 4, 8]) {
      equal(typeof checkRecord(stampCall(call), type, OFFSET, length), 'string');
    }
  }
  for (const type of [0, 5, -1, 255]) {
    match(String(checkRecord(stampCall(call), type, OFFSET, 64)), /type .* is unknown/);
  }
});
