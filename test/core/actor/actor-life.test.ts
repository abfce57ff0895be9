import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Actor,
  type ActorContext,
  ActorSystem,
  type AnyActorRef,
  ask,
  PoisonPill,
  Props,
  Terminated,
} from '../../../actor.js';
import { silentLogger } from '../../../core/base/logger.js';
import { until } from '../../support/until.js';
import { lettersOf, Recorder, Runner, type Step, withSystem } from './actor-support.js';

type Watching = AnyActorRef | { readonly unwatch: AnyActorRef } | Terminated | 'settle';

/** Watches what it is told and reports each end. */
class Watcher extends Actor<Watching> {
  readonly #ended: string[];

  constructor(ended: string[]) {
    super();
    this.#ended = ended;
  }

  override onReceive(message: Watching, context: ActorContext<Watching>): void {
    if (message instanceof Terminated) this.#ended.push(message.actor.name);
    else if (message === 'settle') context.sender.tell('settled');
    else if ('unwatch' in message) context.unwatch(message.unwatch);
    else context.watch(message);
  }
}

const answer: Step = ({ sender }) => sender.tell('alive');

test('stop ends an actor after its message at hand; what waits becomes dead letters', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const life: string[] = [];
    const runner = system.actorOf(Props.of(Runner, life), 'runner');
    runner.tell(({ self, stop }) => {
      assert.equal(typeof stop, 'function');
      system.stop(self);
      life.push('still at it');
    });
    runner.tell(() => void life.push('never'));
    await assert.rejects(ask(runner, answer, 1000), { code: 'RECIPIENT_UNREACHABLE' });
    assert.deepEqual(life, ['start 1', 'still at it', 'stop 1']);
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['unreachable', 'unreachable'],
    );
    system.stop(runner);
  });
});

test('a Terminated that is stashed comes back, unless it is unwatched meanwhile', async () => {
  await withSystem(async (system) => {
    const ended: string[] = [];
    const runner = system.actorOf(Props.of(Runner), 'runner');
    const run = (step: Step): Promise<unknown> =>
      ask(
        runner,
        async (context) => {
          await step(context);
          context.sender.tell('done');
        },
        1000,
      );
    const refs = ['kept', 'unwatched'].map((name) => system.actorOf(Props.of(Recorder, []), name));
    await run((context) => {
      context.become((message, inner) => {
        if (!(message instanceof Terminated)) return message(inner);
        ended.push(message.actor.name);
        if (ended.length <= 2) inner.stash();
      });
      for (const ref of refs) (context as ActorContext<unknown>).watch(ref);
    });
    for (const ref of refs) system.stop(ref);
    await until(() => ended.length === 2, 'both ends');
    await run((context) => {
      context.unwatch(refs[1]!);
      context.unstashAll();
    });
    await run(() => {});
    assert.deepEqual(ended, ['kept', 'unwatched', 'kept']);
  });
});

test('a PoisonPill waits its turn', async () => {
  await withSystem(async (system) => {
    const seen: unknown[] = [];
    const recorder = system.actorOf(Props.of(Recorder, seen), 'recorder');
    recorder.tell('before');
    recorder.tell(PoisonPill);
    recorder.tell('after');
    await assert.rejects(ask(recorder, 'too late', 1000), { code: 'RECIPIENT_UNREACHABLE' });
    assert.deepEqual(seen, ['before']);
  });
});

test('an actor stopped before its first turn is never constructed', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    const runner = system.actorOf(Props.of(Runner, life), 'runner');
    system.stop(runner);
    await assert.rejects(ask(runner, answer, 1000), { code: 'RECIPIENT_UNREACHABLE' });
    assert.deepEqual(life, []);
  });
});

test('hooks that are async all the same fail their actor, and nothing else', async () => {
  class Hasty extends Runner {
    // oxlint-disable-next-line no-misused-promises -- the type allows it, so users will do it
    override async onStart(): Promise<void> {
      throw new Error('no start');
    }
    // oxlint-disable-next-line no-misused-promises -- the type allows it, so users will do it
    override async onStop(): Promise<void> {
      throw new Error('no stop');
    }
  }
  const lines: string[] = [];
  const error = (facts: object, message: string): void => {
    lines.push(`${message}: ${String((facts as { readonly error: unknown }).error)}`);
  };
  await withSystem(
    async (system) => {
      const hasty = system.actorOf(Props.of(Hasty), 'hasty');
      await until(() => lines.length === 2, 'both failures');
      await assert.rejects(ask(hasty, answer, 1000), { code: 'RECIPIENT_UNREACHABLE' });
      assert.deepEqual(lines, [
        'an actor could not be started and is stopped: Error: no start',
        'onStop of an actor failed: Error: no stop',
      ]);
    },
    { logger: { ...silentLogger, error } },
  );
});

test('names are free again after the end, wrong and double names are refused', async () => {
  await withSystem(async (system) => {
    const first = system.actorOf(Props.of(Runner), 'same');
    assert.throws(() => system.actorOf(Props.of(Runner), 'same'), { code: 'DUPLICATE_ENDPOINT' });
    system.stop(first);
    assert.throws(() => system.actorOf(Props.of(Runner), 'same'), { code: 'DUPLICATE_ENDPOINT' });
    await system.ready();
    await ask(system.actorOf(Props.of(Runner)), answer, 1000);
    system.actorOf(Props.of(Runner), 'same');
    for (const name of ['', 'a/b', 'a b', '*', 'x?', 'x#1', '.', '..', '$1', 'n'.repeat(256)]) {
      assert.throws(() => system.actorOf(Props.of(Runner), name), { code: 'INVALID_ARGUMENT' });
    }
    system.actorOf(Props.of(Runner), 'n'.repeat(255));
  });
});

