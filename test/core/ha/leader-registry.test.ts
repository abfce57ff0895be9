import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedLeaderService } from '../../../core/ha/embedded-leader-service.js';
import type { LeaderInformation } from '../../../core/ha/leader-election.js';
import { LeaderRegistry, RpcLeaderRetrieval } from '../../../core/ha/leader-registry.js';
import {
  DEFAULT_LEADER_ID,
  StandaloneHaServices,
} from '../../../core/ha/standalone-ha-services.js';
import { RpcService } from '../../../index.js';
import { settle } from '../../support/manual-executor.js';
import { until } from '../../support/until.js';

test('a registry tells each change once, the present leader first', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const leaders = new EmbeddedLeaderService();
  const registry = await service.startServer(LeaderRegistry, { args: [leaders], thread: 'home' });
  await registry.start();
  const election = leaders.createLeaderElection('component');
  const sessions: string[] = [];
  election.startLeaderElection({
    grantLeadership: (sessionId) => {
      sessions.push(sessionId);
      election.confirmLeadership(sessionId, 'a');
    },
    revokeLeadership: () => {},
  });
  const heard: (LeaderInformation | undefined)[] = [];
  const retrieval = new RpcLeaderRetrieval(service, registry.address, 'component');
  retrieval.start((leader) => heard.push(leader));
  await until(() => heard.length === 1, 'the present leader');
  leaders.revokeLeadership('component');
  await until(() => heard.length === 2, 'nobody leads');
  leaders.grantLeadership('component');
  await until(() => heard.length === 3, 'the next leader');
  assert.deepEqual(
    heard.map((leader) => leader?.sessionId),
    [sessions[0], undefined, sessions[1]],
  );
  retrieval.stop();
  leaders.revokeLeadership('component');
  await settle();
  assert.equal(heard.length, 3, 'stopped, it hears nothing more');
});

/** Counts how often it was asked. */
class CountingRegistry extends LeaderRegistry {
  static asks = 0;

  override nextLeader(...args: [componentId: string, known: number]) {
    CountingRegistry.asks++;
    return super.nextLeader(...args);
  }
}

test('a retrieval that is stopped and started again follows once, and tells anew', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const leaders = new EmbeddedLeaderService();
  const registry = await service.startServer(CountingRegistry, { args: [leaders], thread: 'home' });
  await registry.start();
  const election = leaders.createLeaderElection('component');
  election.startLeaderElection({
    grantLeadership: (sessionId) => election.confirmLeadership(sessionId, 'a'),
    revokeLeadership: () => {},
  });
  const heard: (string | undefined)[] = [];
  const retrieval = new RpcLeaderRetrieval(service, registry.address, 'component');
  const listen = (): void => retrieval.start((leader) => heard.push(leader?.address));
  listen();
  assert.throws(listen, { code: 'INVALID_STATE' });
  await until(() => CountingRegistry.asks === 2, 'the first run waits for the next leader');
  retrieval.stop();
  listen();
  await until(() => CountingRegistry.asks === 4, 'the second run waits for the next leader');
  leaders.revokeLeadership('component');
  await until(() => heard.length === 3, 'nobody leads');
  await settle();
  assert.deepEqual(heard, ['a', 'a', undefined]);
  assert.equal(CountingRegistry.asks, 5, 'only the second run asks on');
  retrieval.stop();
});

test('a registry that is not there yet is found later', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const leaders = new EmbeddedLeaderService();
  const heard: (LeaderInformation | undefined)[] = [];
  const address = service.addressOf('registry');
  const retrieval = new RpcLeaderRetrieval(service, address, 'component', 5);
  retrieval.start((leader) => heard.push(leader));
  await settle();
  const registry = await service.startServer(LeaderRegistry, {
    endpointId: 'registry',
    args: [leaders],
    thread: 'home',
  });
  await registry.start();
  const election = leaders.createLeaderElection('component');
  election.startLeaderElection({
    grantLeadership: (sessionId) => election.confirmLeadership(sessionId, 'a'),
    revokeLeadership: () => {},
  });
  await until(() => heard.length === 1, 'the leader');
  assert.equal(heard[0]?.address, 'a');
  retrieval.stop();
});

test('standalone: always leader, in the one default session, at fixed addresses', async () => {
  const services = new StandaloneHaServices({ component: 'fixed' });
  const election = services.createLeaderElection('component');
  const granted: string[] = [];
  election.startLeaderElection({
    grantLeadership: (sessionId) => granted.push(sessionId),
    revokeLeadership: () => granted.push('revoked'),
  });
  assert.deepEqual(granted, [DEFAULT_LEADER_ID]);
  assert.equal(election.hasLeadership(DEFAULT_LEADER_ID), true);
  const heard: (LeaderInformation | undefined)[] = [];
  services.createLeaderRetrieval('component').start((leader) => heard.push(leader));
  await settle(2);
  assert.deepEqual(heard, [{ sessionId: DEFAULT_LEADER_ID, address: 'fixed' }]);
  election.close();
  assert.deepEqual(granted, [DEFAULT_LEADER_ID, 'revoked']);
  const unknown = { code: 'INVALID_ARGUMENT' };
  assert.throws(() => services.createLeaderRetrieval('other'), unknown);
});
