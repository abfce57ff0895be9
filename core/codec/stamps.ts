import { Builder, ByteBuffer } from 'flatbuffers';
import { Cancel, FencingToken, Invocation, Reply } from '../../schemas/gen/index.js';
import { assert } from '../base/assert.js';

/** Types of the records in a lane, and of frames (16 above them). */
export const RECORD_INVOCATION = 1;
export const RECORD_FENCED_INVOCATION = 2;
export const RECORD_REPLY = 3;
export const RECORD_CANCEL = 4;
/** In lanes only: the ticket of shared memory that no later record names. */
export const RECORD_FORGET = 5;

/** Bit 0 of `flags`: the values travel beside the lane, the payload is their ticket. */
export const FLAG_BESIDE = 1;
/** Bit 1: the caller may cancel, so its cancel bit is worth a look. */
export const FLAG_CANCELLABLE = 2;
/** Bit 2: the call came from another process; set by whoever took it from the connection. */
export const FLAG_FOREIGN = 4;
/** Bit 3: in front of the values is a header of the memory beside the record that they name. */
export const FLAG_ATTACHED = 8;

/** `Reply.status`. */
export const STATUS_VALUE = 0;
export const STATUS_FAILURE = 1;

/** The four words of a fencing token. */
export type TokenWords = readonly [number, number, number, number];

/**
 * Where the fields of a stamped invocation lie, as word indexes from the start of the FlatBuffer.
 * `argumentCount` and `flags` share a word with `method`: method << 16 | count << 8 | flags.
 */
export interface InvocationLayout {
  /** Record type: fenced or not. */
  readonly type: number;
  /** Bytes in front of the payload. */
  readonly prefixBytes: number;
  readonly call: number;
  readonly recipient: number;
  readonly incarnation: number;
  readonly deadline: number;
  readonly methodWord: number;
  /** First of the four token words, or -1. */
  readonly token: number;
  /** Length of the payload in bytes; the payload itself begins at the next word. */
  readonly payloadLength: number;
  /** Every word before the payload, as the real Builder wrote them. */
  readonly words: Int32Array;
}

/** The same for replies: `statusWord` is status << 8 | flags. */
export interface ReplyLayout {
  readonly call: number;
  readonly statusWord: number;
  readonly payloadLength: number;
  readonly words: Int32Array;
}

/** The `force_align` of the payloads in schemas/*.fbs. */
const PAYLOAD_ALIGNMENT = 8;

/** Turns a finished buffer into template words and finds the word of a field by its vtable slot. */
class Template {
  readonly words: Int32Array;
  readonly #buffer: ByteBuffer;
  readonly #root: number;

  constructor(bytes: Uint8Array) {
    const padded = new Uint8Array((bytes.length + 3) & -4);
    padded.set(bytes);
    this.words = new Int32Array(padded.buffer);
    this.#buffer = new ByteBuffer(padded);
    this.#root = this.#buffer.readInt32(0);
  }

  /** Byte position of field number `field` from the start of the buffer. */
  at(field: number): number {
    const offset = this.#buffer.__offset(this.#root, 4 + 2 * field);
    assert(offset !== 0, `field ${field} is in the template`);
    return this.#root + offset;
  }

  wordAt(field: number): number {
    const position = this.at(field);
    assert(position % 4 === 0, `field ${field} is word aligned`);
    return position >> 2;
  }

  /** Word of a vector's length; the vector must be the last thing in the buffer. */
  vectorAt(field: number): number {
    const position = this.#buffer.__indirect(this.at(field));
    assert(position === this.words.length * 4 - 4, 'the payload ends the buffer');
    return position >> 2;
  }
}

/**
 * The payload vector, to be filled in later, begins at a multiple of 8: V8 copies into and out of
 * shared memory word by word only when both sides are aligned alike, else byte by byte, which is
 * five times slower.
 */
function emptyPayload(builder: Builder): number {
  builder.startVector(1, 0, PAYLOAD_ALIGNMENT);
  return builder.endVector();
}

