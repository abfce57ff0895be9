import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../core/base/logger.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { HeartbeatServices } from '../../../core/heartbeat/heartbeat-services.js';
import type {
  HeartbeatListener,
  HeartbeatTarget,
} from '../../../core/heartbeat/heartbeat-target.js';
import { ManualClock } from '../../support/manual-clock.js';
import { manualExecutor, settle } from '../../support/manual-executor.js';

const OPTIONS = { intervalMs: 1_000, timeoutMs: 5_000 };

/** Writes down what a manager says; its payload counts up. */
class Listener implements HeartbeatListener<string, string> {
  readonly calls: string[] = [];
  payloads = 0;

  notifyHeartbeatTimeout(resourceId: string): void {
    this.calls.push(`timeout ${resourceId}`);
  }
  notifyTargetUnreachable(resourceId: string): void {
    this.calls.push(`unreachable ${resourceId}`);
  }
  reportPayload(resourceId: string, payload: string): void {
    this.calls.push(`payload ${resourceId} ${payload}`);
  }
  retrievePayload(resourceId: string): string {
    return `for ${resourceId} #${++this.payloads}`;
  }
}

class Target implements HeartbeatTarget<string> {
  readonly calls: string[] = [];
  failure: RpcError | undefined;

  async receiveHeartbeat(origin: string, payload: string): Promise<void> {
    this.#call(`receive ${origin} ${payload}`);
  }
  async requestHeartbeat(origin: string, payload: string): Promise<void> {
    this.#call(`request ${origin} ${payload}`);
  }
  #call(text: string): void {
    this.calls.push(text);
    if (this.failure) throw this.failure;
  }
}

function owner(clock: ManualClock, listener: Listener) {
  return {
    resourceId: 'self',
    listener,
    executor: manualExecutor(clock),
    logger: silentLogger,
  };
}

async function advance(clock: ManualClock, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) {
    clock.advance(1_000);
    await settle(3);
  }
}

test('the receiver takes the payload of a request and answers with its own', () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManager(owner(clock, listener));
  const target = new Target();
  manager.monitorTarget('peer', target);
  manager.requestHeartbeat('peer', 'hello');
  assert.deepEqual(listener.calls, ['payload peer hello']);
  assert.deepEqual(target.calls, ['receive self for peer #1']);
  assert.equal(manager.lastHeartbeatFromMs('peer'), clock.nowMs());
  manager.close();
});

test('requests of strangers are neither answered nor reported', () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManager(owner(clock, listener));
  manager.requestHeartbeat('stranger', 'hello');
  manager.receiveHeartbeat('stranger', 'hello');
  assert.deepEqual(listener.calls, []);
  assert.equal(manager.lastHeartbeatFromMs('stranger'), -1);
});

test('the sender asks every target once an interval, with a payload made then', async () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManagerSender(owner(clock, listener));
  const [a, b] = [new Target(), new Target()];
  manager.monitorTarget('a', a);
  manager.monitorTarget('b', b);
  await advance(clock, 2);
  assert.deepEqual(a.calls, ['request self for a #1', 'request self for a #3']);
  assert.deepEqual(b.calls, ['request self for b #2', 'request self for b #4']);
  manager.requestHeartbeatOf('b');
  assert.equal(b.calls.length, 3, 'a new target need not wait for the interval');
  manager.close();
  await advance(clock, 3);
  assert.equal(a.calls.length, 2);
  assert.equal(clock.pendingTimers, 0);
});

test('answers keep a target alive; silence ends it once', async () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManagerSender(owner(clock, listener));
  manager.monitorTarget('a', new Target());
  for (let i = 0; i < 10; i++) {
    await advance(clock, 1);
    manager.receiveHeartbeat('a', String(i));
  }
  assert.equal(listener.calls.filter((call) => call.startsWith('timeout')).length, 0);
  await advance(clock, 20);
  assert.deepEqual(
    listener.calls.filter((call) => !call.startsWith('payload')),
    ['timeout a'],
  );
  assert.equal(manager.stateOf('a'), undefined, 'it is not watched any more');
  manager.close();
});

test('two unreachable requests in a row end a target long before the time-out', async () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManagerSender(owner(clock, listener));
  const target = new Target();
  target.failure = new RpcError('PEER_LOST', 'gone');
  manager.monitorTarget('a', target);
  await advance(clock, 1);
  assert.deepEqual(listener.calls, []);
  await advance(clock, 1);
  assert.deepEqual(listener.calls, ['unreachable a']);
  await advance(clock, 10);
  assert.equal(target.calls.length, 2, 'it is not asked any more');
  assert.equal(listener.calls.length, 1);
  manager.close();
});

test('a slow or failing target is not an unreachable one', async () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManagerSender(owner(clock, listener));
  const target = new Target();
  manager.monitorTarget('a', target);
  for (const code of ['TIMEOUT', 'HANDLER_FAILED', 'TIMEOUT', 'HANDLER_FAILED'] as const) {
    target.failure = new RpcError(code, 'slow');
    await advance(clock, 1);
  }
  assert.deepEqual(listener.calls, []);
  manager.close();
});

