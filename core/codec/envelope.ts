import type { RecordSource } from '../memory/lane-reader.js';
import { FENCED_INVOCATION, INVOCATION, RECORD_FENCED_INVOCATION, REPLY } from './stamps.js';

// Constants of the module, which the compiler builds into the code.
const { call: CALL, recipient: RECIPIENT, incarnation: INCARNATION } = INVOCATION;
const { deadline: DEADLINE, methodWord: METHOD_WORD, payloadLength: LENGTH } = INVOCATION;
const { token: TOKEN, payloadLength: FENCED_LENGTH } = FENCED_INVOCATION;
const { call: REPLY_CALL, statusWord: STATUS_WORD, payloadLength: REPLY_LENGTH } = REPLY;

/**
 * One stamped invocation where it lies (Agrona flyweight). One object per thread is wrapped around
 * record after record, so reading a call allocates nothing; its fields are read once, because a
 * getter for each would read the layout anew for every look. Only for records with the template's
 * layout: lanes carry no others, frames are checked before.
 */
export class InvocationEnvelope {
  words: Int32Array = new Int32Array(0);
  bytes: Buffer = Buffer.alloc(0);
  type = 0;
  /** Byte offset of the record's FlatBuffer. */
  offset = 0;
  /** 0 for a tell. */
  call = 0;
  recipient = 0;
  incarnation = 0;
  /** Milliseconds on the service's time line, wrapping; 0 = none. */
  deadline = 0;
  method = 0;
  argumentCount = 0;
  flags = 0;
  isFenced = false;
  /** Byte offset of the encoded arguments, and how many bytes they are. */
  payloadOffset = 0;
  payloadLength = 0;

  wrap(source: RecordSource, type: number, offset: number): void {
    const { words } = source;
    const base = offset >> 2;
    const isFenced = type === RECORD_FENCED_INVOCATION;
    const length = base + (isFenced ? FENCED_LENGTH : LENGTH);
    const method = words[base + METHOD_WORD]!;
    this.words = words;
    this.bytes = source.bytes;
    this.type = type;
    this.offset = offset;
    this.call = words[base + CALL]!;
    this.recipient = words[base + RECIPIENT]!;
    this.incarnation = words[base + INCARNATION]!;
    this.deadline = words[base + DEADLINE]!;
    this.method = method >>> 16;
    this.argumentCount = (method >>> 8) & 0xff;
    this.flags = method & 0xff;
    this.isFenced = isFenced;
    this.payloadOffset = (length + 1) << 2;
    this.payloadLength = words[length]!;
  }

  /** Only for private memory: turns the time left that a frame carries into a deadline here. */
  setDeadline(deadline: number): void {
    this.deadline = deadline;
    this.words[(this.offset >> 2) + DEADLINE] = deadline;
  }

  /** Word 0 to 3 of the fencing token; only when {@link isFenced}. */
  tokenWord(index: number): number {
    return this.words[(this.offset >> 2) + TOKEN + index]!;
  }
}

/** One stamped reply where it lies, read as {@link InvocationEnvelope} is. */
export class ReplyEnvelope {
  words: Int32Array = new Int32Array(0);
  bytes: Buffer = Buffer.alloc(0);
  call = 0;
  status = 0;
  flags = 0;
  /** Byte offset of the encoded value, and how many bytes it is. */
  payloadOffset = 0;
  payloadLength = 0;

  wrap(source: RecordSource, offset: number): void {
    const { words } = source;
    const base = offset >> 2;
    const status = words[base + STATUS_WORD]!;
    this.words = words;
    this.bytes = source.bytes;
    this.call = words[base + REPLY_CALL]!;
    this.status = status >>> 24;
    this.flags = (status >>> 16) & 0xff;
    this.payloadOffset = (base + REPLY_LENGTH + 1) << 2;
    this.payloadLength = words[base + REPLY_LENGTH]!;
  }
}
