import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { callOptions, isRpcError } from '../../index.js';
import { failure } from '../support/failure.js';
import { until } from '../support/until.js';
import { Patient, PatientGateway } from './fixtures/patient.js';
import { PATHS } from './harness/paths.js';
import { only, type Rules, type Scene } from './harness/scene.js';

async function open(scene: Scene): Promise<PatientGateway> {
  return (await scene.open(PatientGateway, Patient)).gateway;
}

/**
 * Somebody must be free to take the cancel: not the caller's own thread when that is the blocked
 * one, and not a main thread whose sockets it would have to come through.
 */
const PATHS_WITH_POLL = PATHS.filter(({ from, to, over }) =>
  over === 'service' ? from !== to : to !== 'home',
);

export const rules: Rules = {
  async '16 an AbortSignal fails the caller at once with CANCELLED'(scene) {
    const gateway = await open(scene);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal, timeoutMs: 0 });
    const waiting = failure('CANCELLED', gateway.wait(1, options));
    equal(await gateway.run(2), 2);
    const fromMs = performance.now();
    controller.abort(new Error('no longer needed'));
    const error = await waiting;
    ok(performance.now() - fromMs < 5_000);
    equal((error.cause as Error).message, 'no longer needed');
    equal(error.effect, 'unknown', 'the handler had begun');
  },

  async '16 aborted before the call: it never leaves'(scene) {
    const gateway = await open(scene);
    const signal = AbortSignal.abort();
    const error = await failure('CANCELLED', gateway.run(1, callOptions({ signal })));
    equal(error.effect, 'none');
    deepEqual(await gateway.ended(), []);
  },

  async '16 a signal that aborts while the arguments are read is heard'(scene) {
    // By reference nobody reads them.
    if (scene.isSameThread) return;
    const gateway = await open(scene);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal, timeoutMs: 5_000 });
    const nosy = {
      get id(): number {
        controller.abort();
        return 1;
      },
    };
    await failure('CANCELLED', gateway.wait(nosy as never, options));
    equal(await gateway.run(2), 2);
  },

  async "16 the handler's own signal aborts, with the reason"(scene) {
    const gateway = await open(scene);
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const waiting = controllers.map(({ signal }, id) =>
      failure('CANCELLED', gateway.wait(id, callOptions({ signal, timeoutMs: 0 }))),
    );
    equal(await gateway.run(99), 99);
    for (const controller of controllers.slice(5)) controller.abort();
    await Promise.all(waiting.slice(5));
    const seen: string[] = [];
    await until(async () => {
      seen.push(...(await gateway.ended()));
      return seen.length === 16;
    }, 'the handlers hear of it');
    const expected = controllers.slice(5).map((_, i) => `wait ${i + 5} CANCELLED true`);
    deepEqual(seen.toSorted(), ['run 99', ...expected].toSorted(), 'these, and no others');
    for (const controller of controllers) controller.abort();
    await Promise.all(waiting);
  },

  async "16 a deadline that passes aborts the handler's signal too"(scene) {
    const gateway = await open(scene);
    const seen: string[] = [];
    // On a busy machine a call may be too late to begin; then it is tried again.
    await until(async () => {
      await failure('TIMEOUT', gateway.wait(1, callOptions({ timeoutMs: 30 })));
      seen.push(...(await gateway.ended()));
      return seen.length > 0;
    }, 'a handler hears of it');
    deepEqual([...new Set(seen)], ['wait 1 TIMEOUT true']);
  },

  async '16 a signal that aborts after the answer changes nothing'(scene) {
    const gateway = await open(scene);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal });
    for (let id = 0; id < 50; id++) equal(await gateway.run(id, options), id);
    controller.abort();
    equal(await gateway.run(50), 50);
  },

  async '16 a call cancelled before its turn does not run'(scene) {
    const gateway = await open(scene);
    const controller = new AbortController();
    const { signal } = controller;
    const late = Array.from({ length: 3 }, (_, id) =>
      gateway.run(id, callOptions({ signal })).catch((error: unknown) => error),
    );
    controller.abort();
    const outcomes = await Promise.all(late);
    const ran = (await gateway.ended()).length;
    for (const outcome of outcomes) {
      ok(isRpcError(outcome) && outcome.code === 'CANCELLED', String(outcome));
      ok(outcome.effect === 'unknown' || ran === 0, 'effect none is true where it is claimed');
    }
  },

  async '16 the current call tells its deadline and its sender'(scene) {
    const gateway = await open(scene);
    const facts = await gateway.facts(callOptions({ timeoutMs: 5_000 }));
    ok(facts.deadlineMs > 0 && facts.deadlineMs <= 5_100, String(facts.deadlineMs));
    equal(facts.isCancelled, false);
    equal(facts.sender.isRemote, scene.isRemote);
    if (!scene.isRemote) equal(facts.sender.thread, scene.path.from);
    const endless = await gateway.facts(callOptions({ timeoutMs: 0 }));
    equal(endless.deadlineMs, Infinity);
  },

  '16 a handler blocked in synchronous code can poll whether it is cancelled': only(
    PATHS_WITH_POLL,
    async (scene) => {
      const gateway = await open(scene);
      let attempt = 0;
      // The abort may come before the handler has begun; then it is dropped, and tried again.
      await until(async () => {
        const controller = new AbortController();
        const options = callOptions({ signal: controller.signal, timeoutMs: 0 });
        const polling = failure('CANCELLED', gateway.pollFor(5_000, options));
        await pause(5 * attempt++);
        controller.abort();
        await polling;
        return (await gateway.ended()).includes('poll cancelled');
      }, 'the blocked handler sees it');
    },
  ),
};
