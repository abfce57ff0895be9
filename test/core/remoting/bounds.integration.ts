import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { type ActorRef, ActorSystem, ask, Identify, oneForOne, Props } from '../../../actor.js';
import { ActorHostGateway } from '../../../core/remoting/host-contract.js';
import { RpcService } from '../../../index.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { memoryNetwork } from '../../support/memory-network.js';
import { until } from '../../support/until.js';
import { barrier, fill, Parent, type Work, Worker, unblock } from './remoting-fixtures.js';

const TIMEOUT_MS = 30_000;
/** A thread whose lane is soon full. */
const SMALL = { threads: 1, mailboxCapacityBytes: 262_144, backlogLimit: 1000 };

async function keptBy(ref: ActorRef<Work>): Promise<readonly unknown[]> {
  return (await ask(ref, { kind: 'kept' }, TIMEOUT_MS)) as unknown[];
}

test('what each of several senders tells arrives in its order, whoever else tells', async () => {
  await using system = await ActorSystem.start({ service: { threads: 2 } });
  for (const thread of ['home', 0] as const) {
    const receiver = await system.actorOf(Props.of(Worker).withThread(thread), `to-${thread}`);
    const count = 1500;
    const senders = await Promise.all(
      (['home', 0, 1, 1] as const).map((from, index) =>
        system.actorOf(Props.of(Worker).withThread(from), `${thread}-from-${from}-${index}`),
      ),
    );
    for (const sender of senders) {
      sender.tell({ kind: 'tell many', to: receiver, who: sender.name, count });
    }
    await until(
      async () => (await keptBy(receiver)).length === senders.length * count,
      'everything that was told',
    );
    const kept = (await keptBy(receiver)) as [string, number][];
    for (const { name } of senders) {
      const own = kept.filter(([who]) => who === name).map(([, number]) => number);
      assert.deepEqual(
        own,
        Array.from({ length: count }, (_, i) => i),
        name,
      );
    }
  }
});

test('a slow actor elsewhere stops its senders; nothing that was taken is lost', async () => {
  await using system = await ActorSystem.start({
    service: { threads: 1, mailboxCapacityBytes: 262_144, backlogLimit: 1000 },
  });
  const slow = await system.actorOf(Props.of(Worker).withThread(0), 'slow');
  await keptBy(slow);
  slow.tell({ kind: 'busy', forMs: 300 });
  let taken = 0;
  const flood = (): void => {
    for (; taken < 1_000_000; taken++) slow.tell({ kind: 'keep', value: taken });
  };
  assert.throws(flood, { code: 'MAILBOX_FULL', effect: 'none' });
  await until(async () => {
    const kept = await ask(slow, { kind: 'kept' }, TIMEOUT_MS).catch(() => []);
    return (kept as unknown[]).length === taken;
  }, 'all that was taken');
});

test('the bound of one mailbox holds for messages from elsewhere, too', async () => {
  await using system = await ActorSystem.start({ service: { threads: 1 } });
  const props = Props.of(Worker).withMailboxLimit(2);
  const small = await system.actorOf(props.withThread(0), 'small');
  await keptBy(small);
  // It takes nothing until its parent here has decided, and we are busy telling.
  small.tell({ kind: 'fail', text: 'on purpose' });
  for (let i = 0; i < 20; i++) small.tell({ kind: 'keep', value: i });
  await assert.rejects(ask(small, { kind: 'where' }, TIMEOUT_MS), {
    code: 'MAILBOX_FULL',
    effect: 'none',
    message: /2 messages wait for \/user\/small/,
  });
  await until(async () => {
    const kept = await keptBy(small).catch(() => []);
    return kept.length === 2;
  }, 'the two that found room');
  assert.deepEqual(await keptBy(small), [0, 1]);
});

test('a failure that finds no room waits for it: the actor is restarted, not stopped', async () => {
  await using system = await ActorSystem.start({ service: SMALL });
  const here = system.actorOf(Props.of(Worker), 'here');
  const child = await system.actorOf(Props.of(Worker).withThread(0), 'child');
  await keptBy(child);
  child.tell({ kind: 'keep', value: 'lost at a restart' });
  assert.equal((await keptBy(child)).length, 1);
  const block = barrier('failed');
  child.tell({ kind: 'fill and fail', to: here, channel: 'failed' });
  await turn();
  // This thread takes nothing until the child has failed.
  block();
  assert.deepEqual(await keptBy(child), []);
});

