import { ByteBuffer } from 'flatbuffers';
import { Cancel, Invocation, Reply } from '../../schemas/gen/index.js';
import type { RecordSource } from '../memory/lane-reader.js';
import {
  CANCEL,
  CANCEL_BYTES,
  countAndFlags,
  FENCED_INVOCATION,
  FLAG_ATTACHED,
  FLAG_BESIDE,
  finishReply,
  INVOCATION,
  InvocationStamp,
  RECORD_CANCEL,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
  RECORD_REPLY,
  REPLY,
  REPLY_PREFIX_BYTES,
  stampCancel,
  stampReply,
  statusAndFlags,
  type TokenWords,
} from './stamps.js';
import { CANCEL_SPEC, INVOCATION_SPEC, REPLY_SPEC } from './table-specs.js';
import { verify } from './verifier.js';

/** A record from the network that lies as our own stamps do, so that envelopes may read it. */
export interface CheckedRecord {
  readonly source: RecordSource;
  readonly type: number;
  readonly offset: number;
}

/** Word indexes of a layout that must be equal to the template's: the shape of the table. */
function fixedWords(words: Int32Array, free: readonly number[]): number[] {
  return [...words.keys()].filter((index) => !free.includes(index));
}

const INVOCATION_FIXED = fixedWords(INVOCATION.words, [
  INVOCATION.call,
  INVOCATION.recipient,
  INVOCATION.incarnation,
  INVOCATION.deadline,
  INVOCATION.methodWord,
  INVOCATION.payloadLength,
]);
const FENCED = FENCED_INVOCATION;
const FENCED_FIXED = fixedWords(FENCED.words, [
  FENCED.call,
  FENCED.recipient,
  FENCED.incarnation,
  FENCED.deadline,
  FENCED.methodWord,
  FENCED.token,
  FENCED.token + 1,
  FENCED.token + 2,
  FENCED.token + 3,
  FENCED.payloadLength,
]);
const CANCEL_FIXED = fixedWords(CANCEL.words, [CANCEL.call]);
const REPLY_FIXED = fixedWords(REPLY.words, [REPLY.call, REPLY.statusWord, REPLY.payloadLength]);

/** The flags of what goes beside a lane. */
const BESIDE = FLAG_BESIDE | FLAG_ATTACHED;

/** What a stamp looks like. */
interface Shape {
  readonly layout: { readonly words: Int32Array; readonly payloadLength: number };
  readonly fixed: readonly number[];
  /** Where {@link BESIDE} lies: a frame has nothing beside it, so it must not be set. */
  readonly flagsWord: number;
  readonly besideMask: number;
}

const INVOCATION_SHAPE: Shape = {
  layout: INVOCATION,
  fixed: INVOCATION_FIXED,
  flagsWord: INVOCATION.methodWord,
  besideMask: BESIDE,
};
const FENCED_SHAPE: Shape = {
  layout: FENCED,
  fixed: FENCED_FIXED,
  flagsWord: FENCED.methodWord,
  besideMask: BESIDE,
};
const REPLY_SHAPE: Shape = {
  layout: REPLY,
  fixed: REPLY_FIXED,
  flagsWord: REPLY.statusWord,
  besideMask: statusAndFlags(0, BESIDE),
};

/** True when the bytes have the shape of a stamp and their payload ends inside the record. */
function isStamped(
  source: RecordSource,
  place: { readonly offset: number; readonly length: number },
  { layout, fixed, flagsWord, besideMask }: Shape,
): boolean {
  const base = place.offset >> 2;
  const prefix = layout.words.length;
  if (place.length < prefix * 4) return false;
  const words = source.words;
  for (let i = 0; i < fixed.length; i++) {
    const index = fixed[i]!;
    if (words[base + index] !== layout.words[index]) return false;
  }
  if ((words[base + flagsWord]! & besideMask) !== 0) return false;
  const payload = words[base + layout.payloadLength]!;
  return payload >= 0 && payload <= place.length - prefix * 4 && (payload & 3) === 0;
}

/**
 * Judges a record from the network before anything of it is used. One that another peer's stamps
 * made passes by comparing its shape word by word; any other valid FlatBuffer is verified and
 * stamped again. Answers the reason in words for what is neither.
 */
