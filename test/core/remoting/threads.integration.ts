import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ActorRef,
  ActorSystem,
  ask,
  Identify,
  PoisonPill,
  pool,
  Props,
  roundRobin,
} from '../../../actor.js';
import { until } from '../../support/until.js';
import { Parent, Watcher, type Work, Worker } from './remoting-fixtures.js';

const TIMEOUT_MS = 20_000;

async function withSystem(test: (system: ActorSystem) => Promise<void>): Promise<void> {
  const system = await ActorSystem.start({ service: { systemName: 'near', threads: 2 } });
  try {
    await test(system);
  } finally {
    await system.close();
  }
}

function worker(system: ActorSystem, name: string, thread: number): Promise<ActorRef<Work>> {
  return system.actorOf(Props.of(Worker, name).withThread(thread), name);
}

test('an actor lives on the thread that its Props name, and answers from there', async () => {
  await withSystem(async (system) => {
    const here = system.actorOf(Props.of(Worker), 'here');
    const zero = await worker(system, 'zero', 0);
    const one = await worker(system, 'one', 1);
    const where = await Promise.all(
      [here, zero, one].map((ref) => ask(ref, { kind: 'where' }, TIMEOUT_MS)),
    );
    assert.equal(new Set(where).size, 3, `three threads: ${where.join(', ')}`);
    const home = await system.actorOf(Props.of(Worker).withThread('home'), 'home');
    assert.equal(await ask(home, { kind: 'where' }, TIMEOUT_MS), where[0]);
    assert.match(zero.path, /^ringlane:\/\/near\/user\/zero#\d+$/);
    assert.equal(zero.name, 'zero');
  });
});

test('references travel inside messages and stay usable on the other side', async () => {
  await withSystem(async (system) => {
    const zero = await worker(system, 'zero', 0);
    const one = await worker(system, 'one', 1);
    const here = system.actorOf(Props.of(Worker), 'here');
    const echoed = await ask(zero, { kind: 'echo', value: { list: [one, here] } }, TIMEOUT_MS);
    const { list } = echoed as { list: ActorRef<Work>[] };
    assert.equal(list[1], here, 'at home it is the very reference');
    assert.ok(list[0]!.equals(one));
    assert.equal(list[0]!.compareTo(one), 0);
    assert.deepEqual(await ask(list[0]!, { kind: 'echo', value: 7 }, TIMEOUT_MS), 7);
    // Worker to worker, and the answer back to whoever asked at home.
    const self = await ask(zero, { kind: 'introduce', to: one }, TIMEOUT_MS);
    assert.ok((self as ActorRef<Work>).equals(zero));
    const home = await ask(zero, { kind: 'introduce', to: here }, TIMEOUT_MS);
    assert.ok((home as ActorRef<Work>).equals(zero));
    here.tell({ kind: 'keep', value: 'local' });
    zero.tell({ kind: 'answer to', ref: here, value: { kind: 'keep', value: 'from zero' } });
    await until(async () => {
      const kept = (await ask(here, { kind: 'kept' }, TIMEOUT_MS)) as unknown[];
      return kept.length === 2;
    }, 'both messages');
  });
});

test('an ask fails as it does on one thread: failure, refusal, silence, nobody', async () => {
  await withSystem(async (system) => {
    const zero = await worker(system, 'zero', 0);
    await assert.rejects(ask(zero, { kind: 'fail', text: 'broken' }, TIMEOUT_MS), {
      code: 'HANDLER_FAILED',
      message: /\/user\/zero failed: TypeError: broken/,
    });
    await assert.rejects(ask(zero, { kind: 'answer failure' }, TIMEOUT_MS), {
      code: 'HANDLER_FAILED',
      message: /RangeError: no luck/,
    });
    await assert.rejects(ask(zero, { kind: 'unhandled' }, TIMEOUT_MS), { code: 'UNKNOWN_METHOD' });
    await assert.rejects(ask(zero, { kind: 'silent' }, 50), {
      code: 'TIMEOUT',
      message: /no answer from ringlane:\/\/near\/user\/zero/,
    });
    const value = (): void => {};
    await assert.rejects(ask(zero, { kind: 'echo', value }, TIMEOUT_MS), {
      code: 'NOT_SERIALIZABLE',
    });
    assert.throws(() => zero.tell({ kind: 'keep', value }), { code: 'NOT_SERIALIZABLE' });
    zero.tell(PoisonPill);
    await assert.rejects(ask(zero, { kind: 'where' }, TIMEOUT_MS), {
      code: 'RECIPIENT_UNREACHABLE',
      effect: 'none',
    });
    const { ref } = await ask(zero, new Identify(1), TIMEOUT_MS).catch(() => ({ ref: undefined }));
    assert.equal(ref, undefined);
  });
});

test('what one actor tells another arrives in order, asks between tells', async () => {
  await withSystem(async (system) => {
    const zero = await worker(system, 'zero', 0);
    for (let i = 0; i < 2000; i++) zero.tell({ kind: 'keep', value: i });
    const kept = await ask(zero, { kind: 'kept' }, TIMEOUT_MS);
    assert.deepEqual(
      kept,
      Array.from({ length: 2000 }, (_, i) => i),
    );
  });
});

test('classes that no thread can load, constructors that fail, names that are taken', async () => {
  class Homeless extends Worker {
    static override readonly module = undefined;
  }
  await withSystem(async (system) => {
    await assert.rejects(system.actorOf(Props.of(Homeless).withThread(0)), {
      code: 'INVALID_ARGUMENT',
      message: /static module/,
    });
    await assert.rejects(system.actorOf(Props.of(Worker, 'refuses').withThread(0), 'same'), {
      code: 'ENDPOINT_START_FAILED',
      message: /refused on purpose/,
    });
    await assert.rejects(system.actorOf(Props.of(Worker).withThread(2)), {
      code: 'INVALID_ARGUMENT',
    });
    await worker(system, 'same', 0);
    await assert.rejects(worker(system, 'same', 1), { code: 'DUPLICATE_ENDPOINT' });
    assert.throws(() => system.actorOf(Props.of(Worker), 'same'), { code: 'DUPLICATE_ENDPOINT' });
  });
});

test('Terminated comes exactly once: after stop, of the dead, and when a thread dies', async () => {
  await withSystem(async (system) => {
    for (const thread of ['home', 0] as const) {
      const watcher = await system.actorOf(
        Props.of(Watcher).withThread(thread),
        `watcher-${thread}`,
      );
      const names = ['a', 'b', 'c'].map((name) => `${name}-${thread}`);
      const refs = await Promise.all(names.map((name) => worker(system, name, 1)));
      for (const watch of refs) await ask(watcher, { watch }, TIMEOUT_MS);
      const ended = async (): Promise<string[]> =>
        (await ask(watcher, { kind: 'ended' }, TIMEOUT_MS)) as string[];
      await ask(watcher, { unwatch: refs[1]! }, TIMEOUT_MS);
      refs[0]!.tell(PoisonPill);
      refs[1]!.tell(PoisonPill);
      await until(async () => (await ended()).length === 1, 'the first end');
      await ask(watcher, { watch: refs[0]! }, TIMEOUT_MS);
      await until(async () => (await ended()).length === 2, 'the end of the dead');
      assert.deepEqual(await ended(), [names[0], names[0]], 'one for each watch');
    }
    const watchers = ['home', 0].map((thread) => system.actorSelection(`/user/watcher-${thread}`));
    const last = system.actorSelection('/user/c-home');
    last.tell({ kind: 'die' });
    for (const [index, watcher] of watchers.entries()) {
      const thread = ['home', 0][index]!;
      const expected = [`a-${thread}`, `a-${thread}`, `c-${thread}`];
      const ended = async (): Promise<unknown> => ask(watcher, { kind: 'ended' }, TIMEOUT_MS);
      await until(async () => ((await ended()) as string[]).length === 3, 'its thread died');
      assert.deepEqual(await ended(), expected);
    }
    assert.deepEqual(
      (await ask(system.actorSelection('/user/c-home'), new Identify(1), TIMEOUT_MS)).ref,
      undefined,
      'the parent has let go of the child',
    );
  });
});

test('a parent supervises children on other threads', async () => {
  await withSystem(async (system) => {
    for (const directive of ['resume', 'restart', 'stop'] as const) {
      const parent = await system.actorOf(
        Props.of(Parent, directive).withThread(0),
        `parent-${directive}`,
      );
      const spawn = { kind: 'spawn', name: 'child', thread: 1 } as const;
      const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
      assert.match(child.path, new RegExp(`/user/parent-${directive}/child#`));
      child.tell({ kind: 'keep', value: 1 });
      const failing = ask(child, { kind: 'fail', text: 'on purpose' }, TIMEOUT_MS);
      const after = ask(child, { kind: 'kept' }, TIMEOUT_MS).then(
        (kept) => kept,
        (error: unknown) => (error as { code: string }).code,
      );
      await assert.rejects(failing, { code: 'HANDLER_FAILED' });
      const expected = { resume: [1], restart: [], stop: 'RECIPIENT_UNREACHABLE' }[directive];
      assert.deepEqual(await after, expected, directive);
    }
  });
});

test('an escalated failure of a child elsewhere makes the parent fail', async () => {
  await withSystem(async (system) => {
    const parent = await system.actorOf(Props.of(Parent, 'escalate').withThread(0), 'parent');
    const spawn = { kind: 'spawn', name: 'child', thread: 1 } as const;
    const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
    parent.tell({ kind: 'keep', value: 'lost at a restart' });
    await assert.rejects(ask(child, { kind: 'fail', text: 'on purpose' }, TIMEOUT_MS));
    await until(async () => {
      const kept = (await ask(parent, { kind: 'kept' }, TIMEOUT_MS)) as unknown[];
      return kept.length === 0;
    }, 'the restart of the parent');
    await assert.rejects(ask(child, { kind: 'where' }, TIMEOUT_MS), {
      code: 'RECIPIENT_UNREACHABLE',
    });
    // The name is free again when the old child has stopped.
    assert.ok(await ask(parent, spawn, TIMEOUT_MS));
  });
});

test('children elsewhere end before their parent, and with its thread', async () => {
  await withSystem(async (system) => {
    const parent = await worker(system, 'parent', 0);
    const spawn = { kind: 'spawn', name: 'child', thread: 1 } as const;
    const child = (await ask(parent, spawn, TIMEOUT_MS)) as ActorRef<Work>;
    parent.tell(PoisonPill);
    await assert.rejects(
      until(async () => {
        await ask(child, { kind: 'where' }, TIMEOUT_MS);
        return false;
      }, 'the end of the child'),
      { code: 'RECIPIENT_UNREACHABLE' },
    );
    const doomed = await worker(system, 'doomed', 0);
    const orphan = (await ask(doomed, { ...spawn, name: 'orphan' }, TIMEOUT_MS)) as ActorRef<Work>;
    doomed.tell({ kind: 'die' });
    await assert.rejects(
      until(async () => {
        await ask(orphan, { kind: 'where' }, TIMEOUT_MS);
        return false;
      }, 'the end of the child'),
      { code: 'RECIPIENT_UNREACHABLE' },
    );
    await assert.rejects(ask(doomed, { kind: 'where' }, TIMEOUT_MS), {
      code: /THREAD_TERMINATED|RECIPIENT_UNREACHABLE|CONNECTION_FAILED/,
    });
  });
});

test('selections walk from thread to thread: absolute, relative, wildcards, ..', async () => {
  await withSystem(async (system) => {
    const zero = await worker(system, 'zero', 0);
    await worker(system, 'one', 1);
    const spawn = { kind: 'spawn', name: 'child', thread: 1 } as const;
    const child = (await ask(zero, spawn, TIMEOUT_MS)) as ActorRef<Work>;
    const found = async (path: string): Promise<string | undefined> => {
      const { ref } = await ask(system.actorSelection(path), new Identify(path), TIMEOUT_MS);
      return ref?.path;
    };
    assert.equal(await found('/user/zero'), zero.path);
    assert.equal(await found('/user/zero/child'), child.path);
    assert.equal(await found('/user/z*/ch?ld'), child.path);
    assert.equal(await found('/user/zero/child/..'), zero.path);
    assert.equal(await found(child.path), child.path);
    assert.equal(await found('/user/zero/nobody'), undefined);
    assert.equal(await found('/user/zero/child/x'), undefined);
    const selected = (from: ActorRef<Work>, path: string): Promise<unknown> => {
      const message = { kind: 'select', path, message: { kind: 'who am I' } } as const;
      return ask(from, message, TIMEOUT_MS);
    };
    const selfAt = async (from: ActorRef<Work>, path: string): Promise<string> =>
      ((await selected(from, path)) as { self: ActorRef<Work> }).self.path;
    assert.equal(await selfAt(zero, 'child'), child.path);
    assert.equal(await selfAt(child, '../../zero'), zero.path);
    assert.equal(await selfAt(child, '/user/zero'), zero.path);
    assert.equal(await selfAt(child, '..'), zero.path);
    await assert.rejects(selected(child, '/user/nobody'), { code: 'RECIPIENT_UNREACHABLE' });
  });
});

test('a worker thread sees the same system', async () => {
  await withSystem(async (system) => {
    const zero = await worker(system, 'zero', 0);
    const seen = (await ask(zero, { kind: 'who am I' }, TIMEOUT_MS)) as {
      self: ActorRef<Work>;
      parent: ActorRef<unknown>;
      starter: string;
    };
    assert.ok(seen.self.equals(zero));
    assert.match(seen.parent.path, /^ringlane:\/\/near\/user#\d+$/);
    assert.equal(seen.starter, 'zero');
  });
});

test('on a thread that was started again new actors can live; the old ones are gone', async () => {
  await using system = await ActorSystem.start({
    service: { threads: 2, supervision: { strategy: 'restart' } },
  });
  const old = await worker(system, 'same', 0);
  const pooled = system.actorOf(pool(roundRobin(), 2, Props.of(Worker).withThread('any')), 'pool');
  await ask(pooled, { kind: 'where' }, TIMEOUT_MS);
  old.tell({ kind: 'die' });
  let again: ActorRef<Work> | undefined;
  await until(async () => {
    again = await worker(system, 'same', 0).catch(() => undefined);
    return again !== undefined;
  }, 'the thread to be back and the name to be free');
  assert.equal(await ask(again!, { kind: 'echo', value: 1 }, TIMEOUT_MS), 1);
  assert.equal(again!.equals(old), false);
  await assert.rejects(ask(old, { kind: 'where' }, TIMEOUT_MS), {
    code: 'RECIPIENT_UNREACHABLE',
  });
  assert.ok(await ask(pooled, { kind: 'where' }, TIMEOUT_MS), 'the routee that lives');
});

test('placed actors that come and go leave no watch of their parent behind', async () => {
  const service = { systemName: 'near', threads: 1, maxPendingAsks: 16 };
  await using system = await ActorSystem.start({ service });
  for (let i = 0; i < 40; i++) {
    const child = await system.actorOf(Props.of(Worker).withThread(0));
    assert.equal(await ask(child, { kind: 'echo', value: i }, TIMEOUT_MS), i, 'it lives');
    system.stop(child);
    await assert.rejects(ask(child, { kind: 'where' }, TIMEOUT_MS));
  }
  const zero = await worker(system, 'zero', 0);
  const here = system.actorOf(Props.of(Worker), 'here');
  const introduced = Array.from({ length: 8 }, () =>
    ask(zero, { kind: 'introduce', to: here }, TIMEOUT_MS),
  );
  for (const self of await Promise.all(introduced))
    assert.ok((self as ActorRef<Work>).equals(zero));
});
