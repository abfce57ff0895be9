import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { FencingToken, RpcService } from '../../index.js';
import { failure } from './failure.js';
import type { Scenario, Target } from './rpc-contracts.js';
import { ElectionGateway, LeaderGateway } from './rpc-leader-fixtures.js';

const FIRST = '0b7f1f6e-3a51-4f0a-9a9e-3d3a5b1f7c55';
const SECOND = '5c0d2c0f-8a0a-4b52-9d9e-0f7f8f3b1a11';
const NIL = '00000000-0000-0000-0000-000000000000';

/** How a scenario reaches the leader of its target and the election that rules it. */
async function court(service: RpcService, { fenced }: Target) {
  const address = fenced.replace('fenced_', 'leader_');
  const id = address.split('/').at(-1)!;
  const election = await service.connect(fenced.replace('fenced_', 'election_'), ElectionGateway);
  return {
    grant: (token: FencingToken | null) => election.grant(id, token),
    meddle: (token: FencingToken | null) => election.meddle(id, token),
    connect: (fencingToken?: FencingToken) =>
      service.connect(address, LeaderGateway, fencingToken === undefined ? {} : { fencingToken }),
  };
}

/** SEMANTICS 25 and 26, for an endpoint that outlives its leader sessions. */
export const FENCING_SCENARIOS: Record<string, Scenario> = {
  async leadersComeAndGo(service, target) {
    const { connect, grant, meddle } = await court(service, target);
    await grant(null);
    const [first, second, none] = await Promise.all([connect(FIRST), connect(SECOND), connect()]);
    const noLeader = await failure('FENCING_TOKEN_MISMATCH', first.run());
    match(noLeader.message, /not the leader/);
    equal(noLeader.effect, 'none');
    await failure('FENCING_TOKEN_MISSING', none.run());
    equal(await grant(FIRST), FIRST);
    const runs = await first.run();
    equal(await first.selfRun(), runs + 1);
    const early = await failure('FENCING_TOKEN_MISMATCH', second.run());
    ok(early.message.includes(FIRST) && early.message.includes(SECOND), early.message);
    await grant(SECOND);
    await failure('FENCING_TOKEN_MISMATCH', first.run());
    first.poke();
    equal(await second.run(), runs + 2, 'nothing of the old session ran');
    equal(await second.selfRun(), runs + 3, 'the self gateway follows');
    match((await failure('HANDLER_FAILED', meddle(FIRST))).message, /WRONG_THREAD/);
    await grant(null);
    await failure('FENCING_TOKEN_MISMATCH', second.run());
  },

  async sessionChangesWhileCallsAreQueued(service, target) {
    const { connect, grant } = await court(service, target);
    await grant(FIRST);
    const [first, second] = await Promise.all([connect(FIRST), connect(SECOND)]);
    const before = await first.run();
    const queued: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) queued.push(first.run());
    first.poke();
    const runs = first.change(SECOND);
    for (let i = 0; i < 100; i++) queued.push(failure('FENCING_TOKEN_MISMATCH', first.run()));
    first.poke();
    const late = second.run();
    await Promise.all(queued);
    equal(await runs, before + 102);
    equal(await late, before + 102, 'judged when they are processed');
  },

  async whatASessionSentToItselfEndsWithIt(service, target) {
    const { connect, grant } = await court(service, target);
    await grant(FIRST);
    const ended = [
      'callAsync FENCING_TOKEN_MISMATCH',
      'runAsyncWithoutFencing',
      'self ask FENCING_TOKEN_MISMATCH',
      'unfenced schedule',
    ];
    const first = await connect(FIRST);
    const next = [...ended, 'runAsync after', 'self ask after'];
    deepEqual((await first.sendAndChange(SECOND)).sort(), next.sort());
    const second = await connect(SECOND);
    deepEqual(
      (await second.sendAndChange(null)).sort(),
      [...ended, 'self ask after FENCING_TOKEN_MISMATCH'].sort(),
    );
    await grant(SECOND);
    const same = await second.sendAndChange(SECOND);
    ok(same.includes('runAsync') && same.includes('callAsync'), 'the same session goes on');
    ok(same.includes('schedule') && same.includes('self ask'));
  },

  async epochsOnlyGrow(service, target) {
    const { connect, grant } = await court(service, target);
    // Above those of every other path to the same endpoint.
    const base = process.hrtime.bigint();
    equal(await grant(base + 5n), base + 5n);
    const five = await connect(base + 5n);
    const runs = await five.run();
    await failure('FENCING_TOKEN_MISMATCH', (await connect(base + 4n)).run());
    equal(await five.run(), runs + 1);
    const nine = await connect(base + 9n);
    await failure('FENCING_TOKEN_MISMATCH', nine.run());
    const stale = await failure('FENCING_TOKEN_MISMATCH', five.run());
    ok(stale.message.includes(`has seen ${base + 9n}`), stale.message);
    const back = await failure('HANDLER_FAILED', grant(base + 7n));
    match(back.message, /FENCING_TOKEN_MISMATCH/);
    await failure('FENCING_TOKEN_MISMATCH', (await connect(base + 7n)).run());
    await grant(base + 9n);
    equal(await nine.run(), runs + 2);
    await grant(FIRST);
    equal(await (await connect(FIRST)).run(), runs + 3, 'a UUID has no order');
  },

  async theNilUuidIsATokenLikeAnother(service, target) {
    const { connect, grant } = await court(service, target);
    await grant(NIL);
    const nil = await connect(NIL);
    const runs = await nil.run();
    const error = await failure('FENCING_TOKEN_MISMATCH', (await connect(1n)).run());
    ok(error.message.includes(NIL), error.message);
    await grant(null);
    await failure('FENCING_TOKEN_MISMATCH', nil.run());
    await grant(NIL);
    equal(await nil.run(), runs + 1);
    await failure('INVALID_ARGUMENT', connect('00000000-0000-0000-0000-000000000001'));
  },
};