test('a resume that finds no room waits for it: nobody stays suspended', async () => {
  let isDecided = false;
  const supervision = oneForOne(() => {
    isDecided = true;
    return 'resume';
  });
  await using system = await ActorSystem.start({ service: SMALL, supervision });
  const parent = system.actorOf(Props.of(Parent, 'escalate'), 'parent');
  const spawn = { kind: 'spawn', name: 'child', thread: 0 } as const;
  const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
  const blocker = await system.actorOf(Props.of(Worker).withThread(0), 'blocker');
  await keptBy(blocker);
  child.tell({ kind: 'fail', text: 'on purpose' });
  blocker.tell({ kind: 'block', channel: 'resumed' });
  assert.throws(() => fill(child), { code: 'MAILBOX_FULL' });
  await until(async () => {
    if (isDecided) unblock('resumed');
    const kept = await ask(child, { kind: 'kept' }, 100).catch(() => undefined);
    return kept !== undefined;
  }, 'the child to go on');
});

test('an actor that a worker thread makes by itself is found below that thread', async () => {
  await using system = await ActorSystem.start({ service: { threads: 2 } });
  const one = await system.actorOf(Props.of(Worker).withThread(1), 'one');
  const beside = (await ask(
    one,
    { kind: 'spawn beside', name: 'twin' },
    TIMEOUT_MS,
  )) as ActorRef<Work>;
  assert.match(beside.path, /\/thread-1\/twin#/);
  for (const path of [beside.path, '/thread-1/twin', '/thread-?/tw*', '/*/twin']) {
    const { ref } = await ask(system.actorSelection(path), new Identify(path), TIMEOUT_MS);
    assert.ok(beside.equals(ref), path);
  }
});

test('closing a system leaves its service open; another can be opened then', async () => {
  await using service = await RpcService.start({ threads: 1 });
  for (let round = 0; round < 2; round++) {
    const system = await ActorSystem.over(service);
    assert.equal(await ActorSystem.over(service), system, 'one system for a service');
    const placed = await system.actorOf(Props.of(Worker, `${round}`).withThread(0), 'same');
    assert.equal((await keptBy(placed)).length, 0);
    await system.close();
    await assert.rejects(ask(placed, { kind: 'where' }, 1000));
    assert.throws(() => system.actorOf(Props.of(Worker)), { code: 'SERVICE_CLOSED' });
  }
});

test('a service that closes stops the actors on its threads', async () => {
  const service = await RpcService.start({ threads: 1 });
  const system = await ActorSystem.over(service);
  await system.actorOf(Props.of(Worker).withThread(0), 'placed');
  system.actorOf(Props.of(Worker), 'here');
  await service.close();
  await system.terminationFuture;
  await system.close();
});

test('supervision over threads keeps what the directive says, whatever fails when', async () => {
  const step = fc.constantFrom<'keep' | 'fail'>('keep', 'keep', 'fail');
  const directive = fc.constantFrom<'resume' | 'restart' | 'stop'>('resume', 'restart', 'stop');
  await using system = await ActorSystem.start({ service: { threads: 2 } });
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), directive, async (steps, what) => {
      const number = ++runs;
      const parent = await system.actorOf(Props.of(Parent, what).withThread(0), `p${number}`);
      const spawn = { kind: 'spawn', name: 'child', thread: 1 } as const;
      const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
      let kept: number[] | undefined = [];
      let restarts = 0;
      for (const [index, each] of steps.entries()) {
        if (each === 'keep') child.tell({ kind: 'keep', value: index });
        else child.tell({ kind: 'fail', text: 'on purpose' });
        if (each === 'keep') kept?.push(index);
        else if (what === 'stop' || (what === 'restart' && ++restarts > 3)) kept = undefined;
        else if (what === 'restart' && kept) kept = [];
      }
      if (kept) assert.deepEqual(await keptBy(child), kept);
      else await assert.rejects(keptBy(child), { code: 'RECIPIENT_UNREACHABLE' });
      system.stop(parent);
    }),
    { numRuns: 40 },
  );
});

