import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode, errorCodeOf } from '../../../core/errors/error-codes.js';
import {
  describeThrown,
  isRpcError,
  RpcError,
  toRpcError,
} from '../../../core/errors/rpc-error.js';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

test('every code has a wire number of its own, a meaning, a usual cause and a cure', () => {
  equal(new Set(CODES.map((code) => ERROR_CODES[code].wire)).size, CODES.length);
  for (const code of CODES) {
    const { wire, meaning, usualCause, cure, effect } = ERROR_CODES[code];
    ok(Number.isInteger(wire) && wire > 0 && wire < 2 ** 15, code);
    for (const text of [meaning, usualCause, cure]) ok(/^[A-Z`].*\.$/.test(text), text);
    ok(effect === 'none' || effect === 'unknown', code);
    equal(errorCodeOf(wire), code);
  }
});

test('a wire number that nobody knows is undefined', () => {
  for (const wire of [0, -1, 32_767, Number.NaN]) equal(errorCodeOf(wire), undefined);
});

test('wire numbers are never reused or moved', () => {
  // A change here breaks every peer of an older version: only append.
  const order: readonly ErrorCode[] = [
    'INVALID_ARGUMENT',
    'INVALID_STATE',
    'ENDPOINT_NOT_STARTED',
    'RECIPIENT_UNREACHABLE',
    'DUPLICATE_ENDPOINT',
    'ENDPOINT_START_FAILED',
    'ENDPOINT_STOP_FAILED',
    'UNKNOWN_METHOD',
    'CONNECTION_FAILED',
    'HANDSHAKE_REJECTED',
    'FENCING_TOKEN_MISMATCH',
    'FENCING_TOKEN_MISSING',
    'TIMEOUT',
    'CANCELLED',
    'HANDLER_FAILED',
    'NOT_SERIALIZABLE',
    'FRAME_TOO_LARGE',
    'RESULT_TOO_LARGE',
    'MAILBOX_FULL',
    'THREAD_TERMINATED',
    'PEER_LOST',
    'PROTOCOL_ERROR',
    'WRONG_THREAD',
    'SERVICE_CLOSED',
    'BIND_FAILED',
    'THREAD_START_FAILED',
    'REGISTRATION_REJECTED',
  ];
  deepEqual(
    order.map((code) => ERROR_CODES[code].wire),
    order.map((_, index) => index + 1),
  );
});

test('an error carries its details, and its effect is that of its code unless told', () => {
  const cause = new Error('why');
  const error = new RpcError('FRAME_TOO_LARGE', 'too big', {
    endpoint: 'counter',
    method: 'add',
    address: 'ringlane://s/user/rpc/counter',
    limit: 10,
    actual: 11,
    cause,
  });
  equal(error.message, 'FRAME_TOO_LARGE: too big');
  equal(error.name, 'RpcError');
  equal(error.effect, 'none');
  equal(error.limit, 10);
  equal(error.actual, 11);
  equal(error.cause, cause);
  equal(new RpcError('TIMEOUT', 'late').effect, 'unknown');
  equal(new RpcError('TIMEOUT', 'never sent', { effect: 'none' }).effect, 'none');
  equal('cause' in new RpcError('TIMEOUT', 'late'), false);
});

test('the brand is known to every copy of the package and not printed', async () => {
  const url = new URL('../../../core/errors/rpc-error.js', import.meta.url);
  const copy = (await import(`${url}?copy`)) as { RpcError: typeof RpcError };
  const foreign = new copy.RpcError('TIMEOUT', 'late');
  equal(foreign instanceof RpcError, false);
  equal(isRpcError(foreign), true);
  equal(toRpcError(foreign, 'HANDLER_FAILED', 'add'), foreign);
  deepEqual(
    Object.keys(foreign).filter((key) => key.includes('brand')),
    [],
  );
});

test('what only looks like an RpcError is none', () => {
  const look = Object.assign(new Error('x'), { name: 'RpcError', code: 'TIMEOUT' });
  for (const value of [look, null, undefined, 'TIMEOUT', 1, {}, () => {}]) {
    equal(isRpcError(value), false);
  }
});

const HOSTILE: readonly unknown[] = [
  Object.create(null),
  {
    toString() {
      throw new Error('no');
    },
  },
  Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('no');
    },
  }),
  { [Symbol.toPrimitive]: () => ({}) },
  new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  ),
];

test('anything can be thrown and is described in one line', () => {
  equal(describeThrown(new TypeError('bad')), 'TypeError: bad');
  equal(describeThrown('text'), 'text');
  equal(describeThrown(undefined), 'undefined');
  equal(describeThrown(null), 'null');
  equal(describeThrown(Symbol('s')), 'Symbol(s)');
  for (const value of HOSTILE) equal(describeThrown(value), 'a value that cannot be printed');
});

test('anything thrown is adopted as the cause of a new error', () => {
  for (const thrown of [...HOSTILE, 'text', 0, Object.freeze(new Error('frozen'))]) {
    const error = toRpcError(thrown, 'HANDLER_FAILED', 'add failed');
    equal(error.code, 'HANDLER_FAILED');
    ok(error.message.startsWith('HANDLER_FAILED: add failed: '));
    equal(error.cause, thrown);
  }
  equal('cause' in toRpcError(undefined, 'HANDLER_FAILED', 'add failed'), false);
});

test('a revoked proxy that is thrown is adopted too', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  equal(isRpcError(proxy), false);
  equal(toRpcError(proxy, 'HANDLER_FAILED', 'add failed').code, 'HANDLER_FAILED');
});

test('a proxy that says yes to everything is not believed', () => {
  const liar = new Proxy(
    {},
    {
      has: () => true,
      get: () => true,
      getOwnPropertyDescriptor: () => ({ value: true, configurable: true }),
    },
  );
  for (const value of [liar, Object.create(liar), Object.create(new RpcError('TIMEOUT', 'x'))]) {
    equal(isRpcError(value), false);
  }
});
