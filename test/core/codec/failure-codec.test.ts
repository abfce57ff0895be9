import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeFailure, encodeFailure } from '../../../core/codec/failure-codec.js';
import { FAILURE_SPEC } from '../../../core/codec/table-specs.js';
import { verify } from '../../../core/codec/verifier.js';
import { LIMITS } from '../../../core/config/limits.js';
import { ERROR_CODES, type ErrorCode } from '../../../core/errors/error-codes.js';
import { RpcError } from '../../../core/errors/rpc-error.js';

type Coded = Error & { readonly code?: unknown };

const hostile = (): never => {
  throw new Error('hostile');
};

/** Claims to be an `RpcError` whose code is the next one each time that it is read. */
function changing(...codes: unknown[]): object {
  const claim = { [Symbol.for('ringlane.RpcError')]: true };
  let reads = 0;
  return Object.defineProperty(claim, 'code', { get: () => codes[reads++ % codes.length] });
}

const HOSTILE: readonly unknown[] = [
  null,
  undefined,
  '',
  'text',
  5,
  5n,
  Symbol('s'),
  () => 1,
  {},
  Object.create(null),
  Object.freeze(new Error('frozen')),
  new Proxy({}, { get: hostile, has: hostile, getPrototypeOf: hostile }),
  new Proxy(new Error('p'), { get: hostile, has: hostile }),
  Object.defineProperty({}, 'message', { get: hostile }),
  Object.defineProperty(new Error('x'), 'stack', { get: hostile }),
  Object.defineProperty(new Error('x'), 'cause', { get: hostile }),
  { name: Symbol('n'), message: 5, stack: {}, code: {}, cause: 'why' },
  { toString: hostile },
  { code: '__proto__', effect: 'none' },
  changing('TIMEOUT', 'no code'),
  changing('TIMEOUT', {}, undefined),
  new (class extends RpcError {
    override readonly message = '\ud800'.repeat(40_000);
  })('TIMEOUT', 'x'),
];

