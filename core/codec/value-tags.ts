/**
 * The first word of every encoded value. A list of values is their concatenation; everything is
 * little endian and padded with zero bytes to a multiple of 4. `docs/PROTOCOL.md` shows the forms.
 */
export const TAG_UNDEFINED = 1;
export const TAG_NULL = 2;
export const TAG_FALSE = 3;
export const TAG_TRUE = 4;
/** One word: an integer of 32 bits, never -0. */
export const TAG_INT32 = 5;
/** Two words, low half first: any other number. */
export const TAG_FLOAT64 = 6;
/** Two words, low half first: a bigint that fits into 64 bits, signed. */
export const TAG_BIGINT64 = 7;
/** Length in bytes, then one byte a character. */
export const TAG_LATIN1 = 8;
/** Length in bytes, then UTF-8. */
export const TAG_UTF8 = 9;
/** Length in bytes, then UTF-16: a string with a lone surrogate, which UTF-8 cannot hold. */
export const TAG_UTF16 = 10;
/** Length in bytes, then the bytes of a Uint8Array. */
export const TAG_BYTES = 11;
/** Length in bytes, then the bytes of a Node Buffer, which arrives as a Buffer. */
export const TAG_BUFFER = 12;
/** Length in bytes, then MessagePack as msgpackr writes it. */
export const TAG_MSGPACK = 13;
/** As {@link TAG_MSGPACK}, with marker arrays for what MessagePack cannot hold. */
export const TAG_MSGPACK_EXACT = 14;
/** Length in bytes, then a tree: plain objects and arrays of plain values. */
export const TAG_TREE = 15;
/** Inside a tree only. Number of its shape in the table of the tree, then a value for each key. */
export const TAG_RECORD = 16;
/** Inside a tree only. How many keys, then for each a text and a value: objects of many keys. */
export const TAG_DICTIONARY = 17;
/** Inside a tree only. How many elements, then a value for each. */
export const TAG_ARRAY = 18;
/** Inside a tree only. Two words, low half first: milliseconds since 1970, NaN for no date. */
export const TAG_DATE = 19;
/** One word: number of the memory beside the record, in the header in front of the values. */
export const TAG_ATTACHED = 20;

/** Bytes of tag and length in front of a text, bytes or packed value. */
export const VALUE_HEADER_BYTES = 8;

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);
const bigint = new BigInt64Array(float.buffer);

/** `length` in bytes, rounded up to whole words; exact from 2 GiB on too. */
export function padToWord(length: number): number {
  return length + (-length & 3);
}

/** True when {@link TAG_INT32} holds `value` exactly; -0 is not an integer here. */
export function isInt32(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}

/** Writes any number at word `index`; answers the index behind it (at most 3 words further). */
export function writeNumber(words: Int32Array, index: number, value: number): number {
  if (isInt32(value)) {
    words[index] = TAG_INT32;
    words[index + 1] = value;
    return index + 2;
  }
  words[index] = TAG_FLOAT64;
  writeFloat64(words, index + 1, value);
  return index + 3;
}

/** Writes the two words of any number at word `index`, without a tag. */
export function writeFloat64(words: Int32Array, index: number, value: number): void {
  float[0] = value;
  words[index] = halves[0]!;
  words[index + 1] = halves[1]!;
}

/** The number in the two words from `index` on, written by {@link writeNumber} behind its tag. */
export function readFloat64(words: Int32Array, index: number): number {
  halves[0] = words[index]!;
  halves[1] = words[index + 1]!;
  return float[0]!;
}

/** True when {@link TAG_BIGINT64} holds `value`. */
export function isBigint64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

/** Writes a bigint of at most 64 bits at word `index`; answers the index behind it. */
export function writeBigint64(words: Int32Array, index: number, value: bigint): number {
  bigint[0] = value;
  words[index] = TAG_BIGINT64;
  words[index + 1] = halves[0]!;
  words[index + 2] = halves[1]!;
  return index + 3;
}

/** The bigint in the two words from `index` on. */
export function readBigint64(words: Int32Array, index: number): bigint {
  halves[0] = words[index]!;
  halves[1] = words[index + 1]!;
  return bigint[0]!;
}
