import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyBytes, copyInto } from '../../../core/codec/value-bytes.js';
import { carry, dirtyMemory, encode, roundTrip } from './codec-support.js';

const LENGTHS = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.constantFrom(1_000, 1_024, 65_535, 65_536, 65_537, 70_000),
);
const LEAD = 16;
const AROUND = 0xa5;

/** Memory of which `length` bytes from `at` on are to be used. */
function memory(isShared: boolean, at: number, length: number): Buffer {
  const size = (LEAD + at + length + LEAD + 7) & -8;
  const all = isShared ? dirtyMemory(size).bytes : Buffer.alloc(size, AROUND);
  return all.subarray(LEAD);
}

const CONTENT = Buffer.alloc(70_000);
for (let i = 0; i < CONTENT.length; i++) CONTENT[i] = i * 7 + (i >> 8);

describe('bytes that are copied', () => {
  it('are the same wherever both sides begin, and nothing around them is touched', () => {
    const places = fc.record({
      length: LENGTHS,
      from: fc.nat(15),
      to: fc.nat(15),
      isFromShared: fc.boolean(),
      isToShared: fc.boolean(),
    });
    fc.assert(
      fc.property(places, ({ length, from, to, isFromShared, isToShared }) => {
        const expected = CONTENT.subarray(0, length);
        const source = memory(isFromShared, from, length);
        source.set(expected, from);
        const target = memory(isToShared, to, length);
        copyBytes(target, to, source.subarray(from, from + length));
        assert.ok(target.subarray(to, to + length).equals(expected));
        assert.ok(target.subarray(0, to).every((byte) => byte === AROUND));
        assert.ok(target.subarray(to + length).every((byte) => byte === AROUND));
        const copy = copyInto(new Uint8Array(length), source, from);
        assert.ok(expected.equals(copy));
      }),
    );
  });

  it('arrive behind other values, and from any place of a larger buffer', () => {
    const large = CONTENT.subarray(0, 3_000);
    for (const before of [[], [1], [0.5], [true], ['text', 2.5]]) {
      for (let at = 0; at < 9; at++) {
        const values = [...before, large.subarray(at, at + 2_000), new Uint8Array(large)];
        assert.deepEqual(roundTrip(values), values);
      }
    }
    const inside = { count: 1, bytes: large.subarray(5, 1_030) };
    assert.deepEqual(carry(inside), inside);
  });

  it('are as many as were measured, also when a getter behind them lets their memory grow', () => {
    const Resizable = ArrayBuffer as unknown as {
      new (
        length: number,
        options: { maxByteLength: number },
      ): ArrayBuffer & {
        resize(length: number): void;
      };
    };
    const memory = new Resizable(8, { maxByteLength: 4_096 });
    const tracking = new Uint8Array(memory).fill(7);
    const growing = {
      get size(): number {
        memory.resize(4_096);
        return memory.byteLength;
      },
    };
    const eight = new Uint8Array(8).fill(7);
    assert.deepEqual(roundTrip([tracking, growing]), [eight, { size: 4_096 }]);
  });

  it('begin at a multiple of 8 when they are the first value of a payload that does', () => {
    const { bytes } = encode([Buffer.alloc(64, 9)]);
    assert.equal(bytes.indexOf(Buffer.alloc(64, 9)) % 8, 0);
  });
});