describe('the failure codec', () => {
  it('carries every RpcError with all it knows', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      for (const effect of ['none', 'unknown'] as const) {
        const details = { effect, endpoint: 'e', method: 'm', address: 'a', limit: 0, actual: 1.5 };
        const error = new RpcError(code, 'words', details);
        const back = decodeFailure(encodeFailure(error));
        const { message, stack } = error;
        const { cause, ...known } = { cause: undefined, code, message, stack, ...details };
        assert.deepStrictEqual({ ...pick(back, Object.keys(known)) }, known);
        assert.equal(back.cause, cause);
      }
    }
  });

  it('gives what a handler threw as a plain cause of HANDLER_FAILED', () => {
    const thrown = Object.assign(new TypeError('bad'), { code: 'ENOENT' });
    const back = decodeFailure(encodeFailure(thrown, { endpoint: 'counter', method: 'add' }));
    assert.equal(back.message, 'HANDLER_FAILED: counter.add: TypeError: bad');
    assert.equal(back.effect, 'unknown');
    const cause = back.cause as Coded;
    assert.equal(Object.getPrototypeOf(cause), Error.prototype);
    assert.equal(cause.name, 'TypeError');
    assert.equal(cause.message, 'bad');
    assert.equal(cause.code, 'ENOENT');
    assert.equal(cause.stack, thrown.stack);
  });

  it('wraps an RpcError of a handler when a code is asked for', () => {
    const thrown = new RpcError('TIMEOUT', 'inner', { effect: 'none' });
    const back = decodeFailure(encodeFailure(thrown, { code: 'HANDLER_FAILED' }));
    assert.equal(back.code, 'HANDLER_FAILED');
    assert.equal(back.effect, 'unknown');
    assert.equal((back.cause as RpcError).code, 'TIMEOUT');
    assert.equal((back.cause as RpcError).message, 'TIMEOUT: inner');
  });

  it('carries what an AggregateError holds, errors and other values', () => {
    const inner = [new TypeError('one'), 'two', new RpcError('TIMEOUT', 'three'), null];
    const thrown = new AggregateError(inner, 'all failed', { cause: new Error('why') });
    const cause = decodeFailure(encodeFailure(thrown)).cause as AggregateError;
    assert.ok(cause instanceof AggregateError);
    assert.equal(cause.name, 'AggregateError');
    assert.equal(cause.message, 'all failed');
    assert.equal((cause.cause as Error).message, 'why');
    const errors = cause.errors as Error[];
    assert.deepEqual(
      errors.map(({ name, message }) => `${name}: ${message}`),
      ['TypeError: one', 'NonError: two', 'RpcError: TIMEOUT: three', 'NonError: null'],
    );
    assert.equal((errors[2] as RpcError).code, 'TIMEOUT');
  });

  it('carries a bounded number of aggregated errors and leaves hostile lists out', () => {
    const many = (count: number): Error[] =>
      Array.from({ length: count }, (_, i) => new Error(`${i}`));
    const limit = LIMITS.aggregatedErrors;
    for (const count of [limit - 1, limit, limit + 1]) {
      const back = decodeFailure(encodeFailure(new AggregateError(many(count)))).cause;
      assert.equal((back as AggregateError).errors.length, Math.min(count, limit));
    }
    const wide = new AggregateError(many(limit).map(() => new AggregateError(many(limit))));
    assert.ok(encodeFailure(wide).length < 64 * 2048, 'all together there is a bound too');
    const { proxy, revoke } = Proxy.revocable<unknown[]>([], {});
    revoke();
    for (const errors of [proxy, 'text', { length: 3 }, Object.create(null), new Array(3)]) {
      const thrown = Object.assign(new Error('x'), { errors });
      assert.equal((decodeFailure(encodeFailure(thrown)).cause as Error).message, 'x');
    }
  });

  it('ends where a chain of causes comes round to itself', () => {
    const first: Coded = new Error('first');
    const second: Coded = new Error('second', { cause: first });
    first.cause = second;
    const back = decodeFailure(encodeFailure(first)).cause as Error;
    assert.equal((back.cause as Error).message, 'second');
    assert.equal((back.cause as Error).cause, undefined);
    const own = new AggregateError([], 'own');
    own.errors.push(own, new Error('other'));
    const errors = (decodeFailure(encodeFailure(own)).cause as AggregateError).errors as Error[];
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['other'],
    );
  });

  it('tells an RpcError that does not know its call where it happened', () => {
    const back = decodeFailure(encodeFailure(new RpcError('MAILBOX_FULL', 'x'), { method: 'm' }));
    assert.equal(back.method, 'm');
    assert.equal(back.message, 'MAILBOX_FULL: x');
  });

  it('carries the chain of causes up to its bound, cycles too', () => {
    const first = new Error('0');
    let last = first;
    for (let i = 1; i < 20; i++) last = last.cause = new Error(`${i}`);
    last.cause = first;
    for (const thrown of [first, last]) {
      let depth = 0;
      let error: unknown = decodeFailure(encodeFailure(thrown));
      for (; error instanceof Error; error = error.cause) depth++;
      assert.equal(depth, LIMITS.causeDepth);
    }
  });

  it('cuts long texts without breaking a character', () => {
    const text = `${'a'.repeat(LIMITS.errorTextLength - 1)}😀`;
    const cause = decodeFailure(encodeFailure(new Error(text))).cause as Error;
    assert.equal(cause.message, 'a'.repeat(LIMITS.errorTextLength - 1));
  });

  it('leaves stacks out when asked', () => {
    const error = new Error('x', { cause: new Error('y') });
    const bytes = encodeFailure(error, { omitStacks: true });
    assert.ok(!Buffer.from(bytes).includes('failure-codec.test'));
  });

  it('takes whatever can be thrown', () => {
    for (const thrown of HOSTILE) {
      for (const context of [{}, { code: 'ENDPOINT_START_FAILED' as const }]) {
        const bytes = encodeFailure(thrown, context);
        assert.equal(verify(bytes, FAILURE_SPEC), undefined);
        const back = decodeFailure(bytes);
        assert.ok(back instanceof RpcError);
        assert.ok(back.code === 'TIMEOUT' || back.cause instanceof Error);
      }
    }
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        assert.ok(decodeFailure(encodeFailure(thrown)).cause instanceof Error);
      }),
    );
  });

  it('answers an error for bytes that are no failure', () => {
    assert.equal(decodeFailure(new Uint8Array(0)).code, 'PROTOCOL_ERROR');
    const good = encodeFailure(new Error('x', { cause: new Error('y') }));
    const change = fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = Uint8Array.from(good);
        for (const [at, value] of changes) bytes[at] = value;
        assert.ok(decodeFailure(bytes) instanceof RpcError);
      }),
      { numRuns: 1000 },
    );
  });

  it('puts the stack trace limit back', () => {
    const limit = Error.stackTraceLimit;
    decodeFailure(encodeFailure(new Error('x')));
    assert.equal(Error.stackTraceLimit, limit);
  });
});

function pick(error: RpcError, keys: readonly string[]): Record<string, unknown> {
  const fields = error as unknown as Record<string, unknown>;
  return Object.fromEntries(keys.map((key) => [key, fields[key]]));
}
