import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { LocalCarrier } from '../../../core/codec/local-carrier.js';
import { ValueEncoder } from '../../../core/codec/value-codec.js';
import { carry, encode } from './codec-support.js';

function refusal(values: readonly unknown[], what: 'arguments' | 'result' = 'arguments'): RpcError {
  try {
    encode(values, what);
  } catch (error) {
    assert.ok(error instanceof RpcError, String(error));
    assert.equal(error.code, 'NOT_SERIALIZABLE');
    return error;
  }
  return assert.fail('it was encoded');
}

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

const REFUSED: readonly [string, unknown, string][] = [
  ['function', () => 1, 'is a function'],
  ['class', class {}, 'is a function'],
  ['symbol', Symbol('s'), 'is a symbol'],
  ['Promise', Promise.resolve(), 'is a Promise'],
  [
    'thenable',
    new (class {
      then(): void {}
    })(),
    'is a thenable',
  ],
  ['WeakMap', new WeakMap(), 'is a WeakMap'],
  ['WeakSet', new WeakSet(), 'is a WeakSet'],
  ['WeakRef', new WeakRef({}), 'is a WeakRef'],
  ['SharedArrayBuffer', new SharedArrayBuffer(8), 'is a SharedArrayBuffer'],
  ['AbortSignal', new AbortController().signal, 'is an EventTarget'],
  ['detached view', detached(), 'is a detached buffer'],
  ['detached ArrayBuffer', detached().buffer, 'is a detached buffer'],
];

describe('the guard in front of the value codec', () => {
  for (const [name, value, reason] of REFUSED) {
    it(`refuses a ${name} at every depth and names the path`, () => {
      const top = refusal([1, value]);
      assert.ok(top.message.startsWith(`NOT_SERIALIZABLE: arguments[1] ${reason}`), top.message);
      assert.equal(top.effect, 'none');
      const deep = refusal([{ a: { b: [0, 1, { 'odd key': value }] } }]);
      const start = `NOT_SERIALIZABLE: arguments[0].a.b[2]["odd key"] ${reason}`;
      assert.ok(deep.message.startsWith(start), deep.message);
    });
  }

  it('names the path through Maps, Sets and errors', () => {
    const bad = (): void => {};
    const cases: readonly [unknown, string][] = [
      [new Map([['k', { x: bad }]]), 'arguments[0].get("k").x'],
      [new Map([[{ x: bad }, 1]]), 'arguments[0].key(0).x'],
      [new Map([[{}, bad]]), 'arguments[0].value(0)'],
      [new Set([1, bad]), 'arguments[0].member(1)'],
      [new Error('e', { cause: { x: bad } }), 'arguments[0].cause.x'],
    ];
    for (const [value, path] of cases) {
      assert.equal(refusal([value]).message, `NOT_SERIALIZABLE: ${path} is a function`);
    }
  });

  it('speaks of the result when it is one, whose effect is unknown', () => {
    const error = refusal([{ rows: [Symbol('x')] }], 'result');
    assert.equal(error.message, 'NOT_SERIALIZABLE: result.rows[0] is a symbol');
    assert.equal(error.effect, 'unknown');
  });

  it('finds the value behind a cycle', () => {
    const value: Record<string, unknown> = {};
    value['self'] = value;
    value['later'] = [value, { bad: Symbol('s') }];
    assert.ok(refusal([value]).message.includes('arguments[0].later[1].bad is a symbol'));
  });

  it('reports a getter that throws with its path and its error', () => {
    const cause = new Error('no');
    const value = {
      a: {
        get b(): never {
          throw cause;
        },
      },
    };
    const error = refusal([value]);
    assert.equal(error.message, 'NOT_SERIALIZABLE: arguments[0].a.b cannot be read');
    assert.equal(error.cause, cause);
  });

  it('refuses a revoked proxy and reads a live one', () => {
    const { proxy, revoke } = Proxy.revocable({ a: 1 }, {});
    assert.deepStrictEqual(carry({ proxy }), { proxy: { a: 1 } });
    revoke();
    assert.ok(
      refusal([{ proxy }]).message.startsWith('NOT_SERIALIZABLE: arguments[0].proxy cannot'),
    );
  });

  it('names the argument that throws at the first look, on every way', () => {
    const view = new DataView(new ArrayBuffer(8));
    structuredClone(view.buffer, { transfer: [view.buffer] });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const encoder = new ValueEncoder();
    for (const value of [view, proxy, new Proxy(new Uint8Array(8), {})]) {
      for (const carrier of [new LocalCarrier(), undefined]) {
        assert.throws(() => encoder.measure([1, value], 2, 'arguments', carrier), {
          code: 'NOT_SERIALIZABLE',
          message: /arguments\[1\] cannot be read/,
        });
      }
    }
  });

  it('refuses what is nested too deep and carries what is not', () => {
    const nest = (depth: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
      return value;
    };
    assert.deepStrictEqual(carry(nest(512)), nest(512));
    const error = refusal([nest(513)]);
    assert.ok(error.message.includes('is nested more than 512 levels deep'), error.message);
    assert.ok(error.message.length < 300);
    assert.ok(refusal([nest(100_000)]).message.includes('512 levels'));
  });

  it('looks at shared parts once', () => {
    let value: unknown = { leaf: 1 };
    for (let i = 0; i < 60; i++) value = { left: value, right: value };
    carry(value);
  });

  it('can be used again after a refusal', () => {
    refusal([{ a: Symbol('x') }]);
    assert.deepStrictEqual(carry({ a: 1 }), { a: 1 });
    refusal(['text', 5, { a: 1 }, Symbol('x')]);
    assert.deepStrictEqual(carry('text'), 'text');
  });
});