test('a child on a thread that is stuck does not keep its parent, nor the system', async () => {
  const service = await RpcService.start({ threads: 1, stopTimeoutMs: 100 });
  const system = await ActorSystem.over(service);
  const stuck = await system.actorOf(Props.of(Worker).withThread(0), 'stuck');
  const begun = new Int32Array(new SharedArrayBuffer(4));
  stuck.tell({ kind: 'busy', forMs: 3000, begun });
  // What has not begun would not: a stop comes before messages that wait.
  await until(() => Atomics.load(begun, 0) === 1, 'the thread is stuck');
  const beginMs = performance.now();
  await system.close();
  assert.ok(performance.now() - beginMs < 2900, 'before the thread came back');
  await assert.rejects(service.close(), { code: 'ENDPOINT_STOP_FAILED' });
});

test('a walk that goes down and up again is refused at the door of a host', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const system = await ActorSystem.over(service);
  const seen = system.actorOf(Props.of(Worker), 'one');
  const host = await service.connect(service.addressOf('$actors-0'), ActorHostGateway);
  const walk = (steps: readonly string[]): Promise<unknown> =>
    host.askSelection({ from: 0, steps, uid: 0 }, 0, { kind: 'echo', value: 1 }, TIMEOUT_MS);
  assert.deepEqual(await walk(['user', '*']), [0, 1]);
  await assert.rejects(walk(['user', '*', '..', '*']), { message: /INVALID_ARGUMENT/ });
  assert.deepEqual(await keptBy(seen), []);
});

test('what goes by selection and what goes by reference keep one order', async () => {
  await using system = await ActorSystem.start({ service: { threads: 1 } });
  const parent = await system.actorOf(Props.of(Worker).withThread(0), 'parent');
  const spawn = { kind: 'spawn', name: 'child', thread: 0 } as const;
  const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
  const selection = system.actorSelection('/user/parent/child');
  for (let i = 0; i < 200; i++) {
    (i % 2 === 0 ? selection : child).tell({ kind: 'keep', value: i });
  }
  assert.deepEqual(
    await keptBy(child),
    Array.from({ length: 200 }, (_, i) => i),
  );
});

test('a host forgets a watch that was taken back, while the actor lives', async () => {
  await using service = await RpcService.start({ threads: 0 });
  const system = await ActorSystem.over(service);
  const { uid } = system.actorOf(Props.of(Worker), 'one');
  const host = await service.connect(service.addressOf('$actors-0'), ActorHostGateway);
  const watch = host.watch(uid, 'a watch');
  host.unwatch('a watch');
  await watch;
  await host.watch(uid + 256, 'of nobody');
});

test('a host keeps nothing of a process that is lost while it watches', async () => {
  const { network, start } = memoryNetwork();
  await using far = await start({ systemName: 'far', threads: 1, listen: { port: 0 } });
  const system = await ActorSystem.over(far);
  const refs = [
    system.actorOf(Props.of(Worker), 'here'),
    await system.actorOf(Props.of(Worker).withThread(0), 'placed'),
  ];
  for (const [thread, { uid }] of refs.entries()) {
    const address = far.addressOf(`$actors-${thread}`);
    const isKnown = async (): Promise<boolean> => {
      await using near = await start({ systemName: 'near', threads: 0 });
      const host = await near.connect(address, ActorHostGateway);
      host.closed().catch(() => {});
      // A name that is in use is answered at once, so before the echo.
      const watched = host.watch(uid, 'a watch').then(
        () => true,
        () => false,
      );
      const echoed = host.ask(uid, 0, { kind: 'echo', value: 1 }, TIMEOUT_MS);
      return await Promise.race([watched, echoed.then(() => false)]);
    };
    assert.equal(await isKnown(), false);
    await until(async () => !(await isKnown()), 'the watch is forgotten');
  }
  const ends = network.links.splice(0).map(({ accepted }) => new WeakRef(accepted));
  const isForgotten = (): boolean => {
    collectGarbage();
    return ends.every((end) => end.deref() === undefined);
  };
  await until(isForgotten, 'the connections are forgotten');
});
