import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BroadcastChannel } from 'node:worker_threads';
import {
  ask,
  currentCall,
  defineGateway,
  isRpcError,
  RpcEndpoint,
  type RpcError,
  RpcService,
  type RpcServer,
  tell,
} from '../../../index.js';
import { deferred } from '../../../core/base/deferred.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import {
  Staged,
  StagedGateway,
  type Stages,
  Testator,
} from '../../support/rpc-lifecycle-fixtures.js';
import { failure } from '../../support/failure.js';
import { ManualClock } from '../../support/manual-clock.js';

let service: RpcService;
before(async () => {
  service = await RpcService.start({ systemName: 'life', threads: 1, stopTimeoutMs: 300 });
});
after(() => service.close());

/** What an endpoint wrote until it was gone. */
async function diaryOf(name: string, act: (diary: string) => Promise<unknown>): Promise<string[]> {
  const channel = new BroadcastChannel(name);
  const lines: string[] = [];
  const end = deferred<void>();
  channel.onmessage = (event) => {
    const line = (event as { readonly data: string }).data;
    if (line === 'end of diary') end.resolve();
    else lines.push(line);
  };
  const writer = new BroadcastChannel(name);
  try {
    await act(name);
    writer.postMessage('end of diary');
    await end.promise;
    return lines;
  } finally {
    writer.close();
    channel.close();
  }
}

for (const thread of ['home', 0] as const) {
  const create = (stages: Stages, endpointId?: string): Promise<RpcServer> =>
    service.startServer(Staged, {
      thread,
      args: [stages],
      ...(endpointId === undefined ? {} : { endpointId }),
    });

  describe(`an endpoint on ${thread === 'home' ? 'the home thread' : 'a worker thread'}`, () => {
    test('is addressable at once and serves only after start', async () => {
      const server = await create({});
      const gateway = await service.connect(server.address, StagedGateway);
      const refused = await failure('ENDPOINT_NOT_STARTED', gateway.ping());
      equal(refused.effect, 'none');
      gateway.letGo();
      await server.start();
      equal(await gateway.ping(), 'pong');
      await server.start();
      await server.stop();
      await server.stop();
      await failure('ENDPOINT_NOT_STARTED', gateway.ping());
      await server.start();
      equal(await gateway.running(), true);
      await server.close();
    });

    test('counts as not started until onStart has resolved', async () => {
      const server = await create({ start: 'late' });
      const gateway = server.getSelfGateway(StagedGateway);
      const starting = server.start();
      await failure('ENDPOINT_NOT_STARTED', gateway.ping());
      await failure('INVALID_STATE', server.stop());
      await server.close();
      await failure('INVALID_STATE', starting);
      await server.terminationFuture;
    });

    for (const start of ['fail', 'construct'] as const) {
      test(`tells who starts it that ${start === 'fail' ? 'onStart' : 'it'} failed`, async () => {
        if (start === 'construct') {
          const error = await failure('ENDPOINT_START_FAILED', create({ construct: 'fail' }, 'c'));
          match(error.message, /construct failed/);
          await (await create({}, 'c')).close();
          return;
        }
        const server = await create({ start: 'fail' });
        const error = await failure('ENDPOINT_START_FAILED', server.start());
        match(error.message, /onStart failed/);
        await failure('ENDPOINT_START_FAILED', server.terminationFuture);
        await rejects(server.start());
      });
    }

    test('closes its resources, the last one first, then runs onStop once', async () => {
      const diary = await diaryOf(`diary-${thread}`, async (name) => {
        const server = await create({ diary: name });
        await server.start();
        await Promise.all([server.close(), service.stopServer(server), server.close()]);
        await server.close();
        await failure('INVALID_STATE', server.start());
      });
      deepEqual(diary, ['onStart', 'close second', 'close first', 'onStop', 'called in onStop']);
    });

    test('that never started closes its resources without onStop', async () => {
      const diary = await diaryOf(`unborn-${thread}`, async (name) => {
        await (await create({ diary: name })).close();
      });
      deepEqual(diary, ['close second', 'close first']);
    });

    test('serves until onStop has settled, then is gone', async () => {
      const server = await create({ stop: 'late' });
      await server.start();
      const gateway = await service.connect(server.address, StagedGateway);
      const open = failure('RECIPIENT_UNREACHABLE', gateway.never());
      const closing = server.close();
      equal(await gateway.running(), false);
      equal(await gateway.ping(), 'pong');
      gateway.letGo();
      await closing;
      equal((await open).effect, 'unknown');
      const late = await failure('RECIPIENT_UNREACHABLE', gateway.ping());
      equal(late.effect, 'none');
      await failure('CONNECTION_FAILED', service.connect(server.address, StagedGateway));
    });

    for (const stages of [{ stop: 'fail' }, { resource: 'fail' }] as const) {
      test(`reports that ${Object.keys(stages)[0]} failed, to all who wait`, async () => {
        const server = await create(stages);
        await server.start();
        const error = await failure('ENDPOINT_STOP_FAILED', server.close());
        match(error.message, /(onStop|close second) failed/);
        await failure('ENDPOINT_STOP_FAILED', server.terminationFuture);
      });
    }

    for (const stages of [{ stop: 'never' }, { resource: 'never' }] as const) {
      test(`does not wait for ever when ${Object.keys(stages)[0]} hangs`, async () => {
        const server = await create(stages);
        await server.start();
        const error = await failure('ENDPOINT_STOP_FAILED', server.close());
        match(error.message, /did not end within 300 ms \(stopTimeoutMs\)/);
      });
    }

    test('leaves its id to the next one, who is another incarnation', async () => {
      for (let round = 0; round < 20; round++) {
        const server = await create({}, 'reused');
        await failure('DUPLICATE_ENDPOINT', create({}, 'reused'));
        await server.start();
        const gateway = await service.connect(server.address, StagedGateway);
        equal(await gateway.ping(), 'pong');
        let next: Promise<RpcServer> | undefined;
        void server.terminationFuture.then(() => (next = create({}, 'reused')));
        await server.close();
        const successor = await next!;
        equal(successor.address, server.address);
        await successor.start();
        await failure('RECIPIENT_UNREACHABLE', gateway.ping());
        await successor.close();
      }
    });

    test('can be stopped from within its own handler', async () => {
      const server = await service.startServer(Probe, { thread });
      await server.start();
      const gateway = server.getSelfGateway(ProbeGateway);
      const held = failure('RECIPIENT_UNREACHABLE', gateway.hold());
      await server.close();
      equal((await held).effect, 'unknown');
    });
  });
}

