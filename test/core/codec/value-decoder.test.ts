import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { TAG_MSGPACK, TAG_MSGPACK_EXACT, ValueDecoder } from '../../../core/codec/value-codec.js';
import { decode, dirtyMemory, encode } from './codec-support.js';

const OFFSET = 64;

/** All values of `content` until the end or the first `PROTOCOL_ERROR`; anything else fails. */
function readAll(content: Uint8Array): number {
  const { words, bytes } = dirtyMemory(((content.length + 3) & ~3) + 2 * OFFSET);
  bytes.set(content, OFFSET);
  const decoder = new ValueDecoder();
  decoder.start(words, bytes, OFFSET, content.length);
  let count = 0;
  try {
    while (!decoder.isAtEnd) {
      decoder.next();
      count++;
    }
  } catch (error) {
    assert.ok(error instanceof RpcError && error.code === 'PROTOCOL_ERROR', String(error));
  }
  assert.ok(decoder.position <= OFFSET + content.length);
  return count;
}

/** MessagePack in front of what has an id, and a reference to it. */
const id = (number: number): string => `d669${number.toString(16).padStart(8, '0')}`;
const to = (number: number): string => `d670${number.toString(16).padStart(8, '0')}`;

function withTag(tag: number, body: Uint8Array): Uint8Array {
  const content = Buffer.alloc(8 + ((body.length + 3) & ~3));
  content.writeInt32LE(tag, 0);
  content.writeInt32LE(body.length, 4);
  content.set(body, 8);
  return content;
}

function contentOf(values: readonly unknown[]): Buffer {
  const { bytes, offset, length } = encode(values);
  return Buffer.from(bytes.subarray(offset, offset + length));
}

const SAMPLES: readonly (readonly unknown[])[] = [
  [{ a: [1, { b: 'c' }], d: new Date(5) }, { a: [] }],
  [1, 1.5, 'ab', true, null, undefined, 5n, Buffer.from('abc')],
  [{ id: 7, name: 'x'.repeat(90), tags: ['a', 'b'], when: new Date(5) }],
  [
    new Map<unknown, unknown>([[1, -0]]),
    new Set(['\ud800']),
    Object.assign([1], { 2: 3 }),
    new Error('e'),
  ],
  [Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, -0]))],
];

describe('the value decoder', () => {
  it('answers values or PROTOCOL_ERROR for random words', () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 24 }), fc.integer());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 24 }), (words) => {
        readAll(new Uint8Array(Int32Array.from(words).buffer));
      }),
      { numRuns: 3000 },
    );
  });

  it('answers values or PROTOCOL_ERROR for random MessagePack', () => {
    const tag = fc.constantFrom(TAG_MSGPACK, TAG_MSGPACK_EXACT);
    fc.assert(
      fc.property(tag, fc.uint8Array({ maxLength: 200 }), (kind, body) => {
        readAll(withTag(kind, body));
      }),
      { numRuns: 3000 },
    );
  });

  it('answers values or PROTOCOL_ERROR for mutated messages', () => {
    const contents = SAMPLES.map((values) => contentOf(values));
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.nat({ max: contents.length - 1 }), changes, (which, list) => {
        const content = Buffer.from(contents[which]!);
        for (const [at, value] of list) content[at % content.length] = value;
        readAll(content);
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses every truncation', () => {
    for (const values of SAMPLES) {
      const content = contentOf(values);
      for (let length = 0; length < content.length; length += 4) {
        assert.ok(readAll(content.subarray(0, length)) < values.length);
      }
    }
  });

  it('survives bombs of depth, size and references', () => {
    const bombs = [
      Buffer.alloc(2_000_000, 0x91),
      Buffer.alloc(2_000_000, 0x81),
      Buffer.from('dd7fffffff', 'hex'),
      Buffer.from('df7fffffff', 'hex'),
      Buffer.from('c67fffffff', 'hex'),
      Buffer.from('db7fffffff', 'hex'),
      Buffer.concat([Buffer.alloc(10_000).fill('dd00000fff', 'hex')]),
      Buffer.from('d67000000001', 'hex'),
    ];
    for (const bomb of bombs) {
      for (const tag of [TAG_MSGPACK, TAG_MSGPACK_EXACT]) {
        assert.equal(readAll(withTag(tag, bomb)), 0);
      }
    }
    for (const mark of ['93c103cefffffffe', '92c163', '91c1', '92c102', '93c1029101']) {
      const expected = mark === '93c1029101' ? 1 : 0;
      assert.equal(readAll(withTag(TAG_MSGPACK_EXACT, Buffer.from(mark, 'hex'))), expected, mark);
    }
  });

  it('makes no more of references than they are, and prints nothing that is wrong', () => {
    // An element that is two references to the one before it, 60 times; and a byte too many.
    const pairs = Array.from({ length: 60 }, (_, i) => [id(i + 2), '92', to(i + 1), to(i + 1)]);
    const doubling = ['dc003d', id(1), '9101', ...pairs.flat()].join('');
    assert.equal(readAll(withTag(TAG_MSGPACK, Buffer.from(doubling, 'hex'))), 1);
    assert.equal(readAll(withTag(TAG_MSGPACK, Buffer.from(`${doubling}01`, 'hex'))), 0);
    const bytes = `c600100000${'41'.repeat(2 ** 20)}`;
    const references = to(1).repeat(4_000);
    const oneText = `dd00000fa1${id(1)}93c101${bytes}${references}`;
    assert.equal(readAll(withTag(TAG_MSGPACK_EXACT, Buffer.from(oneText, 'hex'))), 1);
    for (const mark of ['93c101', '93c102', '94c10300']) {
      const shared = `92${mark}${id(1)}90${mark}${to(1)}`;
      assert.equal(readAll(withTag(TAG_MSGPACK_EXACT, Buffer.from(shared, 'hex'))), 0, mark);
    }
  });

  it('builds no sparse array or key that was not meant', () => {
    const polluting = Buffer.from('81a95f5f70726f746f5f5f81a8706f6c6c7574656401', 'hex');
    readAll(withTag(TAG_MSGPACK, polluting));
    readAll(withTag(TAG_MSGPACK_EXACT, polluting));
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('can stop anywhere and says where it is', () => {
    const encoded = encode([1, 'abc', { a: 1 }]);
    const decoder = new ValueDecoder();
    decoder.start(encoded.words, encoded.bytes, encoded.offset, encoded.length);
    assert.equal(decoder.next(), 1);
    assert.equal(decoder.position, encoded.offset + 8);
    assert.equal(decoder.next(), 'abc');
    assert.equal(decoder.isAtEnd, false);
    assert.deepStrictEqual(decoder.next(), { a: 1 });
    assert.equal(decoder.isAtEnd, true);
    assert.throws(() => decoder.next(), { code: 'PROTOCOL_ERROR' });
    assert.deepStrictEqual(decode(encoded, 3), [1, 'abc', { a: 1 }]);
  });
});
