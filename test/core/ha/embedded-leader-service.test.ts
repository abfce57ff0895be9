import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmbeddedLeaderService } from '../../../core/ha/embedded-leader-service.js';
import type {
  LeaderContender,
  LeaderElection,
  LeaderInformation,
} from '../../../core/ha/leader-election.js';
import { settle } from '../../support/manual-executor.js';

/** Confirms each grant at once, unless told not to. */
class Contender implements LeaderContender {
  readonly sessions: string[] = [];
  revokes = 0;
  confirms = true;
  readonly election: LeaderElection;
  readonly #address: string;

  constructor(service: EmbeddedLeaderService, address: string) {
    this.#address = address;
    this.election = service.createLeaderElection('component');
  }

  grantLeadership(sessionId: string): void {
    this.sessions.push(sessionId);
    if (this.confirms) this.election.confirmLeadership(sessionId, this.#address);
  }

  revokeLeadership(): void {
    this.revokes++;
  }
}

function listen(service: EmbeddedLeaderService): (LeaderInformation | undefined)[] {
  const heard: (LeaderInformation | undefined)[] = [];
  service.createLeaderRetrieval('component').start((leader) => heard.push(leader));
  return heard;
}

test('the first contender leads in a session of its own; listeners hear it once', async () => {
  const service = new EmbeddedLeaderService();
  const heard = listen(service);
  const [first, second] = [new Contender(service, 'a'), new Contender(service, 'b')];
  first.confirms = false;
  first.election.startLeaderElection(first);
  second.election.startLeaderElection(second);
  await settle(2);
  assert.deepEqual(heard, [], 'granted, but not confirmed');
  const sessionId = first.sessions[0]!;
  first.election.confirmLeadership(sessionId, 'a');
  first.election.confirmLeadership(sessionId, 'a');
  await settle(2);
  assert.deepEqual(heard, [{ sessionId, address: 'a' }], 'once, however often confirmed');
  assert.equal(second.sessions.length, 0);
  assert.equal(first.election.hasLeadership(sessionId), true);
});

test('a listener that comes later hears the present leader', async () => {
  const service = new EmbeddedLeaderService();
  const contender = new Contender(service, 'a');
  contender.election.startLeaderElection(contender);
  await settle(2);
  const heard = listen(service);
  await settle(2);
  assert.equal(heard[0]?.address, 'a');
});

test('revoke and grant: nobody leads, then a new session', async () => {
  const service = new EmbeddedLeaderService();
  const heard = listen(service);
  const contender = new Contender(service, 'a');
  contender.election.startLeaderElection(contender);
  await settle(2);
  service.revokeLeadership('component');
  await settle(2);
  assert.equal(contender.revokes, 1);
  service.revokeLeadership('component');
  assert.equal(contender.revokes, 1, 'revoked twice is revoked once');
  service.grantLeadership('component');
  service.grantLeadership('component');
  await settle(2);
  assert.equal(contender.sessions.length, 2);
  assert.notEqual(contender.sessions[0], contender.sessions[1]);
  assert.deepEqual(
    heard.map((leader) => leader?.sessionId),
    [contender.sessions[0], undefined, contender.sessions[1]],
  );
});

test('a session that is over cannot be confirmed', async () => {
  const service = new EmbeddedLeaderService();
  const heard = listen(service);
  const contender = new Contender(service, 'a');
  contender.confirms = false;
  contender.election.startLeaderElection(contender);
  service.revokeLeadership('component');
  contender.election.confirmLeadership(contender.sessions[0]!, 'a');
  await settle(2);
  assert.deepEqual(heard, []);
  assert.equal(contender.election.hasLeadership(contender.sessions[0]!), false);
});

test('when the leader gives up, the next contender leads', async () => {
  const service = new EmbeddedLeaderService();
  const heard = listen(service);
  const [first, second] = [new Contender(service, 'a'), new Contender(service, 'b')];
  first.election.startLeaderElection(first);
  second.election.startLeaderElection(second);
  await settle(2);
  first.election.close();
  await settle(2);
  assert.equal(first.revokes, 1);
  assert.deepEqual(
    heard.map((leader) => leader?.address),
    ['a', 'b'],
  );
  first.election.close();
  assert.equal(first.revokes, 1);
});

test('a stopped retrieval hears nothing more', async () => {
  const service = new EmbeddedLeaderService();
  const heard: unknown[] = [];
  const retrieval = service.createLeaderRetrieval('component');
  retrieval.start((leader) => heard.push(leader));
  const contender = new Contender(service, 'a');
  contender.election.startLeaderElection(contender);
  retrieval.stop();
  await settle(2);
  assert.deepEqual(heard, []);
});

test('a retrieval that is started again hears the present leader again', async () => {
  const service = new EmbeddedLeaderService();
  const contender = new Contender(service, 'a');
  contender.election.startLeaderElection(contender);
  const retrieval = service.createLeaderRetrieval('component');
  const heard: (string | undefined)[] = [];
  for (let time = 0; time < 2; time++) {
    retrieval.start((leader) => heard.push(leader?.address));
    await settle(2);
    retrieval.stop();
  }
  assert.deepEqual(heard, ['a', 'a']);
});

test('starting an election or a retrieval twice is refused', () => {
  const service = new EmbeddedLeaderService();
  const contender = new Contender(service, 'a');
  contender.election.startLeaderElection(contender);
  const state = { code: 'INVALID_STATE' };
  assert.throws(() => contender.election.startLeaderElection(contender), state);
  const retrieval = service.createLeaderRetrieval('component');
  retrieval.start(() => {});
  assert.throws(() => retrieval.start(() => {}), state);
});
