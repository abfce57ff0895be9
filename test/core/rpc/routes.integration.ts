import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteCell } from '../../../core/rpc/route-cell.js';
import { ThreadService } from '../../../core/rpc/thread-service.js';
import type { RpcService } from '../../../index.js';
import { memoryNetwork } from '../../support/memory-network.js';
import { Visited, Visitor, VisitorGateway } from '../../support/rpc-visitor-fixtures.js';
import { until } from '../../support/until.js';

/** Ways from the threads of a service to endpoints of other processes. */
function routesOf(service: RpcService): number {
  const { cells } = ThreadService.rpcThreadOf(service).thread;
  return [...cells].filter((cell) => cell instanceof RouteCell).length;
}

test('ways to endpoints that come and go are given back with their gateways', async (t) => {
  const { start } = memoryNetwork();
  const far = await start({ systemName: 'far', threads: 0, listen: { port: 0 } });
  const near = await start({ systemName: 'near', threads: 1 });
  t.after(() => Promise.all([near.close(), far.close()]));
  const visitors = await near.startServer(Visitor, { thread: 0 });
  await visitors.start();
  const visitor = await near.connect(visitors.address, VisitorGateway);
  const stays = await far.startServer(Visited, { thread: 'home' });
  await stays.start();
  await visitor.keep(stays.address);
  for (let i = 0; i < 30; i++) {
    const comes = await far.startServer(Visited, { thread: 'home' });
    await comes.start();
    assert.equal(await visitor.visit(comes.address), 'hello');
    // The way of the one who stays is shared, and not given back with one of its gateways.
    assert.equal(await visitor.visit(stays.address), 'hello');
    await comes.close();
  }
  const areGivenBack = async (): Promise<boolean> => {
    await visitor.collect();
    return routesOf(near) === 1;
  };
  await until(areGivenBack, 'the ways that nobody can take any more');
  assert.equal(await visitor.greetKept(), 'hello');
});
