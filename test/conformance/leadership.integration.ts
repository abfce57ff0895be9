import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  EmbeddedLeaderService,
  LeaderComponentRunner,
  type LeaderInformation,
  LeaderRegistry,
  RpcLeaderRetrieval,
} from '../../core/internal.js';
import { type RpcServer, RpcService } from '../../index.js';
import { failure } from '../support/failure.js';
import { Leader, LeaderGateway } from '../support/rpc-leader-fixtures.js';
import { until } from '../support/until.js';

/*
 * Line 35: an election lives on one thread; the components it starts live wherever they are placed,
 * and whoever asks who leads does so from any thread or process, by calls that lines 1 to 27 hold.
 */

const COMPONENT = 'component';

/** Leaders as a retriever tells them; undefined: nobody leads. */
type Told = LeaderInformation | undefined;

/** An election of one component that lives on `thread`, and everything that happened to it. */
async function election(thread: 'home' | number, onSession: (server: RpcServer) => void) {
  const service = await RpcService.start({ threads: 1, listen: { port: 0 } });
  const leaders = new EmbeddedLeaderService();
  const told: Told[] = [];
  leaders.createLeaderRetrieval(COMPONENT).start((leader) => told.push(leader));
  const fatal: unknown[] = [];
  const runner = new LeaderComponentRunner({
    election: leaders.createLeaderElection(COMPONENT),
    create: async (sessionId) => {
      const server = await service.startServer(Leader, { thread, args: [sessionId] });
      onSession(server);
      return server;
    },
    onFatalError: (error) => fatal.push(error),
  });
  const close = async (): Promise<void> => {
    await runner.close();
    await service.close();
    deepEqual(fatal, []);
  };
  return { service, leaders, told, runner, [Symbol.asyncDispose]: close };
}

for (const thread of ['home', 0] as const) {
  test(`35 grant: build, start, confirm, publish; revoke: stop (${thread})`, async () => {
    const servers: RpcServer[] = [];
    await using bench = await election(thread, (server) => servers.push(server));
    const { service, leaders, told, runner } = bench;
    runner.start();
    await until(() => told.length === 1, 'the first leader');
    const first = told[0]!;
    equal(first.address, servers[0]!.address, 'published is what was built for this session');
    const fencingToken = first.sessionId;
    const gateway = await service.connect(first.address, LeaderGateway, { fencingToken });
    equal(await gateway.run(), 0, 'published is what serves already, fenced by its session');

    leaders.revokeLeadership(COMPONENT);
    await servers[0]!.terminationFuture;
    await until(() => told.length === 2, 'nobody leads');
    equal(told[1], undefined);
    equal((await failure('RECIPIENT_UNREACHABLE', gateway.run())).effect, 'none');

    leaders.grantLeadership(COMPONENT);
    await until(() => told.length === 3, 'the next leader');
    const second = told[2]!;
    notEqual(second.sessionId, first.sessionId);
    notEqual(second.address, first.address, 'a fresh component, not the old one');
    const stale = await service.connect(second.address, LeaderGateway, { fencingToken });
    await failure('FENCING_TOKEN_MISMATCH', stale.run());
  });
}

test('35 revoked while it starts: it is stopped, and never published', async () => {
  const servers: RpcServer[] = [];
  await using bench = await election('home', (server) => {
    servers.push(server);
    if (servers.length === 1) bench.leaders.revokeLeadership(COMPONENT);
  });
  bench.runner.start();
  await until(() => servers.length === 1, 'the component');
  await servers[0]!.terminationFuture;
  deepEqual(bench.told, []);
  bench.leaders.grantLeadership(COMPONENT);
  await until(() => bench.told.length === 1, 'a leader at last');
  const [leader] = bench.told as Told[];
  equal(leader?.address, servers[1]!.address);
});

test('35 retrievers hear each change once, also in another process', async () => {
  await using bench = await election(0, () => {});
  const { service, leaders, told } = bench;
  const registry = await service.startServer(LeaderRegistry, { thread: 'home', args: [leaders] });
  await registry.start();
  await using elsewhere = await RpcService.start({ systemName: 'elsewhere', threads: 0 });
  const heard: Told[] = [];
  const retrieval = new RpcLeaderRetrieval(elsewhere, registry.address, COMPONENT);
  retrieval.start((leader) => heard.push(leader));
  bench.runner.start();
  await until(() => heard.length === 1, 'the first leader');
  leaders.revokeLeadership(COMPONENT);
  await until(() => heard.length === 2, 'nobody leads');
  leaders.grantLeadership(COMPONENT);
  await until(() => heard.length === 3, 'the second leader');
  deepEqual(heard, told);
  ok(heard[1] === undefined && heard[2]!.sessionId !== heard[0]!.sessionId);
  retrieval.stop();
  leaders.revokeLeadership(COMPONENT);
  await until(() => told.length === 4, 'the end of the second');
  equal(heard.length, 3, 'a stopped retriever hears nothing');
});
