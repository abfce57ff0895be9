import { equal, match, ok } from 'node:assert/strict';
import { isRpcError } from '../../index.js';
import { failure } from '../support/failure.js';
import { type Death, Mortal, MortalGateway } from '../support/mortal-endpoints.js';
import { PATHS } from './harness/paths.js';
import { only, type Rule, type Rules, type Scene } from './harness/scene.js';

/** The endpoint lives on a worker thread, and the caller on another one. */
const DEADLY_PATHS = PATHS.filter(
  ({ from, to, over }) => to !== 'home' && (over !== 'service' || from !== to),
);
const PROCESS_PATHS = PATHS.filter(({ over }) => over === 'tcp');

/** New calls of a gateway to something dead: at once, and they surely did not run. */
async function isRefused(call: Promise<unknown>): Promise<void> {
  const outcome = await call.catch((error: unknown) => error);
  ok(isRpcError(outcome) && outcome.effect === 'none', String(outcome));
}

function dies(how: Death, why: RegExp): Rule {
  return only(DEADLY_PATHS, async (scene: Scene) => {
    const { subject, gateway } = await scene.open(MortalGateway, Mortal, 0);
    const sibling = await scene.serve(Mortal, [0]);
    const waiting = failure('THREAD_TERMINATED', gateway.never());
    equal(await gateway.add(1), 1);
    gateway.die(how);
    const error = await waiting;
    equal(error.effect, 'unknown');
    match(error.message, why);
    for (const server of [subject, sibling]) {
      match((await failure('THREAD_TERMINATED', server.terminationFuture)).message, why);
    }
    await isRefused(gateway.add(1));
    const again = await failure('THREAD_TERMINATED', scene.serve(Mortal, [0]));
    equal(again.effect, 'none', 'by default nothing is started again');
    // The home thread of that service answers, and reports it.
    ok((await scene.logged()).some((line) => why.test(line)));
  });
}

export const rules: Rules = {
  '28 process.exit in a worker fails its own endpoints, with the cause, and nobody else': dies(
    'exit',
    /exit 3/,
  ),

  '28 an uncaught exception in a worker fails its own endpoints, and nobody else': dies(
    'throw',
    /thrown by nobody/,
  ),

  '28 an unhandled rejection in a worker fails its own endpoints, and nobody else': dies(
    'reject',
    /rejected by nobody/,
  ),

  '23 a lost process: waiting asks PEER_LOST at once, new ones have effect none': only(
    PROCESS_PATHS,
    async (scene) => {
      const { subject, gateway } = await scene.open(MortalGateway, Mortal, 0);
      const waiting = failure('PEER_LOST', gateway.never());
      equal(await gateway.add(1), 1);
      scene.killFarProcess();
      equal((await waiting).effect, 'unknown');
      await isRefused(gateway.add(1));
      const again = scene.service.connect(subject.address, MortalGateway);
      equal((await failure('CONNECTION_FAILED', again)).effect, 'none');
    },
  ),
};
