import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ActorRef,
  ActorSystem,
  ask,
  broadcast,
  consistentHash,
  group,
  pool,
  Props,
  roundRobin,
} from '../../../actor.js';
import { until } from '../../support/until.js';
import { type Work, Worker } from './remoting-fixtures.js';

const TIMEOUT_MS = 20_000;

async function withSystem(test: (system: ActorSystem) => Promise<void>): Promise<void> {
  const system = await ActorSystem.start({ service: { threads: 2 } });
  try {
    await test(system);
  } finally {
    await system.close();
  }
}

async function threadsBehind(router: ActorRef<Work>, count: number): Promise<unknown[]> {
  return Promise.all(
    Array.from({ length: count }, () => ask(router, { kind: 'where' }, TIMEOUT_MS)),
  );
}

test('a pool spreads its routees over the worker threads and uses them in turn', async () => {
  await withSystem(async (system) => {
    const props = Props.of(Worker, 'routee').withThread('any');
    const router = system.actorOf(pool(roundRobin(), 4, props), 'router');
    const threads = await threadsBehind(router, 8);
    assert.equal(new Set(threads).size, 2);
    assert.deepEqual(threads.slice(0, 4), threads.slice(4));
  });
});

test('a key goes to one routee; when its thread dies the keys of the others stay', async () => {
  await withSystem(async (system) => {
    const logic = consistentHash((message: Work) =>
      message.kind === 'echo' ? String(message.value) : message.kind,
    );
    const workers = pool(logic, 4, Props.of(Worker).withThread('any'));
    const router = system.actorOf(workers, 'router');
    const name = async (key: number): Promise<string> => {
      // What was on its way to the dead thread is lost, as every tell is.
      return String(await ask(router, { kind: 'echo', value: key }, 500));
    };
    assert.equal(await name(1), '1');
    const selection = system.actorSelection('/user/router/routee-1');
    selection.tell({ kind: 'die' });
    await until(async () => {
      const keys = Array.from({ length: 12 }, (_, key) => name(key).catch(() => 'failed'));
      return (await Promise.all(keys)).every((answer, key) => answer === String(key));
    }, 'every key to be answered by those who live');
  });
});

test('broadcast reaches every thread', async () => {
  await withSystem(async (system) => {
    const router = system.actorOf(
      pool(broadcast(), 2, Props.of(Worker).withThread('any')),
      'router',
    );
    router.tell({ kind: 'keep', value: 'to all' });
    for (const routee of ['routee-1', 'routee-2']) {
      const path = `/user/router/${routee}`;
      await until(async () => {
        const kept = ask(system.actorSelection(path), { kind: 'kept' }, TIMEOUT_MS);
        return ((await kept.catch(() => [])) as unknown[]).length === 1;
      }, path);
    }
  });
});

test('a group of actors of several threads, by reference and by path', async () => {
  await withSystem(async (system) => {
    const zero = await system.actorOf(Props.of(Worker).withThread(0), 'zero');
    await system.actorOf(Props.of(Worker).withThread(1), 'one');
    const router = system.actorOf(group<Work>(roundRobin(), [zero, '/user/one']), 'router');
    const threads = await threadsBehind(router, 4);
    assert.equal(new Set(threads).size, 2);
  });
});
