import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { systemClock } from '../../../core/base/clock.js';
import { isPowerOfTwo } from '../../../core/base/sequence.js';
import { LIMITS } from '../../../core/config/limits.js';
import { effectiveOptions, type RpcServiceOptions } from '../../../core/config/options.js';
import { RpcError } from '../../../core/errors/rpc-error.js';

/** One row for every numeric option: its default, its range, and what lies just outside. */
interface Row {
  readonly name: keyof RpcServiceOptions;
  readonly standard: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

const DURATION_MAX_MS = 2 ** 31 - 1;

const ROWS: readonly Row[] = [
  {
    name: 'threads',
    standard: Math.max(1, availableParallelism() - 1),
    min: 0,
    max: 255,
    isWhole: true,
  },
  { name: 'askTimeoutMs', standard: 10_000, min: 0, max: DURATION_MAX_MS, isWhole: false },
  {
    name: 'maximumFramesize',
    standard: 10_485_760,
    min: 4096,
    max: 268_435_456,
    isWhole: true,
  },
  {
    name: 'mailboxCapacityBytes',
    standard: 1_048_576,
    min: 262_144,
    max: 1_073_741_824,
    isWhole: true,
  },
  { name: 'backlogLimit', standard: 65_536, min: 0, max: 16_777_216, isWhole: true },
  { name: 'endpointQueueLimit', standard: 65_536, min: 1, max: 16_777_216, isWhole: true },
  { name: 'maxPendingAsks', standard: 262_144, min: 1, max: 1_048_575, isWhole: true },
  { name: 'stopTimeoutMs', standard: 30_000, min: 0, max: DURATION_MAX_MS, isWhole: false },
  { name: 'connectTimeoutMs', standard: 5_000, min: 0, max: DURATION_MAX_MS, isWhole: false },
];

function settingOf(name: string, value?: unknown): unknown {
  const options: RpcServiceOptions = value === undefined ? {} : { [name]: value };
  return Object.entries(effectiveOptions(options).settings).find(([key]) => key === name)?.[1];
}

/** Refused with a message that names option, range and value. */
function refused(row: Row, value: unknown): void {
  throws(
    () => settingOf(row.name, value),
    (error) => {
      ok(error instanceof RpcError);
      equal(error.code, 'INVALID_ARGUMENT');
      const facts = [row.name, `${row.min}`, `${row.max}`, String(value)];
      for (const fact of facts) ok(error.message.includes(fact), `${fact} in: ${error.message}`);
      return true;
    },
    `${row.name} = ${String(value)}`,
  );
}

for (const row of ROWS) {
  test(`${row.name} is from ${row.min} to ${row.max} and ${row.standard} when absent`, () => {
    equal(settingOf(row.name), row.standard);
    equal(settingOf(row.name, row.min), row.min);
    equal(settingOf(row.name, row.max), row.max);
    const outside = [row.min - 1, row.max + 1, Number.NaN, Number.POSITIVE_INFINITY];
    for (const value of outside) refused(row, value);
    if (row.isWhole) refused(row, row.min + 0.5);
    else equal(settingOf(row.name, 0.5), 0.5);
    if (row.isWhole) refused(row, `${row.standard}`);
  });
}

test('a duration that is no number is refused', () => {
  for (const row of ROWS.filter(({ isWhole }) => !isWhole)) {
    for (const value of ['5', true, []]) refused(row, value);
  }
});

test('a refused number tells its bound and its value as numbers', () => {
  const failure = (value: number): RpcError => {
    try {
      effectiveOptions({ threads: value });
    } catch (error) {
      return error as RpcError;
    }
    throw new Error('not refused');
  };
  equal(failure(-1).limit, 0);
  equal(failure(-1).actual, -1);
  equal(failure(256).limit, 255);
  equal(failure(256).actual, 256);
});

test('a lane capacity is a power of two', () => {
  throws(() => effectiveOptions({ mailboxCapacityBytes: 3 * 2 ** 18 }), {
    code: 'INVALID_ARGUMENT',
    message: /mailboxCapacityBytes must be a power of two, not 786432/,
  });
});

test('a system name has letters, digits, dot, dash and underscore', () => {
  equal(settingOf('systemName'), 'ringlane');
  for (const name of ['a', 'A1', 'my-system_1.2', 'x'.repeat(64)]) {
    equal(settingOf('systemName', name), name);
  }
  for (const name of ['', '-a', '.a', 'a b', 'a@b', 'a/b', 'a\n', 'é', 'x'.repeat(65)]) {
    throws(() => settingOf('systemName', name), {
      code: 'INVALID_ARGUMENT',
      message: /systemName must be letters, digits, .* at most 64, not /,
    });
  }
});

test('everything else has its default and passes through', () => {
  const { settings, listen, workerResourceLimits, logger, clock } = effectiveOptions({});
  equal(settings.captureAskCallStack, 'sampled');
  equal(settings.isolateLocalCalls, false);
  equal(listen, undefined);
  equal(workerResourceLimits, undefined);
  equal(clock, systemClock);
  logger.error({}, 'silent by default');
  const given = {
    listen: { port: 0 },
    workerResourceLimits: { stackSizeMb: 8 },
    captureAskCallStack: true,
    isolateLocalCalls: true,
  };
  const effective = effectiveOptions(given);
  equal(effective.listen, given.listen);
  equal(effective.workerResourceLimits, given.workerResourceLimits);
  equal(effective.settings.captureAskCallStack, true);
  equal(effective.settings.isolateLocalCalls, true);
});

test('a switch takes its values and nothing else', () => {
  for (const value of [true, false, 'sampled'] as const) {
    equal(effectiveOptions({ captureAskCallStack: value }).settings.captureAskCallStack, value);
  }
  for (const value of ['yes', 1, 'true', {}]) {
    throws(() => effectiveOptions({ captureAskCallStack: value as never }), {
      code: 'INVALID_ARGUMENT',
      message: /captureAskCallStack must be true, false or 'sampled', not /,
    });
    throws(() => effectiveOptions({ isolateLocalCalls: value as never }), {
      code: 'INVALID_ARGUMENT',
      message: /isolateLocalCalls must be true or false, not /,
    });
  }
});

test('what is of the wrong kind is refused by its name, not when it is used', () => {
  const wrong: readonly (readonly [given: unknown, message: RegExp])[] = [
    ['text', /options must be an object, not text/],
    [{ systemName: 5 }, /systemName must be letters/],
    [{ systemName: Symbol('s') }, /systemName must be letters/],
    [{ threads: Object.create(null) }, /threads must be a whole number/],
    [{ askTimeoutMs: Object.create(null) }, /askTimeoutMs must be milliseconds/],
    [{ listen: true }, /listen must be an object, not true/],
    [{ listen: { tls: true } }, /listen.tls must be an object, not true/],
    [{ tls: 'cert' }, /tls must be an object, not cert/],
    [{ supervision: 'restart' }, /supervision must be an object, not restart/],
    [{ supervision: { strategy: Symbol('s') } }, /supervision.strategy must be stop, restart or/],
    [{ workerResourceLimits: 64 }, /workerResourceLimits must be an object, not 64/],
    [{ workerResourceLimits: { stackSizeMb: '8' } }, /stackSizeMb must be a number above 0, not 8/],
    [{ logger: () => {} }, /logger must be an object with the methods debug, info, warn, error/],
    [{ logger: { error() {} } }, /logger must be an object with the methods/],
    [{ clock: Date }, /clock must be an object with the methods nowMs, schedule/],
  ];
  for (const [given, message] of wrong) {
    throws(() => effectiveOptions(given as never), { code: 'INVALID_ARGUMENT', message });
  }
  for (const absent of [null, { listen: null, supervision: null, logger: null, clock: null }]) {
    deepEqual(effectiveOptions(absent as never), effectiveOptions({}));
  }
});

test('the settings are plain data that travels to every thread', () => {
  const { settings } = effectiveOptions({});
  deepEqual(structuredClone(settings), settings);
});

test('the limits fit the bits and the memory they are made for', () => {
  equal(LIMITS.threads, 2 ** 8);
  equal(LIMITS.endpointsPerThread, 2 ** 24);
  equal(LIMITS.pendingAsks, 2 ** 20);
  ok(isPowerOfTwo(LIMITS.laneCapacityBytesMin) && isPowerOfTwo(LIMITS.laneCapacityBytesMax));
  // Positions have 32 bits and are compared by signed distance: a lane is less than half of that.
  ok(LIMITS.laneCapacityBytesMax <= 2 ** 30);
  // The largest record in a lane, and the padding in front of it, fit into half a lane each.
  ok(LIMITS.besideBytes + LIMITS.unpublishedBytesMax <= LIMITS.laneCapacityBytesMin / 2);
});