test('unmonitored, a target is never reported, and may be monitored again', async () => {
  const clock = new ManualClock();
  const listener = new Listener();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const manager = services.createHeartbeatManager(owner(clock, listener));
  manager.monitorTarget('a', new Target());
  manager.unmonitorTarget('a');
  await advance(clock, 10);
  assert.deepEqual(listener.calls, []);
  manager.monitorTarget('a', new Target());
  manager.monitorTarget('a', new Target());
  await advance(clock, 10);
  assert.deepEqual(listener.calls, ['timeout a'], 'the later of two replaces the earlier');
  manager.close();
  assert.equal(clock.pendingTimers, 0);
});

test('a sender and a receiver keep each other alive, and both see the other end', async () => {
  const clock = new ManualClock();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const [sending, receiving] = [new Listener(), new Listener()];
  const sender = services.createHeartbeatManagerSender({
    ...owner(clock, sending),
    resourceId: 'sender',
  });
  const receiver = services.createHeartbeatManager({
    ...owner(clock, receiving),
    resourceId: 'receiver',
  });
  let isConnected = true;
  const through = async (call: () => void): Promise<void> => {
    if (isConnected) call();
  };
  sender.monitorTarget('receiver', {
    requestHeartbeat: (origin, p) => through(() => receiver.requestHeartbeat(origin, p)),
    receiveHeartbeat: async () => {},
  });
  receiver.monitorTarget('sender', {
    receiveHeartbeat: (origin, p) => through(() => sender.receiveHeartbeat(origin, p)),
    requestHeartbeat: async () => {},
  });
  await advance(clock, 30);
  assert.equal(sending.calls.at(-1), 'payload receiver for sender #30');
  assert.equal(receiving.calls.at(-1), 'payload sender for receiver #30');
  isConnected = false;
  await advance(clock, 10);
  assert.equal(sending.calls.at(-1), 'timeout receiver');
  assert.equal(receiving.calls.at(-1), 'timeout sender');
  sender.close();
  receiver.close();
});

test('30: a listener that throws, or rejects later, is reported and changes nothing', async () => {
  const clock = new ManualClock();
  const reported: unknown[] = [];
  const executor = {
    ...manualExecutor(clock),
    execute: (task: () => void) => {
      try {
        task();
      } catch (error) {
        reported.push((error as Error).message);
      }
    },
  };
  class Failing extends Listener {
    override retrievePayload(resourceId: string): string {
      if (resourceId === 'bad') throw new Error('no payload');
      return super.retrievePayload(resourceId);
    }
    override reportPayload(): void {
      throw new Error('no use for it');
    }
    /** As one that is async. */
    override notifyHeartbeatTimeout(): never {
      return Promise.reject(new Error('not now')) as never;
    }
  }
  const listener = new Failing();
  const services = new HeartbeatServices(OPTIONS, () => clock.nowMs());
  const sender = services.createHeartbeatManagerSender({ ...owner(clock, listener), executor });
  const [bad, good] = [new Target(), new Target()];
  sender.monitorTarget('bad', bad);
  sender.monitorTarget('good', good);
  await advance(clock, 2);
  assert.deepEqual(bad.calls, []);
  assert.deepEqual(good.calls, ['request self for good #1', 'request self for good #2']);
  assert.deepEqual(reported.splice(0), ['no payload', 'no payload']);
  sender.receiveHeartbeat('good', 'hello');
  assert.deepEqual(reported.splice(0), ['no use for it']);
  sender.close();
  const receiver = services.createHeartbeatManager({ ...owner(clock, listener), executor });
  receiver.monitorTarget('good', good);
  receiver.requestHeartbeat('good', 'hello');
  assert.equal(good.calls.at(-1), 'receive self for good #3', 'it is answered all the same');
  assert.deepEqual(reported.splice(0), ['no use for it']);
  await advance(clock, 10);
  assert.deepEqual(reported, ['not now']);
});

test('times out of range are refused; the defaults are those of Flink', () => {
  const refused = { code: 'INVALID_ARGUMENT' };
  assert.deepEqual(new HeartbeatServices().options, {
    intervalMs: 10_000,
    timeoutMs: 50_000,
    failedRpcRequestsUntilUnreachable: 2,
  });
  assert.throws(() => new HeartbeatServices({ intervalMs: 0 }), refused);
  assert.throws(() => new HeartbeatServices({ intervalMs: 50_001 }), refused);
  assert.throws(() => new HeartbeatServices({ failedRpcRequestsUntilUnreachable: 0 }), refused);
  assert.throws(() => new HeartbeatServices({ failedRpcRequestsUntilUnreachable: -2 }), refused);
  assert.equal(new HeartbeatServices({ intervalMs: 50_000 }).options.intervalMs, 50_000);
});
