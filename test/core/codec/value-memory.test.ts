import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueDecoder, ValueEncoder } from '../../../core/codec/value-codec.js';

const LONG = 100_000;

/** Values after their way through memory that came with them alone, and that memory. */
function decodeKept(values: unknown[]): { decoded: unknown[]; memory: ArrayBuffer } {
  const encoder = new ValueEncoder();
  const bound = encoder.measure(values, values.length, 'arguments');
  const memory = new ArrayBuffer(bound);
  const length = encoder.write(new Int32Array(memory), Buffer.from(memory), 0);
  const decoder = new ValueDecoder();
  decoder.start(new Int32Array(memory), Buffer.from(memory), 0, length);
  decoder.keepMemory();
  return { decoded: decoder.take(values.length), memory };
}

describe('memory of long values', () => {
  it('is not copied for a Buffer that takes most of it', () => {
    const sent = Buffer.alloc(LONG, 7);
    const { decoded, memory } = decodeKept([1, sent, 'text']);
    assert.deepEqual(decoded, [1, sent, 'text']);
    assert.equal((decoded[1] as Buffer).buffer, memory);
  });

  it('belongs to one value only: handing it on takes nothing from the others', () => {
    const { decoded } = decodeKept([Buffer.alloc(LONG, 1), Buffer.alloc(LONG / 2, 2)]);
    const [one, other] = decoded as Buffer[];
    structuredClone(null, { transfer: [one!.buffer as ArrayBuffer] });
    assert.equal(one!.length, 0);
    assert.ok(other!.equals(Buffer.alloc(LONG / 2, 2)));
    const halves = decodeKept([Buffer.alloc(LONG, 1), Buffer.alloc(LONG, 2)]);
    const [first, second] = halves.decoded as Buffer[];
    assert.notEqual(first!.buffer, second!.buffer);
  });

  it('is of its very size for a Uint8Array, as a structured clone makes it', () => {
    const { decoded } = decodeKept([new Uint8Array(LONG).fill(3)]);
    const bytes = decoded[0] as Uint8Array;
    assert.deepEqual([bytes.byteOffset, bytes.buffer.byteLength], [0, LONG]);
  });

  it('is copied again once the decoder begins elsewhere', () => {
    const encoder = new ValueEncoder();
    const value = [Buffer.alloc(LONG, 5)];
    const memory = new ArrayBuffer(encoder.measure(value, 1, 'result'));
    const length = encoder.write(new Int32Array(memory), Buffer.from(memory), 0);
    const decoder = new ValueDecoder();
    decoder.keepMemory();
    decoder.start(new Int32Array(memory), Buffer.from(memory), 0, length);
    assert.notEqual((decoder.next() as Buffer).buffer, memory);
  });
});