test('closing a service ends every endpoint and rejects with all failures', async () => {
  const closing = await RpcService.start({ systemName: 'closing', threads: 1 });
  const servers: RpcServer[] = [];
  for (const thread of ['home', 0] as const) {
    for (const stages of [{ stop: 'fail' }, {}, { resource: 'fail' }] as const) {
      servers.push(await closing.startServer(Staged, { thread, args: [stages] }));
    }
  }
  await Promise.all(servers.map((server) => server.start()));
  const gateways = servers.map((server) => server.getSelfGateway(StagedGateway));
  const open = gateways.map((gateway) => gateway.never().catch((error: unknown) => error));
  const first = closing.close();
  equal(closing.close(), first, 'closing twice is one closing');
  const error = await failure('ENDPOINT_STOP_FAILED', first);
  match(error.message, /^ENDPOINT_STOP_FAILED: 4 endpoints of closing failed to stop/);
  const { errors } = error.cause as AggregateError;
  deepEqual(
    errors.map((one: unknown) => (one as RpcError).code),
    new Array(4).fill('ENDPOINT_STOP_FAILED'),
  );
  for (const outcome of await Promise.all(open)) {
    ok(isRpcError(outcome) && outcome.effect === 'unknown');
  }
  const ends = await Promise.allSettled(servers.map((server) => server.terminationFuture));
  equal(ends.filter(({ status }) => status === 'fulfilled').length, 2);
  for (const gateway of gateways) {
    const refused = await gateway.ping().catch((e: unknown) => e);
    ok(isRpcError(refused) && refused.effect === 'none', 'at once, and surely not run');
  }
  await failure('SERVICE_CLOSED', closing.startServer(Staged, { args: [{}] }));
  await failure('SERVICE_CLOSED', closing.connect(servers[0]!.address, StagedGateway));
});

test('of many endpoints that close together, each that fails is named, and no other', async () => {
  const closing = await RpcService.start({ systemName: 'many', threads: 2 });
  const stages = [{}, { stop: 'fail' }, { start: 'late' }, { resource: 'fail' }, {}] as const;
  const servers = await Promise.all(
    Array.from({ length: 150 }, (_, i) => {
      const thread = ([0, 1, 'home'] as const)[i % 3]!;
      const args = [stages[i % stages.length]!] as const;
      return closing.startServer(Staged, { thread, args, endpointId: `one_${i}` });
    }),
  );
  // Some have never started, some are starting for ever.
  const isLate = (i: number): boolean => 'start' in stages[i % stages.length]!;
  const started = servers.filter((_, i) => i % 4 !== 3 && !isLate(i));
  await Promise.all(started.map((server) => server.start()));
  const starts = servers.filter((_, i) => isLate(i)).map((s) => s.start().catch(() => {}));
  const error = await failure('ENDPOINT_STOP_FAILED', closing.close());
  await Promise.all(starts);
  const failing = servers.filter((server, i) => {
    const stage = stages[i % stages.length]!;
    return 'resource' in stage || ('stop' in stage && started.includes(server));
  });
  const { errors } = error.cause as AggregateError;
  const named = errors.map((one: unknown) => /stopping (one_\d+) /.exec(String(one))?.[1]);
  equal(named.length, failing.length);
  deepEqual(new Set(named), new Set(failing.map((server) => server.endpointId)));
  const ends = await Promise.allSettled(servers.map((server) => server.terminationFuture));
  equal(ends.filter(({ status }) => status === 'rejected').length, failing.length);
});