function buildInvocation(fenced: boolean): InvocationLayout {
  const builder = new Builder(256);
  builder.forceDefaults(true);
  const payload = emptyPayload(builder);
  Invocation.startInvocation(builder);
  Invocation.addArguments(builder, payload);
  if (fenced) Invocation.addToken(builder, FencingToken.createFencingToken(builder, 0, 0, 0, 0));
  Invocation.addDeadline(builder, 0);
  Invocation.addIncarnation(builder, 0);
  Invocation.addRecipient(builder, 0);
  Invocation.addCall(builder, 0);
  Invocation.addMethod(builder, 0);
  Invocation.addArgumentCount(builder, 0);
  Invocation.addFlags(builder, 0);
  builder.finish(Invocation.endInvocation(builder));
  const template = new Template(builder.asUint8Array());
  const methodWord = template.wordAt(6);
  assert(template.at(5) === methodWord * 4 + 1, 'argument count shares the word of flags');
  assert(template.at(4) === methodWord * 4 + 2, 'method shares the word of flags');
  const payloadLength = template.vectorAt(8);
  return {
    type: fenced ? RECORD_FENCED_INVOCATION : RECORD_INVOCATION,
    prefixBytes: (payloadLength + 1) * 4,
    call: template.wordAt(0),
    recipient: template.wordAt(1),
    incarnation: template.wordAt(2),
    deadline: template.wordAt(3),
    methodWord,
    token: fenced ? template.wordAt(7) : -1,
    payloadLength,
    words: template.words,
  };
}

function buildReply(): ReplyLayout {
  const builder = new Builder(128);
  builder.forceDefaults(true);
  const payload = emptyPayload(builder);
  Reply.startReply(builder);
  Reply.addValue(builder, payload);
  Reply.addCall(builder, 0);
  // Two bytes share the upper half of a word; the lower half is padding before the vtable offset.
  Reply.addStatus(builder, 0);
  Reply.addFlags(builder, 0);
  builder.finish(Reply.endReply(builder));
  const template = new Template(builder.asUint8Array());
  const flags = template.at(2);
  assert(template.at(1) === flags + 1 && flags % 4 === 2, 'status and flags share a word');
  return {
    call: template.wordAt(0),
    statusWord: flags >> 2,
    payloadLength: template.vectorAt(3),
    words: template.words,
  };
}

function buildCancel(): { readonly call: number; readonly words: Int32Array } {
  const builder = new Builder(64);
  builder.forceDefaults(true);
  Cancel.startCancel(builder);
  Cancel.addCall(builder, 0);
  builder.finish(Cancel.endCancel(builder));
  const template = new Template(builder.asUint8Array());
  return { call: template.wordAt(0), words: template.words };
}

export const INVOCATION: InvocationLayout = buildInvocation(false);
export const FENCED_INVOCATION: InvocationLayout = buildInvocation(true);
export const REPLY: ReplyLayout = buildReply();
export const CANCEL = buildCancel();

// The words that no call changes, as constants of the module, which the compiler builds into the
// code: to copy the template in a loop costs 12 ns more a record.
const [CALL_0, CALL_1, CALL_2, CALL_3, CALL_4, CALL_5, CALL_6, CALL_7, CALL_8] = headOf(INVOCATION);
const [REPLY_0, REPLY_1, REPLY_2, REPLY_3, REPLY_4, REPLY_5] = headOf(REPLY);
/** Where the payload lies, in the word in front of its length. */
const ARGUMENTS_OFFSET = INVOCATION.words[INVOCATION.payloadLength - 1]!;
const VALUE_OFFSET = REPLY.words[REPLY.payloadLength - 1]!;
const { methodWord: METHOD_WORD, call: CALL, recipient: RECIPIENT } = INVOCATION;
const { incarnation: INCARNATION, deadline: DEADLINE, payloadLength: CALL_LENGTH } = INVOCATION;
const { prefixBytes: CALL_PREFIX_BYTES } = INVOCATION;
const { prefixBytes: FENCED_PREFIX_BYTES } = FENCED_INVOCATION;
const { statusWord: STATUS_WORD, call: REPLY_CALL, payloadLength: REPLY_LENGTH } = REPLY;

for (const field of ['call', 'recipient', 'incarnation', 'deadline', 'methodWord'] as const) {
  assert(INVOCATION[field] === FENCED_INVOCATION[field], 'a token lies behind all other fields');
}
assert(METHOD_WORD === 9 && DEADLINE + 2 === CALL_LENGTH, 'every word of a call is stamped');
assert(STATUS_WORD === 6 && REPLY_CALL + 2 === REPLY_LENGTH, 'every word of a reply is stamped');
assert(REPLY.words[STATUS_WORD] === 0, 'nothing shares the word of status and flags');

type Words = readonly [number, number, number, number, number, number, number, number, number];

function headOf(layout: { readonly words: Int32Array }): Words {
  return [...layout.words] as unknown as Words;
}

/** Bytes in front of the payload. */
export const REPLY_PREFIX_BYTES = (REPLY.payloadLength + 1) * 4;

/** Whom a stamp calls. */
export interface StampTarget {
  readonly recipient: number;
  readonly incarnation: number;
  readonly method: number;
  readonly token: TokenWords | undefined;
}

