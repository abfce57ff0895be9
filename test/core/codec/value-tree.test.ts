import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../core/config/limits.js';
import {
  TAG_ARRAY,
  TAG_DICTIONARY,
  TAG_INT32,
  TAG_LATIN1,
  TAG_MSGPACK,
  TAG_NULL,
  TAG_RECORD,
  TAG_TREE,
  ValueDecoder,
} from '../../../core/codec/value-codec.js';
import { carry, encode, roundTrip } from './codec-support.js';

function firstTag(value: unknown): number {
  const { words, offset } = encode([value]);
  return words[offset >> 2]!;
}

/** Keys as one text value: how a shape travels. */
function shapeWords(text: string): number[] {
  const content = Buffer.alloc((text.length + 3) & ~3);
  content.write(text, 'latin1');
  const words = new Int32Array(content.buffer, content.byteOffset, content.length >> 2);
  return [TAG_LATIN1, text.length, ...words];
}

/** A tree of a body and the shapes it names. */
function tree(body: readonly number[], shapes: readonly string[] = []): number[] {
  const content = [body.length * 4, ...body, shapes.length, ...shapes.flatMap(shapeWords)];
  return [TAG_TREE, content.length * 4, ...content];
}

function read(message: readonly number[]): unknown {
  const words = Int32Array.from(message);
  const decoder = new ValueDecoder();
  decoder.start(words, Buffer.from(words.buffer), 0, words.length * 4);
  const value = decoder.next();
  assert.ok(decoder.isAtEnd);
  return value;
}

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 20 }),
    ),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(fc.oneof(fc.constantFrom('id', 'host', 'hw'), fc.string()), tie('value'), {
      maxKeys: 6,
      noNullPrototype: true,
    }),
  ),
})).value;

describe('trees of plain values', () => {
  it('carry every plain value exactly, and leave nothing of it to the long way', () => {
    fc.assert(
      fc.property(fc.array(json, { maxLength: 3 }), (values) => {
        assert.deepStrictEqual(roundTrip(values), values);
        for (const value of values) {
          const isProto = JSON.stringify(value, replaceBigint)?.includes('__proto__') ?? false;
          if (!isProto) assert.notEqual(firstTag(value), TAG_MSGPACK);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keep -0 and lone surrogates inside of objects', () => {
    const value = { zero: -0, texts: ['\ud800', 'a\udc00'], '\ud801': -0 };
    assert.equal(firstTag(value), TAG_TREE);
    assert.deepStrictEqual(carry(value), value);
  });

  it('keep the order of keys, and name the keys of equal records once', () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ temperature: i, humidity: i / 2 }));
    const back = carry(rows) as typeof rows;
    assert.deepStrictEqual(back, rows);
    assert.deepStrictEqual(Object.keys(back[99]!), ['temperature', 'humidity']);
    const { bytes, offset, length } = encode([rows]);
    const text = bytes.toString('latin1', offset, offset + length);
    assert.equal(text.split('temperature').length, 2);
    const other = { humidity: 1, temperature: 2 };
    assert.deepStrictEqual(Object.keys(carry(other) as object), ['humidity', 'temperature']);
  });

  it('carry dates, also those that are none', () => {
    assert.deepStrictEqual(carry({ at: new Date(5) }), { at: new Date(5) });
    assert.ok(Number.isNaN((carry([new Date(Number.NaN)]) as [Date])[0].getTime()));
  });

  it('carry objects of any number of keys, with objects inside', () => {
    for (const count of [0, 1, 17, 127, 128, 129, 1000]) {
      for (const prefix of ['key', '']) {
        const entries = Array.from({ length: count }, (_, i) => [
          `${prefix}${i}`,
          { i, list: [i] },
        ]);
        const value = { before: { x: 1 }, table: Object.fromEntries(entries), after: [{ y: 2 }] };
        assert.equal(firstTag(value), TAG_TREE);
        assert.deepStrictEqual(carry(value), value);
      }
    }
  });

  it('carry arrays that hold nothing but arrays and dictionaries', () => {
    const nest = fc.letrec((tie) => ({
      list: fc.array(fc.oneof({ maxDepth: 8 }, fc.constant(null), tie('list'), tie('table'))),
      table: fc
        .array(fc.oneof({ maxDepth: 8 }, fc.constant(true), tie('list')))
        .map((list) => Object.fromEntries(list.entries())),
    })).list;
    fc.assert(fc.property(nest, (value) => assert.deepStrictEqual(carry(value), value)));
    assert.deepStrictEqual(carry(Array(1000).fill(null)), Array(1000).fill(null));
  });

  it('stay right when there are more shapes than are remembered', () => {
    for (let i = 0; i < 3 * LIMITS.shapeKeys; i++) {
      const value = { [`a${i}`]: i, [`b${i}`]: { c: [i] } };
      assert.deepStrictEqual(carry(value), value);
    }
  });

  it('leave to the long way what is met twice, has holes, or is no plain value', () => {
    const shared = { a: 1 };
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const long = [
      { first: shared, second: shared },
      cycle,
      { list: [1, , 3] },
      { map: new Map([[1, 2]]) },
      { big: 2n ** 80n },
      { doubles: new Float64Array(2) },
      { error: new Error('e') },
    ];
    for (const value of long) {
      assert.notEqual(firstTag(value), TAG_TREE);
      assert.deepStrictEqual(carry([1, { value }, 'x']), [1, { value }, 'x']);
    }
  });

  it('mix with values of the long way in one list', () => {
    const values = [{ a: 1 }, new Map([[1, 2]]), Buffer.from('ab'), { b: [2] }, 5, new Set([1])];
    assert.deepStrictEqual(roundTrip(values), values);
    assert.deepStrictEqual(roundTrip([...values].reverse()), [...values].reverse());
  });

  it('stay apart when a getter makes a call of its own', () => {
    const nested = {
      get inner() {
        return roundTrip([{ deep: { x: 1 } }, { y: [2] }, new Map()]);
      },
      last: 'z',
    };
    const values = [{ before: 1 }, nested, { after: 2 }];
    const expected = [
      { before: 1 },
      { inner: [{ deep: { x: 1 } }, { y: [2] }, new Map()], last: 'z' },
    ];
    assert.deepStrictEqual(roundTrip(values), [...expected, { after: 2 }]);
  });
});

