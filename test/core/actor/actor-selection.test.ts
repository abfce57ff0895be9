import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type ActorRef,
  ActorIdentity,
  type ActorSystem,
  ask,
  Identify,
  Props,
} from '../../../actor.js';
import { isWalkable, matchesStep, parseSelection } from '../../../core/actor/actor-path.js';
import { lettersOf, Recorder, Runner, type Step, withSystem } from './actor-support.js';

const answer: Step = ({ sender }) => sender.tell('alive');

/** `/user/one` with children `left` and `right`, and `/user/two` with `left`. */
async function family(system: ActorSystem): Promise<ActorRef<Step>> {
  const one = system.actorOf(Props.of(Runner), 'one');
  const two = system.actorOf(Props.of(Runner), 'two');
  for (const [ref, names] of [
    [one, ['left', 'right']],
    [two, ['left']],
  ] as const) {
    await ask(
      ref,
      (context) => {
        for (const name of names) context.actorOf(Props.of(Runner), name);
        context.sender.tell('made');
      },
      1000,
    );
  }
  return one;
}

/** Paths of everybody whom a selection reaches, without uids. */
async function reached(system: ActorSystem, path: string): Promise<string[]> {
  const seen: unknown[] = [];
  const collector = system.actorOf(Props.of(Recorder, seen));
  system.actorSelection(path).tell(new Identify(path), collector);
  await ask(system.actorOf(Props.of(Runner)), answer, 1000);
  system.stop(collector);
  return seen.flatMap((message) => {
    assert.ok(message instanceof ActorIdentity && message.correlationId === path);
    return message.ref ? [message.ref.path.replace(/^ringlane:\/\/test|#\d+$/g, '')] : [];
  });
}

test('a selection finds actors by absolute path, with and without system and uid', async () => {
  await withSystem(async (system) => {
    const one = await family(system);
    for (const path of ['/user/one', 'user/one', 'ringlane://test/user/one', one.path]) {
      const { ref, correlationId } = await ask(system.actorSelection(path), new Identify(7), 1000);
      assert.equal(correlationId, 7);
      assert.ok(ref?.equals(one), path);
    }
    assert.equal(await ask(system.actorSelection('/user/one'), answer, 1000), 'alive');
    const { ref } = await ask(one, new Identify('me'), 1000);
    assert.equal(ref, one);
  });
});

test('wildcards, parents and relative paths', async () => {
  await withSystem(async (system) => {
    const one = await family(system);
    assert.deepEqual(await reached(system, '/user/*/left'), ['/user/one/left', '/user/two/left']);
    assert.deepEqual(await reached(system, '/user/one/*'), ['/user/one/left', '/user/one/right']);
    assert.deepEqual(await reached(system, '/user/one/?eft'), ['/user/one/left']);
    assert.deepEqual(await reached(system, '/user/t*o/../one'), ['/user/one']);
    assert.deepEqual(await reached(system, '/*/one'), ['/user/one']);
    assert.deepEqual(await reached(system, '/user/./one'), ['/user/one']);
    assert.deepEqual(await reached(system, '/user'), ['/user']);
    const relative = (path: string): Promise<unknown> =>
      ask(one, (context) => context.actorSelection(path).tell(answer, context.sender), 1000);
    for (const path of ['left', './right', '../two', '../*/left', '/user/two', '.']) {
      assert.equal(await relative(path), 'alive', path);
    }
  });
});

test('nobody there: an identity without reference, or a dead letter', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const one = await family(system);
    const nowhere = [
      '/',
      '/nobody',
      '/user/three',
      '/user/o?',
      '/user/one/left/*',
      '/../user/one',
      'ringlane://other/user/one',
      'ringlane.tcp://test@127.0.0.1:6123/user/one',
      one.path.replace(/#.*/, '#1'),
    ];
    for (const path of nowhere) {
      const { ref } = await ask(system.actorSelection(path), new Identify(path), 1000);
      assert.equal(ref, undefined, path);
    }
    assert.deepEqual(letters, []);
    system.actorSelection('/user/three').tell('anybody?');
    system.actorSelection('/user/three').tell(new Identify(0));
    assert.deepEqual(
      letters.map(({ reason, path }) => [reason, path]),
      [
        ['unreachable', '/user/three'],
        ['unreachable', '/user/three'],
      ],
    );
    system.stop(one);
    const { ref } = await ask(one, new Identify(1), 1000);
    assert.equal(ref, undefined, 'a stopped actor is nobody');
  });
});

test('of several, the one without room makes a dead letter; alone, it throws', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const seen: unknown[] = [];
    for (const name of ['a1', 'a2', 'a3']) {
      const props = Props.of(Recorder, seen);
      system.actorOf(name === 'a2' ? props.withMailboxLimit(1) : props, name);
    }
    system.actorSelection('/user/a2').tell('fills');
    assert.throws(() => system.actorSelection('/user/a2').tell('late'), {
      code: 'MAILBOX_FULL',
      effect: 'none',
    });
    system.actorSelection('/user/a*').tell('all');
    assert.deepEqual(
      letters.map(({ reason, path, message }) => [reason, path, message]),
      [['refused', '/user/a2', 'all']],
    );
    await assert.rejects(ask(system.actorSelection('/user/a*'), 'asked', 1000), {
      code: 'MAILBOX_FULL',
    });
    await ask(system.actorOf(Props.of(Runner)), answer, 1000);
    assert.deepEqual(seen, ['fills', 'all', 'all', 'asked', 'asked']);
  });
});

test('a name and the .. behind it are nothing; a walk goes up first, and then down', () => {
  const steps = (path: string): readonly string[] => parseSelection(path).steps;
  assert.deepEqual(steps('/user/*/../one'), ['user', 'one']);
  assert.deepEqual(steps('../../a/b/../c'), ['..', '..', 'a', 'c']);
  assert.deepEqual(steps('a/../../b'), ['..', 'b']);
  const step = fc.constantFrom('..', '.', 'a', '*', 'b?');
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (parts) => {
      assert.ok(isWalkable(steps(parts.join('/'))));
    }),
  );
  assert.equal(isWalkable(['a', '..', 'b']), false);
  assert.equal(isWalkable([1]), false);
});

test('what is not a path is refused at once', async () => {
  await withSystem(async (system) => {
    for (const path of ['', 'http://x/user/a', '/user/a#x', '/user/a#1#2', 'ringlane://test']) {
      assert.throws(() => system.actorSelection(path), { code: 'INVALID_ARGUMENT' }, path);
    }
    assert.equal(`${system.actorSelection('/user/x')}`, 'ActorSelection[/user/x]');
  });
});

test('matching agrees with a regular expression', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
  fc.assert(
    fc.property(pattern, name, (step, text) => {
      const expression = new RegExp(`^${step.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
      assert.equal(matchesStep(step, text), expression.test(text));
    }),
    { numRuns: 2000 },
  );
});