test('endpoints that live hold no pending ask, which would bound their number', async () => {
  const many = await RpcService.start({ systemName: 'crowd', threads: 1, maxPendingAsks: 16 });
  const servers: RpcServer[] = [];
  for (let i = 0; i < 200; i++) {
    const args: [Stages] = [i === 100 ? { stop: 'fail' } : {}];
    const server = await many.startServer(Staged, { thread: i % 2 === 0 ? 0 : 'home', args });
    await server.start();
    servers.push(server);
  }
  const futures = servers.slice(50).map((server) => server.terminationFuture);
  // All at once are too many to be asked: those are told, and live on.
  const firstFifty = servers.slice(0, 50);
  const ends = await Promise.allSettled(firstFifty.map((server) => server.close()));
  const refused = firstFifty.filter((_, i) => ends[i]!.status === 'rejected');
  ok(refused.length > 0 && refused.length < 50, `${refused.length} of 50`);
  for (const end of ends) {
    if (end.status === 'fulfilled') continue;
    const error: unknown = end.reason;
    ok(isRpcError(error) && error.code === 'MAILBOX_FULL' && error.effect === 'none');
  }
  for (const server of refused) {
    equal(await server.getSelfGateway(StagedGateway).ping(), 'pong');
    await server.close();
  }
  await servers[51]!.close();
  equal(await servers[52]!.getSelfGateway(StagedGateway).ping(), 'pong');
  match((await failure('ENDPOINT_STOP_FAILED', many.close())).message, /1 endpoints/);
  const last = await Promise.allSettled(futures);
  deepEqual(
    last.flatMap((end, i) => (end.status === 'rejected' ? [i + 50] : [])),
    [100],
    'each has heard of its own end',
  );
});

test('a service that closes makes no endpoint that nobody would stop', async () => {
  const closing = await RpcService.start({ systemName: 'heirs', threads: 1 });
  for (const thread of ['home', 0] as const) {
    for (const heir of ['home', 0] as const) {
      await (await closing.startServer(Testator, { thread, args: [heir] })).start();
    }
  }
  const error = await failure('ENDPOINT_STOP_FAILED', closing.close());
  const { errors } = error.cause as AggregateError;
  deepEqual(
    errors.map((one: unknown) => ((one as Error).cause as RpcError).code),
    new Array(4).fill('SERVICE_CLOSED'),
  );
});

test('timers end with their endpoint, also when its resources do not close in time', async () => {
  class Stuck extends RpcEndpoint {
    override onStart(): void {
      this.registerResource({ close: () => new Promise(() => {}) });
      this.scheduleRunAsync(() => {}, 3_600_000);
    }
  }
  const clock = new ManualClock();
  const stuck = await RpcService.start({ systemName: 'stuck', threads: 0, clock });
  await (await stuck.startServer(Stuck, { thread: 'home' })).start();
  const closed = failure('ENDPOINT_STOP_FAILED', stuck.close());
  clock.advance(30_000);
  match((await closed).message, /closing the resources/);
  equal(clock.pendingTimers, 0);
});

test('a constructor that fails leaves neither its resources open nor a timer', async () => {
  const closed: string[] = [];
  class Stillborn extends RpcEndpoint {
    constructor() {
      super();
      for (const name of ['first', 'second']) {
        this.registerResource({ close: () => void closed.push(name) });
      }
      this.scheduleRunAsync(() => {}, 3_600_000);
      throw new Error('on purpose');
    }
  }
  const clock = new ManualClock();
  const barren = await RpcService.start({ systemName: 'barren', threads: 0, clock });
  await failure('ENDPOINT_START_FAILED', barren.startServer(Stillborn, { thread: 'home' }));
  await barren.close();
  deepEqual(closed, ['second', 'first']);
  equal(clock.pendingTimers, 0);
});

test('what is under way when its endpoint ends is told, asks and tells alike', async () => {
  const LoopGateway = defineGateway('Loop', { asked: ask(), told: tell() });
  const lines: string[] = [];
  class Loop extends RpcEndpoint {
    static override readonly gateways = [LoopGateway];

    asked(): Promise<void> {
      return this.#loop('asked');
    }

    told(): Promise<void> {
      return this.#loop('told');
    }

    #loop(name: string): Promise<void> {
      const { signal } = currentCall();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          lines.push(`${name} ${(signal.reason as RpcError).code}`);
          reject(new Error('given up'));
        });
      });
    }
  }
  const server = await service.startServer(Loop, { thread: 'home' });
  await server.start();
  const gateway = server.getSelfGateway(LoopGateway);
  gateway.told();
  const waiting = failure('RECIPIENT_UNREACHABLE', gateway.asked());
  const failedBefore = service.metrics().home.failedTells;
  await server.close();
  await waiting;
  deepEqual(lines, ['told RECIPIENT_UNREACHABLE', 'asked RECIPIENT_UNREACHABLE']);
  equal(service.metrics().home.failedTells, failedBefore + 1, 'a failing tell is counted even so');
});
