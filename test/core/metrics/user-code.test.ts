import { deepEqual, equal } from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { test } from 'node:test';
import { type Logger, silentLogger } from '../../../core/base/logger.js';
import { Counters } from '../../../core/metrics/counters.js';
import { createMetricsMemory } from '../../../core/metrics/metrics-descriptor.js';
import { UserCode } from '../../../core/metrics/user-code.js';

function setUp(logger: Logger): { readonly userCode: UserCode; readonly failures: () => number } {
  const counters = new Counters(createMetricsMemory(1), 0);
  return {
    userCode: new UserCode(logger, counters),
    failures: () => counters.value('callbackErrors'),
  };
}

test('a logger that throws changes nothing but a counter, one that works is called', async () => {
  const lines: string[] = [];
  const { userCode, failures } = setUp({
    ...silentLogger,
    info: (facts, message) => lines.push(`${JSON.stringify(facts)} ${message}`),
    warn: () => Promise.reject(new Error('connection lost')) as unknown as void,
    error() {
      throw new Error('disk full');
    },
  });
  const { logger } = userCode;
  logger.info({ a: 1 }, 'hello');
  logger.error({}, 'lost');
  logger.warn({}, 'lost later');
  logger.debug({}, 'silent');
  await Promise.resolve();
  equal(lines.join(), '{"a":1} hello');
  equal(failures(), 2);
});

test('a logger keeps the receiver that its methods need', () => {
  class Counting {
    lines = 0;
    info(): void {
      this.lines++;
    }
    debug(): void {}
    warn(): void {}
    error(): void {}
  }
  const counting = new Counting();
  setUp(counting).userCode.logger.info({}, 'one');
  equal(counting.lines, 1);
});

test('whatever a callback throws, at once or later, is counted, logged and published', async () => {
  const logged: string[] = [];
  const published: unknown[] = [];
  const { userCode, failures } = setUp({
    ...silentLogger,
    error: (_, message) => logged.push(message),
  });
  const listener = (facts: unknown): void => void published.push((facts as { what: string }).what);
  channel('ringlane:callback-failure').subscribe(listener);
  const hostile = {
    // biome-ignore lint/suspicious/noThenProperty: a foreign thenable is the point
    get then(): never {
      throw new Error('do not look');
    },
  };
  userCode.run('good', () => 1);
  userCode.run('sync', () => {
    throw new Error('sync');
  });
  userCode.run('async', () => Promise.reject(new Error('async')));
  userCode.run('hostile', () => hostile);
  await Promise.resolve();
  channel('ringlane:callback-failure').unsubscribe(listener);
  equal(failures(), 3);
  deepEqual(published, ['sync', 'hostile', 'async']);
  deepEqual(logged, ['sync failed', 'hostile failed', 'async failed']);
});
