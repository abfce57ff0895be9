import { equal, match, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { blocking, isRpcError, RpcService } from '../../index.js';
import { rules } from './blocking.rules.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';
import { conform } from './harness/conform.js';

const module = new URL('./blocking.rules.js', import.meta.url).href;

conform(module, rules, { blockingOnHome: true });

test('13 without the option the home thread does not block, whatever the path', async () => {
  await using service = await RpcService.start({ threads: 1 });
  const server = await service.startServer(Probe, { thread: 0 });
  await server.start();
  const gateway = await service.connect(server.address, ProbeGateway);
  throws(
    () => blocking(gateway),
    (error) => {
      match(String(error), /blockingOnHome/);
      return isRpcError(error) && error.code === 'INVALID_STATE';
    },
  );
  equal(await gateway.add(1, 2), 3);
});
