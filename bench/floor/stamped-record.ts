import { Builder, ByteBuffer } from 'flatbuffers';
import { Invocation, Reply } from '../../schemas/gen/index.js';

/** Bytes of the payload of every floor record: the length of a number behind its tag. */
export const PAYLOAD_BYTES = 12;
/** Tag in front of the number, as a value codec would write one. */
const NUMBER_TAG = 1;

/**
 * A FlatBuffer that the real Builder wrote once, as words to copy. Its indexes count from the
 * first word of the FlatBuffer; what is copied and patched stays readable by the accessors.
 */
export interface StampedRecord {
  readonly words: Int32Array;
  readonly callIndex: number;
  /** The number inside the payload. */
  readonly valueIndex: number;
  /** The word that says where the vtable lies: another one means another layout. */
  readonly vtableIndex: number;
}

function stampedRecord(bytes: Uint8Array, payloadField: number): StampedRecord {
  const padded = new Uint8Array((bytes.length + 7) & -8);
  padded.set(bytes);
  const buffer = new ByteBuffer(padded);
  const root = buffer.readInt32(0);
  const at = (field: number): number => root + buffer.__offset(root, 4 + 2 * field);
  const payload = buffer.__indirect(at(payloadField)) + 4;
  const words = new Int32Array(padded.buffer);
  words[payload >> 2] = NUMBER_TAG;
  return {
    words,
    callIndex: at(0) >> 2,
    valueIndex: (payload >> 2) + 1,
    vtableIndex: root >> 2,
  };
}

/** A call of one number, with every field of an invocation present. */
export function invocationRecord(): StampedRecord {
  const builder = new Builder(256);
  builder.forceDefaults(true);
  const payload = Invocation.createArgumentsVector(builder, new Uint8Array(PAYLOAD_BYTES));
  Invocation.startInvocation(builder);
  Invocation.addArguments(builder, payload);
  Invocation.addDeadline(builder, 10_000);
  Invocation.addIncarnation(builder, 1);
  Invocation.addRecipient(builder, 7);
  Invocation.addCall(builder, 0);
  Invocation.addMethod(builder, 3);
  Invocation.addArgumentCount(builder, 1);
  Invocation.addFlags(builder, 0);
  builder.finish(Invocation.endInvocation(builder));
  return stampedRecord(builder.asUint8Array(), 8);
}

/** The answer to it. */
export function replyRecord(): StampedRecord {
  const builder = new Builder(128);
  builder.forceDefaults(true);
  const payload = Reply.createValueVector(builder, new Uint8Array(PAYLOAD_BYTES));
  Reply.startReply(builder);
  Reply.addValue(builder, payload);
  Reply.addCall(builder, 0);
  Reply.addStatus(builder, 0);
  Reply.addFlags(builder, 0);
  builder.finish(Reply.endReply(builder));
  return stampedRecord(builder.asUint8Array(), 3);
}
