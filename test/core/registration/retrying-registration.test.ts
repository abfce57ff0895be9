import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deferred, deferred } from '../../../core/base/deferred.js';
import { silentLogger } from '../../../core/base/logger.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import {
  type RetryingRegistrationConfiguration,
  retryingRegistrationConfiguration,
} from '../../../core/registration/registration-configuration.js';
import type { RegistrationResponse } from '../../../core/registration/registration-response.js';
import { RetryingRegistration } from '../../../core/registration/retrying-registration.js';
import { ManualClock } from '../../support/manual-clock.js';
import { manualExecutor, settle } from '../../support/manual-executor.js';

type Response = RegistrationResponse<string, string>;

/** One attempt as the other side sees it; unanswered ones time out on the virtual clock. */
interface Attempt {
  readonly gateway: string;
  readonly atMs: number;
  readonly timeoutMs: number;
  readonly answer: Deferred<Response>;
}

class Fixture {
  readonly clock = new ManualClock();
  readonly startMs = this.clock.nowMs();
  readonly attempts: Attempt[] = [];
  readonly connects: number[] = [];
  connect: () => Promise<string> = async () => 'gateway';
  register: ((timeoutMs: number) => Promise<Response>) | undefined;
  readonly registration: RetryingRegistration<string, string, string>;

  constructor(options: Partial<RetryingRegistrationConfiguration> = {}) {
    this.registration = new RetryingRegistration<string, string, string>(
      {
        name: 'leader',
        address: 'ringlane://test/user/rpc/leader',
        connect: () => {
          this.connects.push(this.clock.nowMs() - this.startMs);
          return this.connect();
        },
        register: (gateway, timeoutMs) => this.#attempt(gateway, timeoutMs),
      },
      {
        executor: manualExecutor(this.clock),
        configuration: retryingRegistrationConfiguration(options),
        logger: silentLogger,
      },
    );
  }

  /** Moves time in steps, so that what follows a timer happens at the timer's time. */
  async advance(durationMs: number, stepMs = 50): Promise<void> {
    await settle(3);
    for (let done = 0; done < durationMs; done += stepMs) {
      this.clock.advance(Math.min(stepMs, durationMs - done));
      await settle(3);
    }
  }

  #attempt(gateway: string, timeoutMs: number): Promise<Response> {
    if (this.register) return this.register(timeoutMs);
    const answer = deferred<Response>();
    const atMs = this.clock.nowMs() - this.startMs;
    this.attempts.push({ gateway, atMs, timeoutMs, answer });
    this.clock.schedule(() => answer.reject(new RpcError('TIMEOUT', 'no answer')), timeoutMs);
    return answer.promise;
  }
}

test('success carries the gateway and the payload', async () => {
  const fixture = new Fixture();
  fixture.register = async () => ({ kind: 'success', success: 'instance-1' });
  fixture.registration.start();
  assert.deepEqual(await fixture.registration.result, {
    kind: 'registered',
    gateway: 'gateway',
    success: 'instance-1',
  });
  assert.equal(fixture.clock.pendingTimers, 0);
});

test('time-outs double from 100 ms to the maximum, each with an attempt at once', async () => {
  const fixture = new Fixture({ maxTimeoutMs: 1_000 });
  fixture.registration.start();
  await fixture.advance(4_500);
  assert.deepEqual(
    fixture.attempts.map(({ atMs, timeoutMs }) => [atMs, timeoutMs]),
    [
      [0, 100],
      [100, 200],
      [300, 400],
      [700, 800],
      [1_500, 1_000],
      [2_500, 1_000],
      [3_500, 1_000],
      [4_500, 1_000],
    ],
  );
  assert.equal(fixture.connects.length, 1, 'a time-out is no reason to connect again');
  fixture.registration.cancel();
});

test('the default series is that of Flink: 100 ms doubling to 30 s', () => {
  assert.deepEqual(retryingRegistrationConfiguration(), {
    initialTimeoutMs: 100,
    maxTimeoutMs: 30_000,
    errorDelayMs: 10_000,
    refusedDelayMs: 30_000,
  });
});

test('times out of range are refused', () => {
  const refused = { code: 'INVALID_ARGUMENT' };
  assert.throws(() => retryingRegistrationConfiguration({ initialTimeoutMs: 0 }), refused);
  assert.throws(() => retryingRegistrationConfiguration({ errorDelayMs: -1 }), refused);
  assert.throws(() => retryingRegistrationConfiguration({ maxTimeoutMs: 99 }), refused);
  assert.equal(retryingRegistrationConfiguration({ errorDelayMs: 0 }).errorDelayMs, 0);
});

test('an address that does not answer is tried from scratch after the error delay', async () => {
  const fixture = new Fixture({ errorDelayMs: 200 });
  let isUp = false;
  fixture.connect = async () => {
    if (!isUp) throw new RpcError('CONNECTION_FAILED', 'nobody lives there');
    return 'gateway';
  };
  fixture.register = async () => ({ kind: 'success', success: 'yes' });
  fixture.registration.start();
  await fixture.advance(400);
  assert.deepEqual(fixture.connects, [0, 200, 400]);
  isUp = true;
  await fixture.advance(200);
  assert.equal((await fixture.registration.result).kind, 'registered');
});

