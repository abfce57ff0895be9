import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { FencingToken } from '../../index.js';
import { failure } from '../support/failure.js';
import {
  Election,
  ElectionGateway,
  Leader,
  LeaderGateway,
} from '../support/rpc-leader-fixtures.js';
import { Witness, WitnessGateway } from './fixtures/witness.js';
import type { Rules, Scene } from './harness/scene.js';

/** A leader of one session, and gateways to it by token; none: an unfenced one. */
async function lead(scene: Scene, token: FencingToken | null) {
  const subject = await scene.serve(Leader, [token]);
  const connect = (fencingToken?: FencingToken) =>
    scene.service.connect(
      subject.address,
      LeaderGateway,
      fencingToken === undefined ? {} : { fencingToken },
    );
  return { subject, connect };
}

export const rules: Rules = {
  async '25 a call with the token of the session runs, UUID and epoch alike'(scene) {
    for (const token of [randomUUID(), randomUUID().toUpperCase(), 1n, 2n ** 64n - 1n]) {
      const { connect } = await lead(scene, token);
      const gateway = await connect(token);
      equal(await gateway.run(), 0);
      gateway.poke();
      equal(await gateway.run(), 2);
    }
  },

  async '25 another token: FENCING_TOKEN_MISMATCH naming both, and the method did not run'(scene) {
    const { gateway: witness } = await scene.open(WitnessGateway, Witness);
    const [own, other] = [randomUUID(), randomUUID()];
    const { subject, connect } = await lead(scene, own);
    const before = await scene.counted();
    const wrong = await connect(other);
    const error = await failure('FENCING_TOKEN_MISMATCH', wrong.run());
    ok(error.message.includes(own) && error.message.includes(other), error.message);
    ok(error.message.includes(subject.endpointId), error.message);
    equal(error.effect, 'none');
    wrong.poke();
    await failure('FENCING_TOKEN_MISMATCH', (await connect(7n)).run());
    equal(await (await connect(own)).run(), 0, 'none of them ran');
    const after = await scene.counted();
    equal(after.fencingRefusals - before.fencingRefusals, 3);
    const letters = await witness.deadLetters();
    const told = letters.filter(({ path }) => path?.endsWith(subject.endpointId));
    deepEqual(
      told.map(({ method }) => method),
      ['poke'],
      'the tell that was refused is not lost unseen',
    );
  },

  async '25 an unfenced call to a fenced endpoint: FENCING_TOKEN_MISSING'(scene) {
    const token = randomUUID();
    const { connect } = await lead(scene, token);
    const unfenced = await connect();
    equal((await failure('FENCING_TOKEN_MISSING', unfenced.run())).effect, 'none');
    unfenced.poke();
    equal(await (await connect(token)).run(), 0);
    await failure('INVALID_ARGUMENT', connect('no token at all'));
    await failure('INVALID_ARGUMENT', connect(0n));
    await failure('INVALID_ARGUMENT', connect(2n ** 64n));
  },

  async '25 the token is compared when the call is processed, not when it was made'(scene) {
    const [first, second] = [randomUUID(), randomUUID()];
    const { connect } = await lead(scene, first);
    const [old, next] = [await connect(first), await connect(second)];
    // All are on their way together; the session changes between them.
    const outcomes = [
      old.run(),
      old.change(second),
      failure('FENCING_TOKEN_MISMATCH', old.run()),
      next.run(),
    ];
    const [before, , , after] = await Promise.all(outcomes);
    deepEqual([before, after], [0, 1]);
  },

  async '25 every epoch below the highest that was seen is refused'(scene) {
    const { connect } = await lead(scene, 5n);
    const gateway = await connect(5n);
    equal(await gateway.run(), 0);
    await failure('FENCING_TOKEN_MISMATCH', (await connect(4n)).run());
    equal(await gateway.run(), 1, 'an older leader changes nothing');
    await failure('FENCING_TOKEN_MISMATCH', (await connect(6n)).run());
    const error = await failure('FENCING_TOKEN_MISMATCH', gateway.run());
    ok(error.message.includes('6'), 'there is a newer leader, so this session is over');
  },

  async '25 the self gateway carries the right token'(scene) {
    for (const token of [randomUUID(), 9n]) {
      const { connect } = await lead(scene, token);
      const gateway = await connect(token);
      equal(await gateway.selfRun(), 0);
      equal(await gateway.run(), 1);
    }
  },

  async '26 without a token it is not the leader: all fenced calls fail'(scene) {
    const { subject, connect } = await lead(scene, null);
    const { gateway: election } = await scene.open(ElectionGateway, Election);
    const token = randomUUID();
    const gateway = await connect(token);
    await failure('FENCING_TOKEN_MISMATCH', gateway.run());
    await failure('FENCING_TOKEN_MISSING', (await connect()).run());
    equal(await election.grant(subject.endpointId, token), token);
    equal(await gateway.run(), 0, 'granted');
    equal(await election.grant(subject.endpointId, null), null);
    await failure('FENCING_TOKEN_MISMATCH', gateway.run());
    const next = 3n;
    await election.grant(subject.endpointId, next);
    await failure('FENCING_TOKEN_MISMATCH', gateway.run());
    equal(await (await connect(next)).run(), 1, 'another session, the same endpoint');
  },

  async '26 the token changes in the main thread only'(scene) {
    const { subject } = await lead(scene, randomUUID());
    const { gateway: election } = await scene.open(ElectionGateway, Election);
    const error = await failure('HANDLER_FAILED', election.meddle(subject.endpointId, 1n));
    equal((error.cause as { code?: string }).code, 'WRONG_THREAD');
  },

  async '26 what was queued under an old token is dropped or fails; unfenced work runs'(scene) {
    const [first, second] = [randomUUID(), randomUUID()];
    for (const [from, to, isLeader] of [
      [first, second, true],
      [first, null, false],
      [4n, 5n, true],
    ] as const) {
      const { connect } = await lead(scene, from);
      const lines = await (await connect(from)).sendAndChange(to);
      deepEqual(lines.toSorted(), [
        'callAsync FENCING_TOKEN_MISMATCH',
        ...(isLeader ? ['runAsync after'] : []),
        'runAsyncWithoutFencing',
        'self ask FENCING_TOKEN_MISMATCH',
        isLeader ? 'self ask after' : 'self ask after FENCING_TOKEN_MISMATCH',
        'unfenced schedule',
      ]);
    }
  },
};
