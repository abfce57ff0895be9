import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { addressOf, blocking, callOptions, isRpcError, type RpcError } from '../../index.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { PATHS } from './harness/paths.js';
import { only, type Rules } from './harness/scene.js';

/** The home thread reads the sockets and serves itself: there a wait could never end. */
const WAITING_PATHS = PATHS.filter(({ from, to, over }) =>
  over === 'service' ? from !== to : from !== 'home',
);
const REFUSING_PATHS = PATHS.filter((path) => !WAITING_PATHS.includes(path));

function thrownBy(call: () => unknown): RpcError {
  try {
    call();
  } catch (error) {
    if (isRpcError(error)) return error;
    throw error;
  }
  throw new Error('it threw nothing');
}

/** With `blockingOnHome`, so that the home thread may wait too. */
export const rules: Rules = {
  '13 blocking(gateway) waits on the spot and answers the value': only(
    WAITING_PATHS,
    async (scene) => {
      const { subject, gateway } = await scene.open(ProbeGateway, Probe);
      const spot = blocking(gateway);
      for (let i = 0; i < 100; i++) equal(spot.add(i, 1), i + 1);
      deepEqual(spot.echo({ some: ['value'] }), { some: ['value'] });
      equal(spot.give(1 << 20).length, 1 << 20);
      equal(addressOf(spot), subject.address);
      const before = gateway.run(1);
      spot.runTold(2);
      equal(spot.run(3), 3);
      deepEqual(spot.ran(), [1, 2, 3], 'in the order of sending');
      equal(await before, 1);
    },
  ),

  '13 a blocking ask throws what another one rejects with, and has a time limit': only(
    WAITING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      const spot = blocking(gateway);
      const failed = thrownBy(() => spot.fail('error'));
      equal(failed.code, 'HANDLER_FAILED');
      equal((failed.cause as Error).message, 'bad value');
      const late = thrownBy(() => spot.hold(1, callOptions({ timeoutMs: 20 })));
      deepEqual([late.code, late.limit], ['TIMEOUT', 20]);
      const ran = spot.ran();
      ok(ran.length === 0 || late.effect === 'unknown', 'effect none is true where it is claimed');
      const endless = thrownBy(() => spot.never(callOptions({ timeoutMs: 0 })));
      deepEqual([endless.code, endless.effect], ['INVALID_ARGUMENT', 'none']);
      const given = thrownBy(() => spot.run(2, callOptions({ signal: AbortSignal.abort() })));
      deepEqual([given.code, given.effect], ['CANCELLED', 'none']);
      await gateway.release('a late answer is nobody else');
      equal(spot.add(1, 2), 3);
      deepEqual(spot.ran(), [], 'what was refused did not run');
    },
  ),

  '13 blocking where it could only wait for itself is refused, and says why': only(
    REFUSING_PATHS,
    async (scene) => {
      const { gateway } = await scene.open(ProbeGateway, Probe);
      const error = thrownBy(() => blocking(gateway));
      deepEqual([error.code, error.effect], ['INVALID_STATE', 'none']);
      match(error.message, scene.isSameThread ? /this very thread/ : /reads the sockets/);
      ok(error.message.includes(addressOf(gateway)));
      equal(await gateway.add(1, 2), 3);
    },
  ),
};