describe('trees from outside', () => {
  it('are read when they are well formed, whoever wrote them', () => {
    assert.deepStrictEqual(read(tree([TAG_RECORD, 0, TAG_NULL], ['["a"]'])), { a: null });
    const list = tree([TAG_ARRAY, 2, TAG_INT32, 7, TAG_RECORD, 1], ['["a"]', '[]']);
    assert.deepStrictEqual(read(list), [7, {}]);
  });

  const refused: readonly [string, readonly number[]][] = [
    ['a shape that is not in the table', tree([TAG_RECORD, 1, TAG_NULL], ['["a"]'])],
    ['a negative shape', tree([TAG_RECORD, -1, TAG_NULL], ['["a"]'])],
    ['a shape of the tree before', tree([TAG_RECORD, 0, TAG_NULL])],
    ['keys that are no JSON', tree([TAG_NULL], ['["a"'])],
    ['keys that are no list', tree([TAG_NULL], ['{"a":1}'])],
    ['keys that are no texts', tree([TAG_NULL], ['[1]'])],
    ['a key twice', tree([TAG_RECORD, 0, TAG_NULL, TAG_NULL], ['["a","a"]'])],
    ['the key __proto__', tree([TAG_RECORD, 0, TAG_NULL], ['["__proto__"]'])],
    ['__proto__ in a dictionary', tree([TAG_DICTIONARY, 1, ...shapeWords('__proto__'), TAG_NULL])],
    ['a dictionary key that is no text', tree([TAG_DICTIONARY, 1, TAG_INT32, 1, TAG_NULL])],
    ['more elements than bytes', tree([TAG_ARRAY, 0x7fffffff, TAG_NULL])],
    ['arrays that share words', tree([TAG_ARRAY, 3, TAG_ARRAY, 1, TAG_NULL])],
    ['a negative count', tree([TAG_ARRAY, -1, TAG_NULL])],
    ['more shapes than bytes', [TAG_TREE, 12, 4, TAG_NULL, 0x7fffffff]],
    ['a value too many', tree([TAG_NULL, TAG_NULL])],
    ['a value too few', tree([TAG_ARRAY, 2, TAG_NULL])],
    ['a tree inside a tree', tree(tree([TAG_NULL]))],
    ['MessagePack inside a tree', tree([TAG_MSGPACK, 1, 0xc0])],
    ['a body longer than the tree', [TAG_TREE, 12, 400, TAG_NULL, 0]],
    ['a body of no words', [TAG_TREE, 8, 0, 0]],
    ['a body of half words', [TAG_TREE, 12, 6, TAG_NULL, 0]],
    ['a record without a tree', [TAG_RECORD, 0, TAG_NULL]],
    ['too many keys', tree([TAG_NULL], [JSON.stringify(Array.from({ length: 129 }, String))])],
    ['too many levels', tree([...Array.from({ length: 5000 }, () => [TAG_ARRAY, 1]).flat(), 2])],
  ];
  for (const [name, message] of refused) {
    it(`are refused for ${name}`, () => {
      assert.throws(() => read(message), { code: 'PROTOCOL_ERROR' });
    });
  }

  it('are values or PROTOCOL_ERROR when words of them change', () => {
    const value = [{ id: 1, hw: { cpu: 2.5, name: 'abc' } }, { id: 2, hw: null }, ['x', -0]];
    const { words, offset, length } = encode([value, Object.fromEntries([['1', 2]])]);
    const message = [...words.subarray(offset >> 2, (offset + length) >> 2)];
    const change = fc.tuple(
      fc.nat({ max: message.length - 1 }),
      fc.oneof(fc.nat(24), fc.integer()),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = [...message];
        for (const [at, word] of changes) changed[at] = word;
        const memory = Int32Array.from(changed);
        const decoder = new ValueDecoder();
        decoder.start(memory, Buffer.from(memory.buffer), 0, memory.length * 4);
        try {
          while (!decoder.isAtEnd) decoder.next();
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'PROTOCOL_ERROR', String(error));
        }
        // Whatever came, the next message is read as if nothing had been.
        assert.deepStrictEqual(carry(value), value);
      }),
      { numRuns: 3000 },
    );
  });

  it('pollute nothing', () => {
    read(tree([TAG_RECORD, 0, TAG_RECORD, 1, TAG_NULL], ['["constructor"]', '["prototype"]']));
    assert.equal(({} as Record<string, unknown>)['prototype'], undefined);
  });
});

function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
