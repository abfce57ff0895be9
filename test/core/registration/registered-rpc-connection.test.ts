import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deferred, deferred } from '../../../core/base/deferred.js';
import { silentLogger } from '../../../core/base/logger.js';
import { RegisteredRpcConnection } from '../../../core/registration/registered-rpc-connection.js';
import { retryingRegistrationConfiguration } from '../../../core/registration/registration-configuration.js';
import type { RegistrationResponse } from '../../../core/registration/registration-response.js';
import type { MainThreadExecutor } from '../../../core/rpc/main-thread.js';
import { ManualClock } from '../../support/manual-clock.js';
import { settle } from '../../support/manual-executor.js';

type Response = RegistrationResponse<string, string>;

class Fixture {
  readonly clock = new ManualClock();
  readonly calls: string[] = [];
  readonly answers: Deferred<Response>[] = [];
  /** Tasks that wait for the main thread, which a test turns by hand. */
  readonly mainThread: (() => void)[] = [];
  connects = 0;
  onSuccess: (call: string) => unknown = (call) => this.calls.push(call);
  readonly connection: RegisteredRpcConnection<string, string, string>;

  constructor() {
    const executor: MainThreadExecutor = {
      execute: (task) => void this.mainThread.push(task),
      schedule: (task, delayMs) => this.clock.schedule(task, delayMs),
    };
    const configuration = retryingRegistrationConfiguration();
    this.connection = new RegisteredRpcConnection<string, string, string>(
      {
        name: 'leader',
        address: 'address',
        connect: async () => `gateway-${++this.connects}`,
        register: () => {
          const answer = deferred<Response>();
          this.answers.push(answer);
          return answer.promise;
        },
      },
      { executor, configuration, logger: silentLogger },
      {
        onRegistrationSuccess: (gateway, success) => this.onSuccess(`yes ${gateway} ${success}`),
        onRegistrationRejection: (rejection) => this.calls.push(`no ${rejection}`),
        onRegistrationFailure: (error) => this.calls.push(`failed ${String(error)}`),
      },
    );
  }

  async turn(): Promise<void> {
    await settle(3);
    for (const task of this.mainThread.splice(0)) task();
  }

  async answer(index: number, response: Response): Promise<void> {
    await settle(3);
    this.answers[index]!.resolve(response);
    await settle(3);
  }
}

const yes = (success: string): Response => ({ kind: 'success', success });

test('success reaches the owner in its main thread, and not before', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await fixture.answer(0, yes('a'));
  assert.deepEqual(fixture.calls, []);
  assert.equal(fixture.connection.isConnected, false);
  await fixture.turn();
  assert.deepEqual(fixture.calls, ['yes gateway-1 a']);
  assert.equal(fixture.connection.targetGateway, 'gateway-1');
  assert.equal(fixture.connection.isRegistrationPending, false);
});

test('30: the endpoint hears of a callback that rejects later', async () => {
  const fixture = new Fixture();
  fixture.onSuccess = async () => {
    throw new Error('on purpose');
  };
  fixture.connection.start();
  await fixture.answer(0, yes('a'));
  await settle(3);
  const [task] = fixture.mainThread;
  await assert.rejects(task!() as unknown as Promise<void>, /on purpose/);
});

test('a rejection reaches the owner and leaves no gateway', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await fixture.answer(0, { kind: 'rejection', rejection: 'unknown' });
  await fixture.turn();
  assert.deepEqual(fixture.calls, ['no unknown']);
  assert.equal(fixture.connection.isConnected, false);
});

test('closing drops an answer that already waits for the main thread', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await fixture.answer(0, yes('a'));
  fixture.connection.close();
  await fixture.turn();
  assert.deepEqual(fixture.calls, []);
  assert.equal(fixture.connection.isClosed, true);
});

test('closing while it registers cancels, and closing twice is one closing', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await settle(3);
  assert.equal(fixture.connection.isRegistrationPending, true);
  fixture.connection.close();
  fixture.connection.close();
  assert.equal(fixture.connection.isRegistrationPending, false);
  await fixture.answer(0, yes('late'));
  await fixture.turn();
  assert.deepEqual(fixture.calls, []);
});

test('reconnecting registers from scratch and forgets the gateway meanwhile', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await fixture.answer(0, yes('a'));
  await fixture.turn();
  assert.equal(fixture.connection.tryReconnect(), true);
  assert.equal(fixture.connection.isConnected, false);
  await fixture.answer(1, yes('b'));
  await fixture.turn();
  assert.deepEqual(fixture.calls, ['yes gateway-1 a', 'yes gateway-2 b']);
});

test('reconnecting while an answer is on its way drops that answer', async () => {
  const fixture = new Fixture();
  fixture.connection.start();
  await fixture.answer(0, yes('old'));
  fixture.connection.tryReconnect();
  await fixture.answer(1, yes('new'));
  await fixture.turn();
  assert.deepEqual(fixture.calls, ['yes gateway-2 new']);
});

test('starting twice, starting closed and reconnecting unstarted are refused', () => {
  const state = { code: 'INVALID_STATE' };
  const fixture = new Fixture();
  assert.throws(() => fixture.connection.tryReconnect(), state);
  fixture.connection.start();
  assert.throws(() => fixture.connection.start(), state);
  fixture.connection.close();
  assert.equal(fixture.connection.tryReconnect(), false);
  const closed = new Fixture();
  closed.connection.close();
  assert.throws(() => closed.connection.start(), state);
});
