import { ValueDecoder, ValueEncoder, type ValuesOf } from '../../../core/codec/value-codec.js';

/** Memory like a lane's: shared, seen as words and as bytes, full of old content. */
export function dirtyMemory(lengthBytes: number): { words: Int32Array; bytes: Buffer } {
  const shared = new SharedArrayBuffer(lengthBytes);
  const bytes = Buffer.from(shared);
  bytes.fill(0xa5);
  return { words: new Int32Array(shared), bytes };
}

const encoder = new ValueEncoder();
const decoder = new ValueDecoder();
const GUARD_BYTES = 64;

export interface Encoded {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly offset: number;
  readonly length: number;
}

/** Encodes into fresh dirty memory and checks that nothing outside the bound was touched. */
export function encode(values: readonly unknown[], what: ValuesOf = 'arguments'): Encoded {
  const bound = encoder.measure(values, values.length, what);
  const { words, bytes } = dirtyMemory(bound + 2 * GUARD_BYTES);
  const length = encoder.write(words, bytes, GUARD_BYTES);
  if (length > bound || length % 4 !== 0) throw new Error(`${length} bytes, the bound is ${bound}`);
  const outside = [...bytes.subarray(0, GUARD_BYTES), ...bytes.subarray(GUARD_BYTES + bound)];
  if (outside.some((byte) => byte !== 0xa5)) throw new Error('written outside the bound');
  return { words, bytes, offset: GUARD_BYTES, length };
}

export function decode({ words, bytes, offset, length }: Encoded, count: number): unknown[] {
  decoder.start(words, bytes, offset, length);
  const values = decoder.take(count);
  if (!decoder.isAtEnd) throw new Error(`bytes are left at ${decoder.position}`);
  return values;
}

/** There and back; the memory is wiped before the answer is looked at. */
export function roundTrip(values: readonly unknown[]): unknown[] {
  const encoded = encode(values);
  const decoded = decode(encoded, values.length);
  encoded.bytes.fill(0x5a);
  return decoded;
}

/** One value there and back. */
export function carry(value: unknown): unknown {
  return roundTrip([value])[0];
}
