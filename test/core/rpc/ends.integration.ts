import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { RpcService, type RpcServer } from '../../../index.js';
import { Staged, type Stages } from '../../support/rpc-lifecycle-fixtures.js';
import { failure } from '../../support/failure.js';

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
