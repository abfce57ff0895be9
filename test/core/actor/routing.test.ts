import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Actor,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  ask,
  broadcast,
  consistentHash,
  group,
  PoisonPill,
  pool,
  Props,
  roundRobin,
} from '../../../actor.js';
import { until } from '../../support/until.js';
import { lettersOf, Recorder, Runner, type Step, withSystem } from './actor-support.js';

type Job = { readonly key: string } | { readonly fail: true } | typeof PoisonPill;

/** Answers its name. */
class Namer extends Actor<Job> {
  readonly #made: string[];

  constructor(made: string[] = []) {
    super();
    this.#made = made;
  }

  override onStart(context: ActorContext<Job>): void {
    this.#made.push(context.self.name);
  }

  override onReceive(message: Job, context: ActorContext<Job>): void {
    if ('fail' in message) throw new Error('on purpose');
    context.sender.tell(context.self.name);
  }
}

const keyed = (i: number): Job => ({ key: `key-${i}` });

async function answers(router: ActorRef<Job>, count: number): Promise<unknown[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => ask(router, keyed(i), 1000)));
}

/** Everything told so far has had its turn. */
async function settle(system: ActorSystem): Promise<void> {
  const answer: Step = ({ sender }) => sender.tell('alive');
  for (let i = 0; i < 4; i++) await ask(system.actorOf(Props.of(Runner)), answer, 1000);
}

test('round robin: each in its turn, and the sender is kept', async () => {
  await withSystem(async (system) => {
    const router = system.actorOf(pool(roundRobin(), 3, Props.of(Namer)), 'router');
    assert.deepEqual(await answers(router, 7), [
      ...['routee-1', 'routee-2', 'routee-3'],
      ...['routee-1', 'routee-2', 'routee-3', 'routee-1'],
    ]);
    assert.equal(
      await ask(system.actorSelection('/user/router/routee-2'), keyed(0), 1000),
      'routee-2',
    );
  });
});

test('broadcast: everybody hears it', async () => {
  await withSystem(async (system) => {
    const seen: unknown[] = [];
    const router = system.actorOf(pool(broadcast(), 3, Props.of(Recorder, seen)), 'router');
    router.tell('to all');
    await settle(system);
    assert.deepEqual(seen, ['to all', 'to all', 'to all']);
  });
});

test('broadcast: an ask takes the first answer, and fails when all have failed it', async () => {
  await withSystem(async (system) => {
    const refs = ['a', 'b', 'c'].map((name) => system.actorOf(Props.of(Namer), name));
    const router = system.actorOf(group(broadcast(), refs), 'router');
    for (const name of ['a', 'b']) {
      system.actorSelection(`/user/${name}`).tell(PoisonPill);
      await settle(system);
      assert.notEqual(await ask(router, { key: 'k' }, 1000), name);
    }
    await assert.rejects(ask(router, { fail: true }, 1000), { code: 'HANDLER_FAILED' });
    assert.equal(await ask(router, { key: 'k' }, 1000), 'c');
    system.actorSelection('/user/c').tell(PoisonPill);
    await settle(system);
    await assert.rejects(ask(router, { key: 'k' }, 1000), { code: 'RECIPIENT_UNREACHABLE' });
  });
});

test('consistent hash: one key, one routee; the keys of others stay when one ends', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const logic = consistentHash((message: Job) => {
      if (!('key' in message)) throw new Error('no key');
      return message.key;
    });
    const router = system.actorOf(pool(logic, 4, Props.of(Namer)), 'router');
    const before = await answers(router, 60);
    assert.deepEqual(await answers(router, 60), before);
    assert.equal(new Set(before).size, 4);
    system.actorSelection('/user/router/routee-3').tell(PoisonPill);
    await settle(system);
    const after = await answers(router, 60);
    for (const [index, name] of before.entries()) {
      if (name === 'routee-3') assert.notEqual(after[index], name);
      else assert.equal(after[index], name);
    }
    await assert.rejects(ask(router, { fail: true }, 1000), { code: 'HANDLER_FAILED' });
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['refused'],
    );
    assert.deepEqual(await answers(router, 60), after, 'the pool has survived it');
  });
});

test('a pool supervises its routees, and ends with the last one', async () => {
  await withSystem(async (system) => {
    const made: string[] = [];
    const router = system.actorOf(pool(roundRobin(), 2, Props.of(Namer, made)), 'router');
    await assert.rejects(ask(router, { fail: true }, 1000), { code: 'HANDLER_FAILED' });
    assert.deepEqual(await answers(router, 2), ['routee-2', 'routee-1']);
    assert.deepEqual(made, ['routee-1', 'routee-2', 'routee-1']);
    system.actorSelection('/user/router/*').tell(PoisonPill);
    await settle(system);
    await assert.rejects(ask(router, keyed(1), 1000), { code: 'RECIPIENT_UNREACHABLE' });
  });
});

test('a full routee is no failure of its router', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const props = Props.of(Recorder, []).withMailboxLimit(1);
    const router = system.actorOf(pool(roundRobin(), 1, props), 'router');
    await settle(system);
    for (let i = 0; i < 3; i++) router.tell(i);
    await settle(system);
    assert.ok(letters.every(({ reason }) => reason === 'refused'));
    assert.equal(letters.length, 2);
  });
});

test('a group sends to references and paths, also of those that come later', async () => {
  await withSystem(async (system) => {
    const first = system.actorOf(Props.of(Namer), 'first');
    const router = system.actorOf(group(roundRobin(), [first, '/user/later']), 'router');
    assert.equal(await ask(router, keyed(0), 1000), 'first');
    await assert.rejects(ask(router, keyed(0), 1000), { code: 'RECIPIENT_UNREACHABLE' });
    system.actorOf(Props.of(Namer), 'later');
    assert.deepEqual(await answers(router, 2), ['first', 'later']);
  });
});

test('a pool of placed routees stashes until they are made, within its bound', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const placed = pool(roundRobin(), 2, Props.of(Namer).withThread('home')).withStashLimit(2);
    const router = system.actorOf(placed, 'router');
    const early = [0, 1].map((i) => ask(router, keyed(i), 1000));
    await assert.rejects(ask(router, keyed(2), 1000), { code: 'MAILBOX_FULL' });
    assert.deepEqual(await Promise.all(early), ['routee-1', 'routee-2']);
    await until(() => letters.length === 1, 'the dead letter');
  });
});

test('a router has 1 to 4 096 routees', () => {
  for (const count of [0, 4097, 1.5]) {
    assert.throws(() => pool(roundRobin(), count, Props.of(Namer)), { code: 'INVALID_ARGUMENT' });
  }
  pool(roundRobin(), 4096, Props.of(Namer));
  assert.throws(() => group(roundRobin(), []), { code: 'INVALID_ARGUMENT' });
});
