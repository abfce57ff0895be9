import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import {
  type DeadLetterReport,
  type RpcError,
  RpcService,
  type RpcServer,
} from '../../../index.js';
import { failure } from '../../support/failure.js';
import { ManualClock } from '../../support/manual-clock.js';
import { until } from '../../support/until.js';
import {
  Hasty,
  HastyGateway,
  instances,
  meddle,
  Meddling,
  MeddlingGateway,
  Shy,
  ShyGateway,
} from '../../support/rpc-turn-fixtures.js';

const WAYS = ['await', 'timer', 'runAsync', 'callAsync', 'schedule'] as const;

/** An endpoint that looks who uses it, and one of the same thread that misuses it. */
async function company(service: RpcService, thread: 'home' | 0) {
  const shy = await service.startServer(Shy, { thread });
  const meddling = await service.startServer(Meddling, { thread });
  await Promise.all([shy.start(), meddling.start()]);
  const gateway = shy.getSelfGateway(ShyGateway);
  await gateway.introduce();
  return { gateway, other: meddling.getSelfGateway(MeddlingGateway), meddling };
}

test('with validateAfterAwait, what began in no turn of the endpoint is found out', async () => {
  const service = await RpcService.start({ threads: 1, validateAfterAwait: true });
  try {
    for (const thread of ['home', 0] as const) {
      const { gateway, other, meddling } = await company(service, thread);
      for (let round = 0; round < 3; round++) {
        for (const how of WAYS) await gateway.validateLater(how);
        await gateway.awaitOther(meddling.address);
        for (const when of ['now', 'await', 'timer', 'service'] as const) {
          const error = await failure('HANDLER_FAILED', other.meddle(when));
          match(error.message, /WRONG_THREAD.*(another endpoint|outside of its turns)/, when);
        }
      }
    }
    // On the home thread we have its object, too: the last one introduced there.
    let caught: unknown;
    try {
      meddle();
    } catch (error) {
      caught = error;
    }
    equal((caught as RpcError).code, 'WRONG_THREAD');
  } finally {
    await service.close();
  }
});

test('without it, only a turn of another endpoint is found out', async () => {
  const service = await RpcService.start({ systemName: 'lenient', threads: 1 });
  try {
    for (const thread of ['home', 0] as const) {
      const { gateway, other } = await company(service, thread);
      for (const how of WAYS) await gateway.validateLater(how);
      match((await failure('HANDLER_FAILED', other.meddle('now'))).message, /WRONG_THREAD/);
      for (const when of ['await', 'timer', 'service'] as const) await other.meddle(when);
    }
    meddle();
  } finally {
    await service.close();
  }
});

test('tasks run from onStart to the end of onStop, others are refused', async (context) => {
  const clock = new ManualClock();
  const service = await RpcService.start({ systemName: 'hasty', threads: 0, clock });
  context.after(() => service.close());
  const letters: DeadLetterReport[] = [];
  service.onDeadLetter((letter) => letters.push(letter));
  const lines: string[] = [];
  const taken = (): string[] => lines.splice(0);
  const all = (when: string): string[] =>
    ['runAsync', 'execute', 'callAsync'].map((what) => `${when} ${what}`);
  const server: RpcServer = await service.startServer(Hasty, { thread: 'home', args: [lines] });
  const gateway = server.getSelfGateway(HastyGateway);
  await until(() => lines.length > 0, 'the turn of what the constructor sent');
  deepEqual(taken(), ['created ENDPOINT_NOT_STARTED'], 'nothing is kept until it starts');
  await server.start();
  deepEqual(taken(), all('starting'));
  await gateway.serve();
  deepEqual(taken(), all('running'));
  deepEqual(
    letters.splice(0).map(({ reason, method }) => `${reason} ${method}`),
    ['not started runAsync', 'not started runAsync'],
  );
  const endpoint = instances.get(lines)!;
  endpoint.scheduleAll('before stop', 10);
  await server.stop();
  await endpoint.sendAll('stopped');
  endpoint.scheduleAll('stopped', 10);
  clock.advance(10);
  await server.start();
  clock.advance(10);
  await gateway.serve();
  const restarted = [...all('starting'), ...all('running')];
  deepEqual(taken(), ['stopped ENDPOINT_NOT_STARTED', ...restarted]);
  equal(letters.splice(0).length, 4, 'two tasks and the two timers that were due while stopped');
  endpoint.scheduleAll('before close', 10);
  await server.close();
  deepEqual(taken(), all('stopping'));
  await endpoint.sendAll('gone');
  endpoint.scheduleAll('gone', 0);
  clock.advance(100);
  deepEqual(taken(), ['gone RECIPIENT_UNREACHABLE']);
});
