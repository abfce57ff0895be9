import { match } from 'node:assert/strict';
import { failure } from '../support/failure.js';
import { Meddling, MeddlingGateway, Shy, ShyGateway } from '../support/rpc-turn-fixtures.js';
import type { Rules } from './harness/scene.js';

/** With `validateAfterAwait`. */
export const rules: Rules = {
  async '11 use that began outside of its turns is found after an await too'(scene) {
    const { gateway } = await scene.open(ShyGateway, Shy);
    const { gateway: meddling } = await scene.open(MeddlingGateway, Meddling);
    await gateway.introduce();
    for (const when of ['now', 'await', 'timer', 'service'] as const) {
      const error = await failure('HANDLER_FAILED', meddling.meddle(when));
      match(error.message, /WRONG_THREAD/, when);
    }
  },

  async '11 its own flow passes, whatever it has awaited'(scene) {
    const { gateway } = await scene.open(ShyGateway, Shy);
    const { subject } = await scene.open(MeddlingGateway, Meddling);
    for (const how of ['await', 'timer', 'runAsync', 'callAsync', 'schedule'] as const) {
      await gateway.validateLater(how);
    }
    await gateway.awaitOther(subject.address);
  },
};
