import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalCarrier } from '../../../core/codec/local-carrier.js';
import { move } from '../../../core/codec/moved.js';
import { ValueDecoder, ValueEncoder } from '../../../core/codec/value-codec.js';

/** What no header may hold: memory that was not written. */
const STALE = 0x5a5a5a5a;

/** Values after their way beside a record, and the words of its header. */
function carryBeside(values: readonly unknown[]): { header: Int32Array; arrived: unknown[] } {
  const encoder = new ValueEncoder();
  const carrier = new LocalCarrier();
  const bound = encoder.measure(values, values.length, 'arguments', carrier);
  const words = new Int32Array((bound + 7) >> 2).fill(STALE);
  const bytes = Buffer.from(words.buffer);
  const length = encoder.write(words, bytes, 0);
  const decoder = new ValueDecoder();
  decoder.start(words, bytes, 0, length);
  decoder.fetchAttached(carrier);
  const header = words.slice(0, decoder.position >> 2);
  const arrived = decoder.take(values.length);
  assert.ok(decoder.isAtEnd);
  return { header, arrived };
}

const seven = (): Uint8Array => new Uint8Array(8).fill(7);

describe('memory beside a record', () => {
  it('is named wherever it stands, also when it moves', () => {
    const moved = move(seven());
    const view = move(new Uint16Array(moved.buffer, 2, 2));
    const { header, arrived } = carryBeside([moved, { moved, view }, 5, moved, view]);
    assert.ok(!header.includes(STALE), 'every word of the header is written');
    const parts = new Uint16Array(2).fill(0x0707);
    assert.deepEqual(arrived, [seven(), { moved: seven(), view: parts }, 5, seven(), parts]);
    assert.equal((arrived[3] as Uint8Array).buffer, (arrived[0] as Uint8Array).buffer);
    assert.deepEqual([moved.length, view.length], [0, 0]);
  });

  it('is sent once from an object of many keys', () => {
    for (const first of [move(seven()), new Uint8Array(100_000).fill(7)]) {
      const fields: Record<string, unknown> = { first };
      for (let i = 0; i < 200; i++) fields[`key${i}`] = i;
      const expected = { ...fields, first: first.slice() };
      const { header, arrived } = carryBeside([fields]);
      assert.equal(header[0], 1, 'one entry');
      assert.ok(!header.includes(STALE), 'every word of the header is written');
      assert.deepEqual(arrived, [expected]);
    }
  });

  it('is not sent at all when a getter detaches some of it', () => {
    for (const last of [new Uint8Array(100_000), move(seven())]) {
      const sent: ArrayBuffer[] = [];
      const carrier = Object.assign(new LocalCarrier(), {
        sendBeside: (bytes: ArrayBuffer) => sent.push(bytes),
      });
      const hostile = {
        get detaches() {
          structuredClone(null, { transfer: [last.buffer as ArrayBuffer] });
          return 1;
        },
      };
      const encoder = new ValueEncoder();
      const values = [new Uint8Array(100_000), { last }, hostile];
      const words = new Int32Array(encoder.measure(values, 3, 'result', carrier) >> 2);
      assert.throws(() => encoder.write(words, Buffer.from(words.buffer), 0), {
        code: 'NOT_SERIALIZABLE',
        effect: 'unknown',
      });
      assert.equal(sent.length, 0);
    }
  });
});
