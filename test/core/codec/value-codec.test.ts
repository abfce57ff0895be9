import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import vm from 'node:vm';
import fc from 'fast-check';
import { referenceAddress } from '../../../core/codec/value-references.js';
import { carry, decode, encode, roundTrip } from './codec-support.js';

const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.bigInt(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => {
    return String.fromCharCode(...units);
  }),
  fc.uint8Array({ maxLength: 80 }),
);

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withUnicodeString: true,
});

/** Node 20 holds two dates that are none to be different, so they are tested apart. */
const comparable = anything.filter((value) => !inspect(value, DEEPLY).includes('Invalid Date'));
const DEEPLY = { depth: Infinity, maxArrayLength: Infinity };

/** What arrives of a value: null prototypes become plain ones. */
function expected(value: unknown): unknown {
  return structuredClone(value);
}

describe('the value codec', () => {
  it('carries every list of scalars exactly', () => {
    const lists = fc.array(scalar, { maxLength: 8 });
    fc.assert(
      fc.property(lists, (values) => {
        assert.deepStrictEqual(roundTrip(values), values);
      }),
      { numRuns: 500 },
    );
  });

  it('carries whatever structuredClone carries', () => {
    fc.assert(
      fc.property(comparable, (value) => {
        assert.deepStrictEqual(carry(value), expected(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps -0 apart from 0, alone and inside', () => {
    assert.ok(Object.is(carry(-0), -0));
    assert.ok(Object.is(carry(0), 0));
    assert.deepStrictEqual(carry({ a: [-0, 0, -1] }), { a: [-0, 0, -1] });
  });

  it('carries the edges of every number form', () => {
    const edges = [2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, NaN, Infinity, 5e-324, 0.1];
    assert.deepStrictEqual(roundTrip(edges), edges);
    const bigints = [0n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 2000n];
    assert.deepStrictEqual(roundTrip(bigints), bigints);
  });

  it('carries strings of every length and alphabet, lone surrogates included', () => {
    for (const unit of ['a', 'é', '漢', '😀', '\ud800', '\udc00x']) {
      for (const count of [0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 341, 342, 1025, 3000]) {
        const text = unit.repeat(count);
        assert.equal(carry(text), text);
      }
      const nested = { list: [unit], [unit]: new Map([[unit, unit]]) };
      assert.deepStrictEqual(carry(nested), nested);
    }
  });

  it('leaves no old byte in the padding', () => {
    for (const value of ['abcde', 'é', '\ud800', Buffer.from('x'), { a: 'bcd' }]) {
      const { bytes, offset, length } = encode([value]);
      const content = bytes.readInt32LE(offset + 4);
      const padding = bytes.subarray(offset + 8 + content, offset + length);
      assert.ok(padding.every((byte) => byte === 0));
    }
  });

  it('answers copies that own their memory', () => {
    const [bytes, buffer, nested] = roundTrip([
      new Uint8Array(100).fill(1),
      Buffer.alloc(4097, 2),
      { inner: new Uint8Array(3).fill(3), doubles: new Float64Array([1, 2]) },
    ]) as [Uint8Array, Buffer, { inner: Uint8Array; doubles: Float64Array }];
    assert.equal(bytes.buffer.byteLength, 100);
    assert.equal(buffer.buffer.byteLength, 4097);
    assert.deepStrictEqual([...nested.inner], [3, 3, 3]);
    assert.equal(nested.inner.buffer.byteLength, 3);
    assert.deepStrictEqual(nested.doubles, new Float64Array([1, 2]));
  });

  it('lets small Buffers share memory that cannot be transferred, as those of Node do', () => {
    const lengths = [1, 7, 1024, 4096];
    const buffers = lengths.map((length) => carry(Buffer.alloc(length, length)) as Buffer);
    for (const [i, buffer] of buffers.entries()) {
      assert.ok(buffer.buffer instanceof ArrayBuffer && buffer.byteOffset % 8 === 0);
      try {
        structuredClone(buffer, { transfer: [buffer.buffer] });
      } catch (error) {
        // Node 20 copies instead, later versions refuse.
        assert.equal((error as Error).name, 'DataCloneError');
      }
      assert.deepStrictEqual(buffer, Buffer.alloc(lengths[i]!, lengths[i]));
    }
  });

  it('keeps Buffer and Uint8Array apart', () => {
    const values = [Buffer.from('ab'), new Uint8Array([1]), { b: Buffer.from('c') }];
    assert.deepStrictEqual(roundTrip(values), values);
    assert.ok(Buffer.isBuffer(carry(Buffer.alloc(0))));
  });

  it('keeps cycles and shared references, inside Maps, Sets and errors too', () => {
    const shared = { n: -0 };
    const map = new Map<unknown, unknown>([[shared, shared]]);
    const error = new Error('x', { cause: map });
    const value = { map, set: new Set<unknown>([shared, map]), error, list: [shared, shared] };
    map.set('self', value);
    const back = carry(value) as typeof value;
    const first = back.list[0]!;
    assert.ok(Object.is(first.n, -0));
    assert.equal(back.list[1], first);
    assert.equal(back.map.get(first), first);
    assert.equal(back.map.get('self'), back);
    assert.ok(back.set.has(first) && back.set.has(back.map));
    assert.equal(back.error.cause, back.map);
  });

  it('carries errors with name, message, code, stack, cause and errors', () => {
    const inner = Object.assign(new TypeError('inner'), { code: 'ENOENT' });
    const outer = new AggregateError([inner], 'outer', { cause: inner });
    const back = carry(outer) as AggregateError;
    assert.equal(back.name, 'AggregateError');
    assert.equal(back.message, 'outer');
    assert.equal(back.stack, outer.stack);
    const cause = back.cause as TypeError & { code: string };
    assert.ok(cause instanceof TypeError);
    assert.equal(cause.code, 'ENOENT');
    assert.equal(cause.stack, inner.stack);
    assert.equal((back.errors as unknown[])[0], cause);
    assert.deepStrictEqual(Object.keys(back), []);
  });

  it('turns instances of classes into plain objects and subclasses into built-ins', () => {
    class Point {
      readonly x = 1;
      readonly #hidden = 2;
      toJSON(): unknown {
        return this.#hidden;
      }
    }
    class Names extends Map<string, number> {}
    class List extends Array<number> {}
    assert.deepStrictEqual(carry(new Point()), { x: 1 });
    assert.deepStrictEqual(carry(new Names([['a', 1]])), new Map([['a', 1]]));
    assert.deepStrictEqual(carry(List.from([1, 2])), [1, 2]);
    assert.deepStrictEqual(carry(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
    assert.deepStrictEqual(carry([new Number(1), new String('a')]), [1, 'a']);
  });

  it('carries values of another realm', () => {
    const fields = 'list: [1, -0], map: new Map([[1, new Date(5)]]), bytes: new Uint8Array(2)';
    const value = vm.runInNewContext(`({ ${fields} })`) as unknown;
    const map = new Map([[1, new Date(5)]]);
    assert.deepStrictEqual(carry(value), { list: [1, -0], map, bytes: new Uint8Array(2) });
  });

  it('keeps own keys named __proto__ and constructor as data and pollutes nothing', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":2}';
    const back = carry(JSON.parse(text)) as object;
    assert.deepStrictEqual(Object.keys(back), ['__proto__', 'constructor', 'a']);
    assert.equal(Object.getPrototypeOf(back), Object.prototype);
    assert.equal(JSON.stringify(back), text);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('carries keys that msgpackr uses itself, and dictionaries of many keys', () => {
    const odd = { __keys__: 1, hasOwnProperty: 2, toString: 3, length: 4, '': 5 };
    assert.deepStrictEqual(carry([odd, odd, { ...odd }]), [odd, odd, odd]);
    const entries = Array.from({ length: 70_000 }, (_, i) => [`key${i}`, i] as const);
    const dictionary = Object.fromEntries(entries);
    assert.deepStrictEqual(carry(dictionary), dictionary);
  });

  it('takes values as they are at the call', () => {
    const value = { list: [1] };
    const encoded = encode([value]);
    value.list.push(2);
    assert.deepStrictEqual(decode(encoded, 1), [{ list: [1] }]);
  });

  it('stays right when a getter makes a call of its own', () => {
    const value = {
      get nested() {
        return carry({ inner: ['x', { y: 1 }] });
      },
      after: 'z',
    };
    const expectedValue = { nested: { inner: ['x', { y: 1 }] }, after: 'z' };
    assert.deepStrictEqual(roundTrip([1, value, 'end']), [1, expectedValue, 'end']);
  });

  it('carries views over shared memory by copying', () => {
    const view = new Uint16Array(new SharedArrayBuffer(8), 2, 2).fill(7);
    assert.deepStrictEqual([...(carry(view) as Uint16Array)], [7, 7]);
    assert.deepStrictEqual([...(carry(new Uint8Array(view.buffer)) as Uint8Array)].length, 8);
  });
});

it('a reference travels as its address, and whoever decodes says what it is there', () => {
  class Reference {
    readonly hidden = (): void => {};
    readonly [referenceAddress] = 'somewhere';
  }
  const reference = new Reference();
  const value = { one: reference, list: [reference, reference] };
  assert.deepEqual(roundTrip([value]), [{ one: 'somewhere', list: ['somewhere', 'somewhere'] }]);
});