test('a connect that throws on the spot counts as one that failed', async () => {
  const fixture = new Fixture({ errorDelayMs: 100 });
  fixture.connect = () => {
    throw new RpcError('SERVICE_CLOSED', 'closed');
  };
  fixture.registration.start();
  await fixture.advance(100);
  assert.deepEqual(fixture.connects, [0, 100]);
  fixture.registration.cancel();
});

test('an error pauses, then connects again from scratch with the first time-out', async () => {
  const fixture = new Fixture({ errorDelayMs: 500 });
  fixture.registration.start();
  await settle(3);
  await fixture.advance(100);
  assert.equal(fixture.attempts[1]?.timeoutMs, 200);
  fixture.attempts[1].answer.reject(new RpcError('PEER_LOST', 'gone'));
  await fixture.advance(450);
  assert.equal(fixture.attempts.length, 2, 'nothing during the pause');
  await fixture.advance(50);
  assert.deepEqual(fixture.connects, [0, 600]);
  assert.equal(fixture.attempts[2]?.timeoutMs, 100);
  fixture.registration.cancel();
});

test('a temporary no pauses for the refused delay, on the same gateway', async () => {
  const fixture = new Fixture({ refusedDelayMs: 1_000 });
  const answers: Response[] = [
    { kind: 'failure', reason: 'not now' },
    { kind: 'success', success: 'now' },
  ];
  const at: number[] = [];
  fixture.register = async () => {
    at.push(fixture.clock.nowMs() - fixture.startMs);
    return answers.shift()!;
  };
  fixture.registration.start();
  await fixture.advance(1_000);
  assert.deepEqual(at, [0, 1_000]);
  assert.equal(fixture.connects.length, 1);
  assert.equal((await fixture.registration.result).kind, 'registered');
});

test('an answer of an unknown kind is treated like a temporary no', async () => {
  const fixture = new Fixture({ refusedDelayMs: 300 });
  let calls = 0;
  fixture.register = async () => {
    calls++;
    return { kind: 'perhaps' } as unknown as Response;
  };
  fixture.registration.start();
  await fixture.advance(600);
  assert.equal(calls, 3);
  fixture.registration.cancel();
});

test('a rejection is final', async () => {
  const fixture = new Fixture();
  fixture.register = async () => ({ kind: 'rejection', rejection: 'unknown worker' });
  fixture.registration.start();
  const result = await fixture.registration.result;
  assert.deepEqual(result, { kind: 'rejected', rejection: 'unknown worker' });
  await fixture.advance(60_000, 10_000);
  assert.equal(fixture.connects.length, 1);
  assert.equal(fixture.clock.pendingTimers, 0);
});

test('what register throws on the spot fails the registration for good', async () => {
  const fixture = new Fixture();
  fixture.register = () => {
    throw new TypeError('a mistake');
  };
  fixture.registration.start();
  await assert.rejects(fixture.registration.result, TypeError);
  assert.equal(fixture.registration.isPending, false);
});

test('cancel stops the timer of a pause', async () => {
  const fixture = new Fixture();
  fixture.connect = async () => {
    throw new RpcError('CONNECTION_FAILED', 'nobody lives there');
  };
  fixture.registration.start();
  await settle(3);
  assert.equal(fixture.clock.pendingTimers, 1);
  fixture.registration.cancel();
  assert.equal(fixture.clock.pendingTimers, 0);
  assert.deepEqual(await fixture.registration.result, { kind: 'cancelled' });
});

test('an answer that comes after cancel is dropped', async () => {
  const fixture = new Fixture();
  fixture.registration.start();
  await settle(3);
  fixture.registration.cancel();
  fixture.attempts[0]?.answer.resolve({ kind: 'success', success: 'too late' });
  await fixture.advance(200);
  assert.deepEqual(await fixture.registration.result, { kind: 'cancelled' });
  assert.equal(fixture.attempts.length, 1, 'and nothing is tried again');
});

test('a temporary no that comes after cancel starts no pause', async () => {
  const fixture = new Fixture();
  fixture.registration.start();
  await settle(3);
  await fixture.advance(50);
  fixture.registration.cancel();
  fixture.attempts[0]?.answer.resolve({ kind: 'failure', reason: 'not now' });
  await fixture.advance(50);
  assert.equal(fixture.clock.pendingTimers, 0);
});

test('a connection that comes after cancel is dropped', async () => {
  const fixture = new Fixture();
  const connected = deferred<string>();
  fixture.connect = () => connected.promise;
  fixture.registration.start();
  fixture.registration.cancel();
  connected.resolve('gateway');
  await settle(3);
  assert.equal(fixture.attempts.length, 0);
});

test('cancelled before it starts, it never connects', async () => {
  const fixture = new Fixture();
  fixture.registration.cancel();
  fixture.registration.start();
  await settle(3);
  assert.equal(fixture.connects.length, 0);
});
