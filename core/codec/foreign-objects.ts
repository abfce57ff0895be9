import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { RecordSource } from '../memory/lane-reader.js';
import {
  TAG_LATIN1,
  TAG_MSGPACK,
  TAG_MSGPACK_EXACT,
  TAG_TREE,
  VALUE_HEADER_BYTES,
  padToWord,
} from './value-tags.js';

/** Bytes of a value whose tag says its length, by that tag. */
const PLAIN_BYTES: readonly number[] = [0, 4, 4, 4, 4, 8, 12, 12];

/** MessagePack tokens from here on have bytes behind them; those before are told apart by it. */
const FIRST_RECORD = 0x40;
const FIRST_TEXT = 0xa0;
const FIRST_LONG = 0xc0;
const FIRST_NEGATIVE = 0xe0;
const FIXEXT_2 = 0xd5;
const RECORD_EXTENSION = 0x72;

/** Of a token from 0xc0 to 0xdf: bytes of the length of its content, and others behind it. */
interface LongToken {
  readonly lengthBytes: number;
  readonly otherBytes: number;
  /** Containers, bytes and extensions; not texts and numbers. */
  readonly isObject: boolean;
}

const LONG_TOKENS = longTokens();

function longTokens(): readonly LongToken[] {
  const of = (lengths: readonly number[], otherBytes: number, isObject: boolean): LongToken[] =>
    lengths.map((lengthBytes) => ({ lengthBytes, otherBytes, isObject }));
  const fixed = (sizes: readonly number[], isObject: boolean): LongToken[] =>
    sizes.map((otherBytes) => ({ lengthBytes: 0, otherBytes, isObject }));
  return [
    ...fixed([0, 0, 0, 0], false), // nil, never used, false, true
    ...of([1, 2, 4], 0, true), // bytes
    ...of([1, 2, 4], 1, true), // extensions
    ...fixed([4, 8, 1, 2, 4, 8, 1, 2, 4, 8], false), // floats and integers
    ...fixed([2, 3, 5, 9, 17], true), // extensions of a fixed length
    ...of([1, 2, 4], 0, false), // texts
    ...fixed([2, 4, 2, 4], true), // arrays and maps, whose elements are tokens of their own
  ];
}

/**
 * Refuses values of another process that are made of more than `LIMITS.foreignObjects` objects:
 * one byte of MessagePack can be an empty Map of 200 bytes, so the length of a frame bounds little.
 * Only MessagePack is counted; all other forms take a few times their bytes at most.
 */
export function refuseManyObjects(
  source: RecordSource,
  place: { readonly payloadOffset: number; readonly payloadLength: number },
  what: 'arguments' | 'result',
): RpcError | undefined {
  const limit = LIMITS.foreignObjects;
  // Each takes a byte at least.
  if (place.payloadLength <= limit) return undefined;
  const actual = countObjects(source, place.payloadOffset, place.payloadLength);
  if (actual <= limit) return undefined;
  const code = what === 'arguments' ? 'FRAME_TOO_LARGE' : 'RESULT_TOO_LARGE';
  const text = `the ${what} are made of ${actual} objects (Maps, Sets, arrays, records, bytes)`;
  const rule = `the limit for values with a Map, Set or cycle from another process is ${limit}`;
  return new RpcError(code, `${text}; ${rule}: send less at a time`, { limit, actual });
}

/** Objects in the MessagePack among encoded values; what a decoder refuses ends the count. */
function countObjects({ words, bytes }: RecordSource, offset: number, length: number): number {
  const end = Math.min(offset + length, words.length << 2);
  let count = 0;
  for (let at = offset; at + VALUE_HEADER_BYTES <= end; ) {
    const tag = words[at >> 2]!;
    if (tag > 0 && tag < TAG_LATIN1) {
      at += PLAIN_BYTES[tag]!;
      continue;
    }
    const start = at + VALUE_HEADER_BYTES;
    const contentBytes = words[(at >> 2) + 1]!;
    if (tag < TAG_LATIN1 || tag > TAG_TREE || contentBytes < 0 || contentBytes > end - start) break;
    if (tag === TAG_MSGPACK || tag === TAG_MSGPACK_EXACT) {
      count += countTokens(bytes, start, start + contentBytes);
    }
    at = start + padToWord(contentBytes);
  }
  return count;
}

/** Tokens lie one behind the other, so their nesting does not matter. */
function countTokens(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; ) {
    const token = bytes[at++]!;
    if (token < FIRST_RECORD || token >= FIRST_NEGATIVE) continue;
    if (token < FIRST_TEXT) count++;
    else if (token < FIRST_LONG) at += token - FIRST_TEXT;
    else {
      // Uses of such a record have a byte behind their token. We never write them: the worst case.
      if (token === FIXEXT_2 && bytes[at] === RECORD_EXTENSION) return count + end - at;
      const { lengthBytes, otherBytes, isObject } = LONG_TOKENS[token - FIRST_LONG]!;
      if (isObject) count++;
      const hasLength = lengthBytes > 0 && at + lengthBytes <= end;
      at += lengthBytes + otherBytes + (hasLength ? bytes.readUIntBE(at, lengthBytes) : 0);
    }
  }
  return count;
}
