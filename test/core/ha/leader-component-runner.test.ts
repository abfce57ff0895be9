import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deferred, deferred } from '../../../core/base/deferred.js';
import { EmbeddedLeaderService } from '../../../core/ha/embedded-leader-service.js';
import {
  type LeaderComponent,
  LeaderComponentRunner,
} from '../../../core/ha/leader-component-runner.js';
import { settle } from '../../support/manual-executor.js';

class Component implements LeaderComponent {
  readonly address: string;
  readonly started: Deferred<void> = deferred();
  readonly closed: Deferred<void> = deferred();
  readonly #log: string[];
  readonly #name: string;

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
    this.address = `address-${name}`;
  }

  get terminationFuture(): Promise<void> {
    return this.closed.promise;
  }

  start(): Promise<void> {
    this.#log.push(`start ${this.#name}`);
    return this.started.promise;
  }

  close(): Promise<void> {
    this.#log.push(`close ${this.#name}`);
    return this.closed.promise;
  }
}

function fixture() {
  const service = new EmbeddedLeaderService();
  const log: string[] = [];
  const components: Component[] = [];
  const sessions: string[] = [];
  const fatal: unknown[] = [];
  service.createLeaderRetrieval('component').start((leader) => {
    log.push(leader ? `leader ${leader.address}` : 'no leader');
  });
  const runner = new LeaderComponentRunner({
    election: service.createLeaderElection('component'),
    onFatalError: (error) => fatal.push(error),
    create: async (sessionId) => {
      sessions.push(sessionId);
      const component = new Component(String(components.length), log);
      components.push(component);
      return component;
    },
  });
  return { service, log, components, sessions, fatal, runner };
}

test('grant: build, start, and only then confirm; revoke: stop it', async () => {
  const { service, log, components, sessions, fatal, runner } = fixture();
  runner.start();
  await settle(3);
  assert.deepEqual(log, ['start 0'], 'not published before it has started');
  components[0]?.started.resolve();
  await settle(3);
  assert.deepEqual(log, ['start 0', 'leader address-0']);
  service.revokeLeadership('component');
  await settle(3);
  assert.deepEqual(log.slice(2).sort(), ['close 0', 'no leader']);
  components[0]?.closed.resolve();
  service.grantLeadership('component');
  await settle(3);
  components[1]?.started.resolve();
  await settle(3);
  assert.equal(log.at(-1), 'leader address-1');
  assert.notEqual(sessions[0], sessions[1], 'a fresh component for each session');
  assert.deepEqual(fatal, []);
});

test('the component of the session before has ended before the next one is built', async () => {
  const { service, log, components, runner } = fixture();
  runner.start();
  await settle(3);
  components[0]?.started.resolve();
  await settle(3);
  service.revokeLeadership('component');
  service.grantLeadership('component');
  await settle(3);
  assert.equal(components.length, 1, 'the first is still closing');
  components[0]?.closed.resolve();
  await settle(3);
  assert.equal(components.length, 2);
  assert.equal(log.at(-1), 'start 1');
});

test('a session that follows without a revoke ends the component before, too', async () => {
  const { log, components, runner } = fixture();
  runner.start();
  await settle(3);
  components[0]?.started.resolve();
  await settle(3);
  runner.grantLeadership('another session');
  await settle(3);
  assert.deepEqual([components.length, log.at(-1)], [1, 'close 0']);
  components[0]?.closed.resolve();
  await settle(3);
  assert.equal(components.length, 2);
});

test('revoked while it starts, it is stopped and never published', async () => {
  const { service, log, components, runner } = fixture();
  runner.start();
  await settle(3);
  service.revokeLeadership('component');
  components[0]?.started.resolve();
  await settle(3);
  components[0]?.closed.resolve();
  await settle(3);
  assert.deepEqual(log, ['start 0', 'close 0']);
});

test('a component that ends by itself or does not start is a fatal error', async () => {
  const ends = fixture();
  ends.runner.start();
  await settle(3);
  ends.components[0]?.started.resolve();
  await settle(3);
  ends.components[0]?.closed.reject(new Error('crashed'));
  await settle(3);
  assert.match(String(ends.fatal[0]), /crashed/);
  const fails = fixture();
  fails.runner.start();
  await settle(3);
  fails.components[0]?.started.reject(new Error('cannot start'));
  await settle(3);
  assert.match(String(fails.fatal[0]), /cannot start/);
});

test('close ends the component, and closing twice is one closing', async () => {
  const { log, components, fatal, runner } = fixture();
  runner.start();
  await settle(3);
  components[0]?.started.resolve();
  await settle(3);
  const closing = Promise.all([runner.close(), runner.close()]);
  components[0]?.closed.resolve();
  await closing;
  assert.equal(log.filter((line) => line === 'close 0').length, 1);
  assert.deepEqual(fatal, []);
});

test('a component whose start never ends is stopped when it is revoked, or closed', async () => {
  const { service, log, components, fatal, runner } = fixture();
  runner.start();
  await settle(3);
  service.revokeLeadership('component');
  await settle(3);
  assert.deepEqual(log, ['start 0', 'close 0']);
  components[0]?.closed.resolve();
  service.grantLeadership('component');
  await settle(3);
  assert.equal(log.at(-1), 'start 1');
  const closing = runner.close();
  await settle(3);
  assert.equal(log.at(-1), 'close 1');
  components[1]?.closed.resolve();
  await closing;
  assert.deepEqual(fatal, []);
});

test('what cannot be built or started after its session is no fatal error', async () => {
  const service = new EmbeddedLeaderService();
  const fatal: unknown[] = [];
  const built = deferred<LeaderComponent>();
  const runner = new LeaderComponentRunner({
    election: service.createLeaderElection('component'),
    onFatalError: (error) => fatal.push(error),
    create: () => built.promise,
  });
  runner.start();
  await settle(3);
  service.revokeLeadership('component');
  built.reject(new Error('cannot build'));
  await settle(3);
  const starting = fixture();
  starting.runner.start();
  await settle(3);
  starting.service.revokeLeadership('component');
  starting.components[0]?.started.reject(new Error('cannot start'));
  await settle(3);
  assert.deepEqual([fatal, starting.fatal], [[], []]);
  assert.equal(starting.log.at(-1), 'close 0');
});
