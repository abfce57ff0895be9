import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { callOptions, RpcService, type RpcServer } from '../../../index.js';
import { Mortal, MortalGateway } from '../../support/mortal-endpoints.js';
import { Staged, StagedGateway, type Stages } from '../../support/rpc-lifecycle-fixtures.js';
import { failure } from '../../support/failure.js';
import { closedAfterEach } from '../../support/services.js';
import { until } from '../../support/until.js';

const start = closedAfterEach();

test('a service that closes waits for the ends that are still under way to home', async () => {
  const service = await RpcService.start({ systemName: 'late', threads: 1 });
  const servers: RpcServer[] = [];
  for (let i = 0; i < 2000; i++) {
    const args: [Stages] = [i === 1999 ? { stop: 'fail' } : {}];
    servers.push(await service.startServer(Staged, { thread: 0, args }));
  }
  await Promise.all(servers.map((server) => server.start()));
  const ends = servers.map((server) => server.close());
  const settled = Promise.allSettled(ends);
  // One notice tells of 256 ends: the others wait at the worker thread.
  await ends[0];
  match((await failure('ENDPOINT_STOP_FAILED', service.close())).message, /1 endpoints/);
  const results = await settled;
  const failed = results.flatMap((end, i) => (end.status === 'rejected' ? [i] : []));
  deepEqual(failed, [1999], 'each has heard of its own end');
  const last = results[1999] as PromiseRejectedResult;
  equal((last.reason as { readonly code: string }).code, 'ENDPOINT_STOP_FAILED');
});

test('a service closes well while all pending asks of home are in use', async () => {
  const service = await RpcService.start({ systemName: 'full', threads: 2, maxPendingAsks: 4 });
  const servers: RpcServer[] = [];
  for (const thread of [0, 1, 'home'] as const) {
    const server = await service.startServer(Staged, { thread, args: [{ stop: 'fail' }] });
    await server.start();
    servers.push(server);
  }
  const gateway = servers[0]!.getSelfGateway(StagedGateway);
  const held = Array.from({ length: 4 }, () => failure('RECIPIENT_UNREACHABLE', gateway.never()));
  await failure('MAILBOX_FULL', gateway.ping());
  const error = await failure('ENDPOINT_STOP_FAILED', service.close());
  match(error.message, /3 endpoints/, 'every onStop ran');
  await Promise.all(held);
});

test('a restart waits for room when all pending asks of home are in use', async () => {
  const service = await start({
    systemName: 'again',
    threads: 2,
    maxPendingAsks: 4,
    supervision: { strategy: 'restart' },
  });
  const [doomed, other] = await Promise.all(
    [0, 1].map((thread) => service.startServer(Mortal, { thread, args: [100] })),
  );
  await Promise.all([doomed!.start(), other!.start()]);
  const { never } = other!.getSelfGateway(MortalGateway);
  const options = callOptions({ timeoutMs: 500 });
  const held = Array.from({ length: 4 }, () => failure('TIMEOUT', never(options)));
  doomed!.getSelfGateway(MortalGateway).die('exit');
  await Promise.all(held);
  const runs = (): Promise<boolean> =>
    doomed!
      .getSelfGateway(MortalGateway)
      .add(0)
      .then(
        (count) => count === 100,
        () => false,
      );
  await until(runs, 'it was made again, and started');
});