/**
 * One method of one gateway: a call writes the ready-made words of the template into the claimed
 * record and its own among them. What lands is a valid `Invocation` FlatBuffer.
 */
export class InvocationStamp {
  readonly #recipient: number;
  readonly #incarnation: number;
  readonly #method: number;
  #token: TokenWords | undefined;

  constructor(target: StampTarget) {
    this.#recipient = target.recipient;
    this.#incarnation = target.incarnation;
    this.#method = target.method << 16;
    this.#token = target.token;
  }

  /** Record type: fenced or not. */
  get type(): number {
    return this.#token === undefined ? RECORD_INVOCATION : RECORD_FENCED_INVOCATION;
  }

  /** Bytes in front of the payload. */
  get prefixBytes(): number {
    return this.#token === undefined ? CALL_PREFIX_BYTES : FENCED_PREFIX_BYTES;
  }

  /** Number of the method at its endpoint. */
  get index(): number {
    return this.#method >>> 16;
  }

  /** What calls stamped from now on carry; another one only where there was one from the start. */
  get token(): TokenWords | undefined {
    return this.#token;
  }

  set token(token: TokenWords) {
    this.#token = token;
  }

  /** Writes all but the payload at byte `offset`; answers the byte offset of the payload. */
  stamp(words: Int32Array, offset: number, call: number, deadline: number): number {
    const base = offset >> 2;
    if (this.#token !== undefined) stampFencedHead(words, base, this.#token);
    else stampHead(words, base);
    words[base + CALL] = call;
    words[base + RECIPIENT] = this.#recipient;
    words[base + INCARNATION] = this.#incarnation;
    words[base + DEADLINE] = deadline;
    return offset + this.prefixBytes;
  }

  /** Ends a stamp: how many values the payload holds, and its bytes. */
  finish(words: Int32Array, offset: number, countAndFlags: number, payloadBytes: number): void {
    const base = offset >> 2;
    words[base + METHOD_WORD] = this.#method | countAndFlags;
    words[base + (this.prefixBytes >> 2) - 1] = payloadBytes;
  }
}

function stampHead(words: Int32Array, base: number): void {
  words[base] = CALL_0;
  words[base + 1] = CALL_1;
  words[base + 2] = CALL_2;
  words[base + 3] = CALL_3;
  words[base + 4] = CALL_4;
  words[base + 5] = CALL_5;
  words[base + 6] = CALL_6;
  words[base + 7] = CALL_7;
  words[base + 8] = CALL_8;
  words[base + CALL_LENGTH - 1] = ARGUMENTS_OFFSET;
}

function stampFencedHead(words: Int32Array, base: number, token: TokenWords): void {
  const template = FENCED_INVOCATION.words;
  for (let i = 0; i < template.length; i++) words[base + i] = template[i]!;
  const at = base + FENCED_INVOCATION.token;
  for (let i = 0; i < token.length; i++) words[at + i] = token[i]!;
}

/** Packs argument count and flags for {@link InvocationStamp.finish}. */
export function countAndFlags(count: number, flags: number): number {
  return (count << 8) | flags;
}

/** Writes a reply but its payload at byte `offset`; answers the byte offset of the payload. */
export function stampReply(
  words: Int32Array,
  offset: number,
  call: number,
  statusAndFlags: number,
): number {
  const base = offset >> 2;
  words[base] = REPLY_0;
  words[base + 1] = REPLY_1;
  words[base + 2] = REPLY_2;
  words[base + 3] = REPLY_3;
  words[base + 4] = REPLY_4;
  words[base + 5] = REPLY_5;
  words[base + STATUS_WORD] = statusAndFlags;
  words[base + REPLY_CALL] = call;
  words[base + REPLY_LENGTH - 1] = VALUE_OFFSET;
  return offset + REPLY_PREFIX_BYTES;
}

/** Packs status and flags for {@link stampReply}: they are the upper half of their word. */
export function statusAndFlags(status: number, flags: number): number {
  return (status << 24) | (flags << 16);
}

/** Ends a reply with the bytes of its payload. */
export function finishReply(words: Int32Array, offset: number, payloadBytes: number): void {
  words[(offset >> 2) + REPLY_LENGTH] = payloadBytes;
}

/** Bytes of a cancel record. */
export const CANCEL_BYTES = CANCEL.words.length * 4;

/** Writes a whole cancel record at byte `offset`. */
export function stampCancel(words: Int32Array, offset: number, call: number): void {
  const base = offset >> 2;
  words.set(CANCEL.words, base);
  words[base + CANCEL.call] = call;
}

/** The call number of a stamped cancel record at byte `offset`. */
export function cancelledCall(words: Int32Array, offset: number): number {
  return words[(offset >> 2) + CANCEL.call]!;
}
