import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBuffer } from 'flatbuffers';
import { InvocationEnvelope, ReplyEnvelope } from '../../../core/codec/envelope.js';
import {
  CANCEL_BYTES,
  cancelledCall,
  countAndFlags,
  finishReply,
  InvocationStamp,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
  REPLY_PREFIX_BYTES,
  stampCancel,
  stampReply,
  statusAndFlags,
} from '../../../core/codec/stamps.js';
import { CANCEL_SPEC, INVOCATION_SPEC, REPLY_SPEC } from '../../../core/codec/table-specs.js';
import { verify } from '../../../core/codec/verifier.js';
import { Cancel, Invocation, Reply } from '../../../schemas/gen/index.js';
import { dirtyMemory } from './codec-support.js';
import { CALLS, OFFSET, REPLIES, stampCall, stampAnswer, word } from './stamp-support.js';

const RUNS = { numRuns: 500 };

test('a stamped call is read back field by field by the generated accessors', () => {
  fc.assert(
    fc.property(CALLS, (call) => {
      const { bytes, length } = stampCall(call);
      const record = bytes.subarray(OFFSET, OFFSET + length);
      equal(verify(record, INVOCATION_SPEC), undefined);
      const table = Invocation.getRootAsInvocation(new ByteBuffer(new Uint8Array(record)));
      equal(table.call() | 0, call.call);
      equal(table.recipient() | 0, call.recipient);
      equal(table.incarnation() | 0, call.incarnation);
      equal(table.deadline() | 0, call.deadline);
      equal(table.method(), call.method);
      equal(table.argumentCount(), call.count);
      equal(table.flags(), call.flags);
      ok(Buffer.from(table.argumentsArray()!).equals(call.payload));
      const token = table.token();
      equal(token === null, call.token === undefined);
      if (token === null || call.token === undefined) return;
      const words = [token.word0(), token.word1(), token.word2(), token.word3()];
      equal(words.map((w) => w | 0).join(), call.token.join());
    }),
    RUNS,
  );
});

test('the payload of every record begins at a multiple of 8, where copies take whole words', () => {
  const target = { recipient: 1, incarnation: 1, method: 1 };
  equal(new InvocationStamp({ ...target, token: undefined }).prefixBytes % 8, 0);
  equal(new InvocationStamp({ ...target, token: [1, 2, 3, 4] }).prefixBytes % 8, 0);
  equal(REPLY_PREFIX_BYTES % 8, 0);
});

test('a stamped call is read back by its flyweight', () => {
  const envelope = new InvocationEnvelope();
  fc.assert(
    fc.property(CALLS, (call) => {
      const { words, bytes, type } = stampCall(call);
      equal(type, call.token ? RECORD_FENCED_INVOCATION : RECORD_INVOCATION);
      envelope.wrap({ words, bytes }, type, OFFSET);
      equal(envelope.call, call.call);
      equal(envelope.recipient, call.recipient);
      equal(envelope.incarnation, call.incarnation);
      equal(envelope.deadline, call.deadline);
      equal(envelope.method, call.method);
      equal(envelope.argumentCount, call.count);
      equal(envelope.flags, call.flags);
      equal(envelope.isFenced, call.token !== undefined);
      equal(envelope.payloadLength, call.payload.length);
      const at = envelope.payloadOffset;
      ok(bytes.subarray(at, at + call.payload.length).equals(call.payload));
      call.token?.forEach((expected, index) => equal(envelope.tokenWord(index), expected));
      envelope.setDeadline(77);
      equal(envelope.deadline, 77);
      envelope.wrap({ words, bytes }, type, OFFSET);
      equal(envelope.deadline, 77, 'it was written');
      equal(envelope.method, call.method, 'only the deadline was written');
    }),
    RUNS,
  );
});

test('a stamped reply is read back by accessors and flyweight', () => {
  const envelope = new ReplyEnvelope();
  fc.assert(
    fc.property(REPLIES, (reply) => {
      const { words, bytes, length } = stampAnswer(reply);
      const record = bytes.subarray(OFFSET, OFFSET + length);
      equal(verify(record, REPLY_SPEC), undefined);
      const table = Reply.getRootAsReply(new ByteBuffer(new Uint8Array(record)));
      equal(table.call() | 0, reply.call);
      equal(table.status(), reply.status);
      equal(table.flags(), reply.flags);
      ok(Buffer.from(table.valueArray()!).equals(reply.payload));
      envelope.wrap({ words, bytes }, OFFSET);
      equal(envelope.call, reply.call);
      equal(envelope.status, reply.status);
      equal(envelope.flags, reply.flags);
      equal(envelope.payloadLength, reply.payload.length);
      const at = envelope.payloadOffset;
      ok(bytes.subarray(at, at + reply.payload.length).equals(reply.payload));
    }),
    RUNS,
  );
});

test('a stamped cancel is read back', () => {
  fc.assert(
    fc.property(word, (call) => {
      const { words, bytes } = dirtyMemory(256);
      stampCancel(words, OFFSET, call);
      const record = bytes.subarray(OFFSET, OFFSET + CANCEL_BYTES);
      equal(verify(record, CANCEL_SPEC), undefined);
      equal(cancelledCall(words, OFFSET), call);
      equal(Cancel.getRootAsCancel(new ByteBuffer(new Uint8Array(record))).call() | 0, call);
    }),
    RUNS,
  );
});

test('one stamp serves many calls and nothing of one is left in the next', () => {
  const stamp = new InvocationStamp({ recipient: 5, incarnation: 6, method: 7, token: undefined });
  const { words, bytes } = dirtyMemory(512);
  const envelope = new InvocationEnvelope();
  for (const [call, count] of [
    [-1, 255],
    [0, 0],
    [3, 1],
  ] as const) {
    stamp.stamp(words, OFFSET, call, call);
    stamp.finish(words, OFFSET, countAndFlags(count, count & 1), 0);
    envelope.wrap({ words, bytes }, stamp.type, OFFSET);
    equal(envelope.call, call);
    equal(envelope.argumentCount, count);
    equal(envelope.flags, count & 1);
    equal(envelope.method, 7);
  }
});

test('stamps write nothing outside their record', () => {
  const { words, bytes } = dirtyMemory(256);
  stampReply(words, OFFSET, 1, statusAndFlags(1, 1));
  finishReply(words, OFFSET, 0);
  const outside = [...bytes.subarray(0, OFFSET), ...bytes.subarray(OFFSET + REPLY_PREFIX_BYTES)];
  ok(outside.every((byte) => byte === 0xa5));
});
