import { TAG_LATIN1, TAG_UTF16, TAG_UTF8, VALUE_HEADER_BYTES, padToWord } from './value-tags.js';

/**
 * What every Node Buffer has but its types do not list: string access without the argument checks
 * of `write` and `toString`. Offsets and answers in bytes.
 */
interface RawText {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number): number;
  ucs2Write(text: string, offset: number): number;
}

/** `String.prototype.isWellFormed`, in Node since 20 but not in the ES2023 library. */
interface WellFormed {
  isWellFormed(): boolean;
}

/** Up to this many characters a loop in JavaScript beats the call into native code. */
const LOOP_WRITE_LENGTH = 32;
const LOOP_READ_LENGTH = 16;
/** Up to this length the bound is three bytes a character; longer texts are measured exactly. */
const LOOSE_BOUND_LENGTH = 1024;

/** False when `text` has a surrogate without its other half. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}

/** Upper bound, in bytes, of what {@link writeText} writes. */
export function textBound(text: string): number {
  const length = text.length;
  if (length <= LOOSE_BOUND_LENGTH) return VALUE_HEADER_BYTES + padToWord(3 * length);
  const bytes = isWellFormed(text) ? Buffer.byteLength(text) : 2 * length;
  return VALUE_HEADER_BYTES + padToWord(bytes);
}

/** Writes `text` as one value at byte `offset`; answers the offset behind it. */
export function writeText(words: Int32Array, bytes: Buffer, offset: number, text: string): number {
  const length = text.length;
  const index = offset >> 2;
  if (length <= LOOP_WRITE_LENGTH && writeAscii(words, index + 2, text)) {
    words[index] = TAG_LATIN1;
    words[index + 1] = length;
    return offset + VALUE_HEADER_BYTES + padToWord(length);
  }
  const raw = bytes as unknown as RawText;
  const start = offset + VALUE_HEADER_BYTES;
  let tag = TAG_UTF16;
  let written: number;
  if (isWellFormed(text)) {
    written = raw.utf8Write(text, start);
    tag = written === length ? TAG_LATIN1 : TAG_UTF8;
  } else {
    written = raw.ucs2Write(text, start);
  }
  words[index] = tag;
  words[index + 1] = written;
  const end = padToWord(start + written);
  for (let at = start + written; at < end; at++) bytes[at] = 0;
  return end;
}

/** One character a byte, four a word; false when there is one that ASCII does not hold. */
function writeAscii(words: Int32Array, start: number, text: string): boolean {
  const length = text.length;
  let index = start;
  let seen = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const a = text.charCodeAt(at);
    const b = text.charCodeAt(at + 1);
    const c = text.charCodeAt(at + 2);
    const d = text.charCodeAt(at + 3);
    seen |= a | b | c | d;
    words[index++] = a | (b << 8) | (c << 16) | (d << 24);
  }
  if (at < length) {
    let last = 0;
    for (let shift = 0; at < length; at++, shift += 8) {
      const code = text.charCodeAt(at);
      seen |= code;
      last |= code << shift;
    }
    words[index] = last;
  }
  return seen < 0x80;
}

/** Reads `length` bytes of {@link TAG_LATIN1} from byte `start` (a multiple of 4) on. */
export function readLatin1(
  words: Int32Array,
  bytes: Buffer,
  start: number,
  length: number,
): string {
  if (length > LOOP_READ_LENGTH) {
    return (bytes as unknown as RawText).latin1Slice(start, start + length);
  }
  const index = start >> 2;
  if (length <= 8) return upToEight(words, index, length);
  return upToEight(words, index, 8) + upToEight(words, index + 2, length - 8);
}

/** Reads UTF-8 from byte `start` to `end`; malformed bytes become U+FFFD, as everywhere in Node. */
export function readUtf8(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as RawText).utf8Slice(start, end);
}

/** Reads UTF-16 from byte `start` to `end`; every sequence of code units is a string. */
export function readUtf16(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as RawText).ucs2Slice(start, end);
}

const chars = String.fromCharCode;

/** One call with all codes: three times as fast as a call a character or a native slice. */
function upToEight(words: Int32Array, index: number, length: number): string {
  if (length === 0) return '';
  const w = words[index]!;
  const a = w & 0xff;
  const b = (w >> 8) & 0xff;
  const c = (w >> 16) & 0xff;
  const d = w >>> 24;
  if (length <= 4) {
    if (length === 4) return chars(a, b, c, d);
    if (length === 3) return chars(a, b, c);
    return length === 2 ? chars(a, b) : chars(a);
  }
  const x = words[index + 1]!;
  const e = x & 0xff;
  if (length === 5) return chars(a, b, c, d, e);
  const f = (x >> 8) & 0xff;
  if (length === 6) return chars(a, b, c, d, e, f);
  const g = (x >> 16) & 0xff;
  if (length === 7) return chars(a, b, c, d, e, f, g);
  return chars(a, b, c, d, e, f, g, x >>> 24);
}