export function checkRecord(
  source: RecordSource,
  type: number,
  offset: number,
  length: number,
): CheckedRecord | string {
  const place = { offset, length };
  switch (type) {
    case RECORD_INVOCATION:
      if (isStamped(source, place, INVOCATION_SHAPE)) return { source, type, offset };
      return restampInvocation(source.bytes.subarray(offset, offset + length));
    case RECORD_FENCED_INVOCATION:
      if (isStamped(source, place, FENCED_SHAPE)) return { source, type, offset };
      return restampInvocation(source.bytes.subarray(offset, offset + length));
    case RECORD_REPLY:
      if (hasReplyShape(source, place)) return { source, type, offset };
      return restampReply(source.bytes.subarray(offset, offset + length));
    case RECORD_CANCEL:
      if (hasCancelShape(source, place)) return { source, type, offset };
      return restampCancel(source.bytes.subarray(offset, offset + length));
    default:
      return `record type ${type} is unknown`;
  }
}

/** Status and flags are the upper half of their word; the lower half belongs to the vtable. */
function hasReplyShape(
  source: RecordSource,
  place: { readonly offset: number; readonly length: number },
): boolean {
  if (!isStamped(source, place, REPLY_SHAPE)) return false;
  const word = source.words[(place.offset >> 2) + REPLY.statusWord]!;
  return (word & 0xffff) === (REPLY.words[REPLY.statusWord]! & 0xffff);
}

function hasCancelShape(
  { words }: RecordSource,
  place: { readonly offset: number; readonly length: number },
): boolean {
  const base = place.offset >> 2;
  if (place.length < CANCEL_BYTES) return false;
  return CANCEL_FIXED.every((index) => words[base + index] === CANCEL.words[index]);
}

const NOTHING_BESIDE = 'a frame has nothing beside it';

function memoryFor(bytes: number): RecordSource {
  const memory = new ArrayBuffer((bytes + 7) & -8);
  return { words: new Int32Array(memory), bytes: Buffer.from(memory) };
}

function restampInvocation(bytes: Buffer): CheckedRecord | string {
  const problem = verify(bytes, INVOCATION_SPEC);
  if (problem) return `not an Invocation: ${problem}`;
  const table = Invocation.getRootAsInvocation(new ByteBuffer(bytes));
  if ((table.flags() & BESIDE) !== 0) return NOTHING_BESIDE;
  const payload = table.argumentsArray() ?? new Uint8Array(0);
  if (payload.length % 4 !== 0) return 'the arguments are not whole words';
  const found = table.token();
  const token: TokenWords | undefined = found
    ? [found.word0() | 0, found.word1() | 0, found.word2() | 0, found.word3() | 0]
    : undefined;
  const stamp = new InvocationStamp({
    recipient: table.recipient() | 0,
    incarnation: table.incarnation() | 0,
    method: table.method(),
    token,
  });
  const source = memoryFor(stamp.prefixBytes + payload.length);
  const at = stamp.stamp(source.words, 0, table.call() | 0, table.deadline() | 0);
  const counted = countAndFlags(table.argumentCount(), table.flags());
  stamp.finish(source.words, 0, counted, payload.length);
  source.bytes.set(payload, at);
  return { source, type: stamp.type, offset: 0 };
}

function restampReply(bytes: Buffer): CheckedRecord | string {
  const problem = verify(bytes, REPLY_SPEC);
  if (problem) return `not a Reply: ${problem}`;
  const table = Reply.getRootAsReply(new ByteBuffer(bytes));
  if ((table.flags() & BESIDE) !== 0) return NOTHING_BESIDE;
  const payload = table.valueArray() ?? new Uint8Array(0);
  if (payload.length % 4 !== 0) return 'the value is not whole words';
  const source = memoryFor(REPLY_PREFIX_BYTES + payload.length);
  const status = statusAndFlags(table.status(), table.flags());
  const at = stampReply(source.words, 0, table.call() | 0, status);
  finishReply(source.words, 0, payload.length);
  source.bytes.set(payload, at);
  return { source, type: RECORD_REPLY, offset: 0 };
}

function restampCancel(bytes: Buffer): CheckedRecord | string {
  const problem = verify(bytes, CANCEL_SPEC);
  if (problem) return `not a Cancel: ${problem}`;
  const table = Cancel.getRootAsCancel(new ByteBuffer(bytes));
  const source = memoryFor(CANCEL_BYTES);
  stampCancel(source.words, 0, table.call() | 0);
  return { source, type: RECORD_CANCEL, offset: 0 };
}
