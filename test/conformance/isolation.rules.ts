import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { failure } from '../support/failure.js';
import { only, type Rules } from './harness/scene.js';
import { Mirror, MirrorGateway, SHARING_PATHS } from './values.rules.js';

/** With `isolateLocalCalls`, a call of the same thread is like every other. */
export const rules: Rules = {
  '19 isolateLocalCalls: arguments and results of the same thread are copies': only(
    SHARING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const sent = { words: ['mine'] };
      const answer = gateway.change(sent);
      sent.words.push('after the call');
      const back = await answer;
      deepEqual(back, { words: ['mine', 'changed'] });
      deepEqual(sent, { words: ['mine', 'after the call'] });
      gateway.keep(sent);
      const kept = await gateway.kept();
      deepEqual(kept, sent);
      notEqual(kept, sent);
      notEqual(await gateway.kept(), kept, 'results too');
    },
  ),

  '19 isolateLocalCalls: what cannot travel fails on the same thread too': only(
    SHARING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(MirrorGateway, Mirror);
      const refused = gateway.echo({ inner: () => 1 });
      equal((await failure('NOT_SERIALIZABLE', refused)).effect, 'none');
      const result = await failure('NOT_SERIALIZABLE', gateway.refuse('function'));
      equal(result.effect, 'unknown', 'the method did run');
    },
  ),
};
