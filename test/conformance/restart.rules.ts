import { equal, ok } from 'node:assert/strict';
import { isRpcError } from '../../index.js';
import { failure } from '../support/failure.js';
import { Mortal, MortalGateway } from '../support/mortal-endpoints.js';
import { until } from '../support/until.js';
import { PATHS } from './harness/paths.js';
import { only, type Rules, type Scene } from './harness/scene.js';

const DEADLY_PATHS = PATHS.filter(
  ({ from, to, over }) => to !== 'home' && (over !== 'service' || from !== to),
);

/** A gateway to whoever lives at the address by now. */
async function reconnect(scene: Scene, address: string): Promise<MortalGateway> {
  let gateway: MortalGateway | undefined;
  await until(async () => {
    try {
      gateway = await scene.service.connect(address, MortalGateway);
      await gateway.add(0);
      return true;
    } catch (error) {
      if (isRpcError(error)) return false;
      throw error;
    }
  }, 'the next life');
  return gateway!;
}

/** With the supervision strategy `restart`, of at most 3 in 30 s. */
export const rules: Rules = {
  '23 restarted, it is a new incarnation: same address, no state, old gateways refused': only(
    DEADLY_PATHS,
    async (scene) => {
      const { subject, gateway } = await scene.open(MortalGateway, Mortal, 100);
      const waiting = failure('THREAD_TERMINATED', gateway.never());
      equal(await gateway.add(1), 101);
      gateway.die('exit');
      equal((await waiting).effect, 'unknown');
      const next = await reconnect(scene, subject.address);
      equal(await next.add(1), 101, 'made again from its arguments, without its state');
      const outcome = await gateway.add(1).catch((error: unknown) => error);
      ok(isRpcError(outcome) && outcome.effect === 'none', String(outcome));
      equal(await next.add(1), 102);
    },
  ),

  '28 restarts are at most 3 in 30 s, then its endpoints stop': only(
    DEADLY_PATHS.slice(0, 1),
    async (scene) => {
      const { subject } = await scene.open(MortalGateway, Mortal, 0);
      for (let life = 0; life < 4; life++) {
        const gateway = await reconnect(scene, subject.address);
        const waiting = failure('THREAD_TERMINATED', gateway.never());
        await gateway.add(1);
        gateway.die('exit');
        await waiting;
      }
      await failure('THREAD_TERMINATED', subject.terminationFuture);
      const connecting = scene.service.connect(subject.address, MortalGateway);
      await failure('CONNECTION_FAILED', connecting);
      equal((await scene.counted()).restarts, 3);
    },
  ),
};