test('children end before their parent, and make none while it stops', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    const parent = system.actorOf(Props.of(Runner, life), 'parent');
    const facts = await ask(
      parent,
      (context) => {
        const child = context.actorOf(Props.of(Runner, life), 'child');
        child.tell(({ parent: above, sender }) => {
          assert.ok(above.equals(parent));
          assert.equal(context.children.length, 1);
          void sender;
        });
        context.sender.tell(child.path.replace(/#\d+$/, ''));
      },
      1000,
    );
    assert.equal(facts, 'ringlane://test/user/parent/child');
    parent.tell((context) => {
      context.stop(context.self);
      assert.throws(() => context.actorOf(Props.of(Runner)), { code: 'INVALID_STATE' });
      life.push('stopping');
    });
    await assert.rejects(ask(parent, answer, 1000), { code: 'RECIPIENT_UNREACHABLE' });
    assert.deepEqual(life, ['start 1', 'start 2', 'stopping', 'stop 2', 'stop 1']);
  });
});

test('watchers hear once of each end, also of one that was before', async () => {
  await withSystem(async (system) => {
    const ended: string[] = [];
    const watcher = system.actorOf(Props.of(Watcher, ended), 'watcher');
    const runner = (name: string): AnyActorRef => system.actorOf(Props.of(Runner), name);
    const [a, b, c, d] = [runner('a'), runner('b'), runner('c'), runner('d')];
    for (const ref of [a, a, b, d]) watcher.tell(ref);
    watcher.tell({ unwatch: b });
    for (const ref of [a, b, c]) system.stop(ref);
    await ask(watcher, 'settle', 1000);
    assert.deepEqual(ended, ['a']);
    watcher.tell(c);
    await ask(watcher, 'settle', 1000);
    await ask(watcher, 'settle', 1000);
    assert.deepEqual(ended, ['a', 'c']);
    // Taken back while the news waits in the mailbox.
    d.tell(PoisonPill);
    d.tell(PoisonPill);
    watcher.tell({ unwatch: d });
    await ask(watcher, 'settle', 1000);
    assert.deepEqual(ended, ['a', 'c']);
  });
});

test('a watcher that ended is told nothing; only actors can be watched', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const watcher = system.actorOf(Props.of(Watcher, []), 'watcher');
    const runner = system.actorOf(Props.of(Runner), 'runner');
    watcher.tell(runner);
    watcher.tell(watcher);
    watcher.tell(PoisonPill);
    await assert.rejects(ask(watcher, 'settle', 1000));
    letters.length = 0;
    runner.tell(PoisonPill);
    await ask(system.actorOf(Props.of(Runner)), answer, 1000);
    assert.deepEqual(letters, []);
    const other = system.actorOf(Props.of(Runner), 'other');
    const refused = ask(other, (context) => context.unwatch(context.sender), 1);
    await assert.rejects(refused, { code: 'TIMEOUT' });
    const asker = system.actorOf(Props.of(Watcher, []), 'asker');
    await assert.rejects(
      ask(other, ({ sender }) => asker.tell(sender), 20),
      { code: 'TIMEOUT' },
      'the asker failed and was restarted',
    );
  });
});

test('actors are made by Props alone', () => {
  assert.throws(() => new Runner(), { code: 'INVALID_STATE' });
});

test('closing stops everything once; what comes later is refused or a dead letter', async () => {
  const system = ActorSystem.create('closing');
  const life: string[] = [];
  const runner = system.actorOf(Props.of(Runner, life), 'runner');
  const open = ask(runner, () => {}, 60_000);
  const waiting = ask(system.actorOf(Props.of(Runner), 'late'), () => {}, 60_000);
  await system.ready();
  const [first, second] = [system.close(), system.close()];
  assert.equal(first, second);
  await assert.rejects(open, { code: 'SERVICE_CLOSED' });
  await assert.rejects(waiting, { code: 'SERVICE_CLOSED' });
  await first;
  await system.terminationFuture;
  assert.deepEqual(life, ['start 1', 'stop 1']);
  const letters = lettersOf(system);
  runner.tell(answer);
  assert.deepEqual(
    letters.map(({ reason }) => reason),
    ['unreachable'],
  );
  await assert.rejects(ask(runner, answer, 1000), { code: 'SERVICE_CLOSED' });
  assert.throws(() => system.actorOf(Props.of(Runner)), { code: 'SERVICE_CLOSED' });
  await system.ready();
});

test('what waits for a closing system becomes dead letters', async () => {
  const system = ActorSystem.create('closing');
  const letters = lettersOf(system);
  const runner = system.actorOf(Props.of(Runner), 'runner');
  await system.ready();
  const closing = system.close();
  runner.tell(answer);
  await closing;
  assert.deepEqual(
    letters.map(({ reason, path }) => [reason, path]),
    [['unreachable', '/user/runner']],
  );
});

test('wrong names and options of a system are refused', () => {
  assert.throws(() => ActorSystem.create('a/b'), { code: 'INVALID_ARGUMENT' });
  assert.throws(() => ActorSystem.create('x', { backlogLimit: -1 }), { code: 'INVALID_ARGUMENT' });
});

test('await using closes a system', async () => {
  let kept: ActorSystem;
  {
    await using system = ActorSystem.create('scoped');
    kept = system;
    await ask(system.actorOf(Props.of(Runner)), answer, 1000);
  }
  assert.throws(() => kept.actorOf(Props.of(Runner)), { code: 'SERVICE_CLOSED' });
});
