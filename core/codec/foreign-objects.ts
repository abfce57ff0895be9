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
const FIXEXT_1 = 0xd4;
const FIRST_ARRAY = 0x90;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
const TEXT_8 = 0xd9;
const TEXT_32 = 0xdb;

/** Types of extensions, as msgpackr numbers them. */
const BUNDLE = 0x62;
const ERROR = 0x65;
const IDENTIFIED = 0x69;
const RECORD = 0x72;
const SET = 0x73;
const REGEXP = 0x78;
const ARRAY_OF_TWO = 0x92;
/** Five bytes of a pattern, such as a class of Unicode, take up to 100 us to read. */
const OBJECTS_PER_PATTERN_BYTE = 8;

/** Of a token from 0xc0 to 0xdf: bytes of the length of its content, and others behind it. */
interface LongToken {
  readonly lengthBytes: number;
  readonly otherBytes: number;
  /** Containers, bytes and extensions; not texts and numbers. */
  readonly isObject: boolean;
  readonly isExtension: boolean;
}

const LONG_TOKENS = longTokens();

function longTokens(): readonly LongToken[] {
  const tokens = (kind: 'plain' | 'object' | 'extension', sizes: readonly [number, number][]) =>
    sizes.map(([lengthBytes, otherBytes]) => {
      return {
        lengthBytes,
        otherBytes,
        isObject: kind !== 'plain',
        isExtension: kind === 'extension',
      };
    });
  const fixed = (...sizes: number[]) => sizes.map((size): [number, number] => [0, size]);
  const lengths = (other: number) => [1, 2, 4].map((size): [number, number] => [size, other]);
  return [
    ...tokens('plain', fixed(0, 0, 0, 0)), // nil, never used, false, true
    ...tokens('object', lengths(0)), // bytes
    ...tokens('extension', lengths(1)),
    ...tokens('plain', fixed(4, 8, 1, 2, 4, 8, 1, 2, 4, 8)), // floats and integers
    ...tokens('extension', fixed(2, 3, 5, 9, 17)),
    ...tokens('plain', lengths(0)), // texts
    ...tokens('object', fixed(2, 4, 2, 4)), // arrays and maps; their elements are tokens too
  ];
}

/**
 * Judges the MessagePack among the values of another process before it is decoded. Too large is
 * what is made of more than `LIMITS.foreignObjects` objects: one byte can be an empty Map of 200
 * bytes, so the length of a frame bounds little. All other forms take a few times their bytes.
 */
export function refuseForeign(
  source: RecordSource,
  place: { readonly payloadOffset: number; readonly payloadLength: number },
  what: 'arguments' | 'result',
): RpcError | undefined {
  const limit = LIMITS.foreignObjects;
  const actual = countObjects(source, place.payloadOffset, place.payloadLength);
  if (actual <= limit) return undefined;
  if (actual === Number.POSITIVE_INFINITY) {
    return new RpcError('PROTOCOL_ERROR', `the ${what} hold MessagePack that no peer writes`);
  }
  const code = what === 'arguments' ? 'FRAME_TOO_LARGE' : 'RESULT_TOO_LARGE';
  const text = `the ${what} are made of ${actual} objects (Maps, Sets, arrays, records, bytes)`;
  const rule = `the limit for values with a Map, Set or cycle from another process is ${limit}`;
  return new RpcError(code, `${text}; ${rule}: send less at a time`, { limit, actual });
}

/** Objects in the MessagePack among encoded values; a value that cannot be read ends the count. */
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

/** Tokens lie one behind the other, so their nesting does not matter; Infinity for odd ones. */
function countTokens(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; ) {
    const token = bytes[at++]!;
    if (token < FIRST_RECORD || token >= FIRST_NEGATIVE) continue;
    if (token < FIRST_TEXT) count++;
    else if (token < FIRST_LONG) at += token - FIRST_TEXT;
    else {
      const { lengthBytes, otherBytes, isObject, isExtension } = LONG_TOKENS[token - FIRST_LONG]!;
      if (isObject) count++;
      const hasLength = lengthBytes > 0 && at + lengthBytes <= end;
      const next =
        at + lengthBytes + otherBytes + (hasLength ? bytes.readUIntBE(at, lengthBytes) : 0);
      const type = isExtension ? bytes[at + lengthBytes] : undefined;
      if (type !== undefined && isOdd(token, type, next < end ? bytes[next]! : 0)) {
        return Number.POSITIVE_INFINITY;
      }
      if (type === REGEXP) count += OBJECTS_PER_PATTERN_BYTE * patternBytes(bytes, next);
      at = next;
    }
  }
  return count;
}

/**
 * True for extensions that our packs never have, and with which few bytes make much work: what is
 * built from an array has that array behind it and no reference to one, and texts have no
 * references. `next` is the token behind the extension.
 */
function isOdd(token: number, type: number, next: number): boolean {
  switch (type) {
    case SET:
      return !(
        (next >= FIRST_ARRAY && next < FIRST_TEXT) ||
        next === ARRAY_16 ||
        next === ARRAY_32
      );
    case IDENTIFIED:
      return isText(next);
    case RECORD:
      // With ids of two bytes, uses of a record would have a byte behind their token.
      return token !== FIXEXT_1;
    default:
      return type === BUNDLE || type === ERROR;
  }
}

/** A text whose token says its length, below 32 bytes. */
function isShortText(token: number): boolean {
  return token >= FIRST_TEXT && token < FIRST_LONG;
}

function isText(token: number): boolean {
  return isShortText(token) || (token >= TEXT_8 && token <= TEXT_32);
}

/**
 * Bytes of the pattern of the regular expression at `at`, an array of two texts; Infinity for what
 * is none, and would be made a text.
 */
function patternBytes(bytes: Buffer, at: number): number {
  const byteAt = (index: number): number => bytes[at + index] ?? 0;
  const token = byteAt(1);
  if (byteAt(0) !== ARRAY_OF_TWO || !isText(token)) return Number.POSITIVE_INFINITY;
  const isShort = isShortText(token);
  const lengthBytes = isShort ? 0 : 1 << (token - TEXT_8);
  let length = isShort ? token - FIRST_TEXT : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + byteAt(2 + i);
  const flags = byteAt(2 + lengthBytes + length);
  return isShortText(flags) ? length : Number.POSITIVE_INFINITY;
}
