import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { callOptions, isRpcError, RpcService } from '../../index.js';
import { failure } from '../support/failure.js';
import { startChild } from '../support/rpc-child.js';
import { type Act, letGo, Performer, PerformerGateway } from './fixtures/performer.js';

/*
 * Line 7 is about a service as a whole: its endpoints are on every thread that it has, and its
 * callers inside and outside, so these tests hold all paths at once.
 */

/** A service with endpoints on every thread of it, and what each does when it stops. */
async function troupe(service: RpcService, onStop: Readonly<Record<string, Act | undefined>>) {
  const diary = randomUUID();
  return Promise.all(
    (['home', 0] as const).flatMap((thread) =>
      Object.entries(onStop).map(async ([name, act]) => {
        const script = act === undefined ? { diary } : { diary, onStop: act };
        const server = await service.startServer(Performer, {
          endpointId: `${name}_${thread}`,
          thread,
          args: [script],
        });
        await server.start();
        return server;
      }),
    ),
  );
}

test('7 closing terminates all endpoints and waits for every onStop', async () => {
  const service = await RpcService.start({ systemName: 'closing', threads: 1 });
  const diary = randomUUID();
  const script = { diary, onStop: 'wait' } as const;
  const slow = await service.startServer(Performer, { thread: 'home', args: [script] });
  await slow.start();
  const others = await troupe(service, { quick: undefined });
  let isClosed = false;
  const closing = service.close().then(() => (isClosed = true));
  await Promise.all(others.map((server) => server.terminationFuture));
  equal(isClosed, false, 'one onStop is still running');
  letGo(diary);
  await closing;
  await slow.terminationFuture;
});

test('7 one failure does not stop the rest; close() rejects with all of them', async () => {
  const service = await RpcService.start({ systemName: 'closing', threads: 1 });
  const servers = await troupe(service, { good: undefined, bad: 'fail', worse: 'fail' });
  const gateways = servers.map((server) => server.getSelfGateway(PerformerGateway));
  const open = gateways.map((gateway) => gateway.never().catch((error: unknown) => error));
  await Promise.all(gateways.map((gateway) => gateway.ping()));
  const error = await failure('ENDPOINT_STOP_FAILED', service.close());
  for (const name of ['bad_home', 'bad_0', 'worse_home', 'worse_0']) {
    ok(error.message.includes(name), `${name} in: ${error.message}`);
  }
  const ends = await Promise.allSettled(servers.map((server) => server.terminationFuture));
  deepEqual(
    ends.map(({ status }) => status),
    servers.map(({ endpointId }) => (endpointId.startsWith('good') ? 'fulfilled' : 'rejected')),
  );
  for (const outcome of await Promise.all(open)) {
    ok(isRpcError(outcome) && outcome.effect === 'unknown', String(outcome));
  }
});

test('7 closing twice is one closing, and then everything is refused', async () => {
  const service = await RpcService.start({ systemName: 'closing', threads: 1 });
  const [server] = await troupe(service, { only: undefined });
  const gateway = server!.getSelfGateway(PerformerGateway);
  const first = service.close();
  equal(service.close(), first);
  await first;
  await service.close();
  const refused = await gateway.ping().catch((error: unknown) => error);
  ok(isRpcError(refused) && refused.effect === 'none', String(refused));
  await failure('SERVICE_CLOSED', service.connect(server!.address, PerformerGateway));
  await failure('SERVICE_CLOSED', service.startServer(Performer, { args: [{ diary: 'x' }] }));
});

test('7 callers of another service fail at once, and the port is free', async () => {
  await using near = await RpcService.start({ systemName: 'near', threads: 0 });
  const far = await RpcService.start({ systemName: 'far', threads: 1, listen: { port: 0 } });
  const servers = await troupe(far, { quick: undefined });
  const gateways = await Promise.all(
    servers.map(({ address }) => near.connect(address, PerformerGateway)),
  );
  const endless = callOptions({ timeoutMs: 0 });
  const waiting = gateways.map((gateway) => gateway.never(endless).catch((e: unknown) => e));
  await Promise.all(gateways.map((gateway) => gateway.ping()));
  const { port } = far;
  await far.close();
  for (const outcome of await Promise.all(waiting)) {
    ok(isRpcError(outcome) && outcome.effect === 'unknown', String(outcome));
    match(outcome.code, /^(RECIPIENT_UNREACHABLE|PEER_LOST)$/);
  }
  await using again = await RpcService.start({ systemName: 'far', threads: 0, listen: { port } });
  equal(again.port, port);
});

for (const role of ['close', 'failedStart']) {
  test(`7 then threads, sockets and timers are gone: the program ends (${role})`, async () => {
    const child = await startChild(role);
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number];
    equal(code, 0);
  });
}
