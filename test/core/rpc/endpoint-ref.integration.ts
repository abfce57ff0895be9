import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Actor,
  type ActorContext,
  ActorRef,
  ActorSystem,
  ask,
  Failure,
  Identify,
  PoisonPill,
  Props,
  Terminated,
} from '../../../actor.js';
import { callOptions, RpcInvocation, type RpcServer, RpcService } from '../../../index.js';
import { Mortal, MortalGateway } from '../../support/mortal-endpoints.js';
import { ProbeGateway } from '../../support/rpc-contracts.js';
import { Probe } from '../../support/rpc-fixtures.js';
import { until } from '../../support/until.js';

const TIMEOUT_MS = 20_000;

async function withServers(test: (servers: RpcServer[]) => Promise<void>): Promise<void> {
  const service = await RpcService.start({ threads: 1 });
  try {
    const servers = await Promise.all(
      (['home', 0] as const).map((thread) => service.startServer(Probe, { thread })),
    );
    for (const server of servers) await server.start();
    await test(servers);
  } finally {
    await service.close();
  }
}

/** Watches one endpoint, and writes down what it is told. */
class Observer extends Actor<unknown> {
  readonly #seen: unknown[];
  readonly #target: ActorRef<RpcInvocation>;

  constructor(seen: unknown[], target: ActorRef<RpcInvocation>) {
    super();
    this.#seen = seen;
    this.#target = target;
  }

  override onStart(context: ActorContext<unknown>): void {
    context.watch(this.#target);
    this.#target.tell(new RpcInvocation('add', 20, 22), context.self);
    this.#target.tell(new RpcInvocation('fail', 'no'), context.self);
  }

  override onReceive(message: unknown): void {
    this.#seen.push(message);
  }
}

test('server.ref takes calls as messages and answers their sender', async () => {
  await withServers(async (servers) => {
    for (const server of servers) {
      const { ref } = server;
      assert.equal(ref, server.ref);
      assert.ok(ref.path.startsWith(`${server.address}#`));
      assert.equal(await ask(ref, new RpcInvocation('add', 1, 2), TIMEOUT_MS), 3);
      await assert.rejects(ask(ref, new RpcInvocation('toString'), TIMEOUT_MS), {
        code: 'UNKNOWN_METHOD',
      });
      await assert.rejects(ask(ref, new RpcInvocation('fail', 'no'), TIMEOUT_MS), {
        code: 'HANDLER_FAILED',
      });
      const identity = await ask(ref, new Identify('me'), TIMEOUT_MS);
      assert.ok(ref.equals(identity.ref));
      ref.tell(new RpcInvocation('add', 1, 2), ActorRef.noSender);
    }
    assert.notEqual(servers[0]!.ref.compareTo(servers[1]!.ref), 0);
  });
});

test('an endpoint can be watched, and stopped as an actor is', async () => {
  await withServers(async (servers) => {
    await using system = ActorSystem.create('observers');
    for (const server of servers) {
      const seen: unknown[] = [];
      system.actorOf(Props.of(Observer, seen, server.ref));
      await until(() => seen.length === 2, 'result and failure');
      assert.equal(seen[0], 42);
      assert.ok(seen[1] instanceof Failure);
      server.ref.tell(PoisonPill);
      await server.terminationFuture;
      await until(() => seen.length === 3, 'its end');
      assert.ok(seen[2] instanceof Terminated);
      assert.ok(server.ref.equals(seen[2].actor));
    }
  });
});

test('23: no room to ask for its end is not the end of an endpoint', async () => {
  const service = await RpcService.start({ threads: 1, maxPendingAsks: 16 });
  try {
    const server = await service.startServer(Mortal, { thread: 0 });
    await server.start();
    const { ref } = server;
    const gateway = server.getSelfGateway(MortalGateway);
    const held = new AbortController();
    const options = callOptions({ signal: held.signal });
    const asks = Array.from({ length: 20 }, () => gateway.never(options).catch(() => {}));
    await using system = ActorSystem.create('observers');
    const seen: unknown[] = [];
    system.actorOf(Props.of(Observer, seen, ref));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    assert.ok(!seen.some((message) => message instanceof Terminated));
    held.abort();
    await Promise.all(asks);
    const isClosed = async () => {
      await server.close();
      return true;
    };
    await until(() => isClosed().catch(() => false), 'room to close it');
    await until(() => seen.some((message) => message instanceof Terminated), 'its end');
  } finally {
    await service.close();
  }
});

test('watches of an endpoint that come and go hold one ask together', async () => {
  let left = 40;
  class Visitor extends Actor<unknown> {
    override onStart(context: ActorContext<unknown>): void {
      context.watch(server.ref);
      context.stop(context.self);
    }

    override onStop(): void {
      left--;
    }

    override onReceive(): void {}
  }
  await using service = await RpcService.start({ threads: 1, maxPendingAsks: 16 });
  const server = await service.startServer(Probe, { thread: 0 });
  await server.start();
  await using system = ActorSystem.create('visitors');
  for (let visitor = left; visitor > 0; visitor--) system.actorOf(Props.of(Visitor));
  await until(() => left === 0, 'all have gone');
  const gateway = server.getSelfGateway(ProbeGateway);
  await Promise.all(Array.from({ length: 10 }, () => gateway.add(1, 2)));
  const seen: unknown[] = [];
  system.actorOf(Props.of(Observer, seen, server.ref));
  await until(() => seen.length === 2, 'result and failure');
  await server.close();
  await until(() => seen.length === 3, 'its end');
  assert.ok(seen[2] instanceof Terminated);
});

test('the reference of an endpoint stays on its thread, and says what to send', async () => {
  await using system = await ActorSystem.start({ service: { threads: 0 } });
  const service = await RpcService.start({ systemName: 'other', threads: 1 });
  try {
    const server = await service.startServer(Probe, { thread: 0 });
    await server.start();
    await assert.rejects(ask(server.ref, new RpcInvocation('echo', server.ref), TIMEOUT_MS), {
      code: 'HANDLER_FAILED',
      message: /NOT_SERIALIZABLE/,
    });
    assert.equal(system.name, 'ringlane');
  } finally {
    await service.close();
  }
});

test('a new life of an endpoint has another reference; the old one has ended once', async () => {
  const service = await RpcService.start({ threads: 1, supervision: { strategy: 'restart' } });
  try {
    const server = await service.startServer(Probe, { thread: 0 });
    await server.start();
    const first = server.ref;
    await using system = ActorSystem.create('observers');
    const seen: unknown[] = [];
    system.actorOf(Props.of(Observer, seen, first));
    await until(() => seen.length === 2, 'result and failure');
    first.tell(new RpcInvocation('exit', 1));
    await until(() => seen.length === 3, 'its end');
    assert.ok(seen[2] instanceof Terminated);
    await until(() => server.ref !== first, 'the next life');
    assert.equal(server.ref.equals(first), false);
    await until(async () => {
      const sum = await ask(server.ref, new RpcInvocation('add', 1, 2), TIMEOUT_MS).catch(() => 0);
      return sum === 3;
    }, 'the next life to serve');
    await assert.rejects(ask(first, new RpcInvocation('add', 1, 2), TIMEOUT_MS), {
      code: 'HANDLER_FAILED',
      message: /RECIPIENT_UNREACHABLE|THREAD_TERMINATED/,
    });
    assert.equal(seen.length, 3);
  } finally {
    await service.close();
  }
});
