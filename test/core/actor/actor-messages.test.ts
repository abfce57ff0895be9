import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Actor,
  type ActorContext,
  ActorRef,
  ActorSystem,
  type AnyActorRef,
  ask,
  Failure,
  pipe,
  PoisonPill,
  Props,
} from '../../../actor.js';
import { isRpcError, type RpcError } from '../../../core/errors/rpc-error.js';
import { ManualClock } from '../../support/manual-clock.js';
import { lettersOf, Recorder, Runner, withSystem } from './actor-support.js';

class Echo extends Actor<string> {
  override onReceive(message: string, context: ActorContext<string>): void {
    context.sender.tell(`${context.self.name}:${message}`, context.self);
  }
}

type Trouble = 'throw' | 'reject' | 'failure' | 'silent' | 'other';

/** Fails, refuses, or keeps silent. */
class Difficult extends Actor<Trouble> {
  override onReceive(message: Trouble, context: ActorContext<Trouble>): void | Promise<void> {
    if (message === 'throw') throw new TypeError('broken');
    if (message === 'reject') return Promise.reject(new TypeError('broken later'));
    if (message === 'failure') context.sender.tell(new Failure(new Error('no luck')));
    else if (message === 'other') this.unhandled(message);
    return undefined;
  }
}

async function failureOf(promise: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await promise.then(
    () => assert.fail('it did not fail'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isRpcError(error), String(error));
  return error;
}

test('messages arrive in order, one at a time, never inside the tell', async () => {
  await withSystem(async (system) => {
    const seen: unknown[] = [];
    const recorder = system.actorOf(Props.of(Recorder, seen), 'recorder');
    for (let i = 0; i < 10_000; i++) recorder.tell(i);
    assert.deepEqual(seen, [], 'a tell only puts the message into the mailbox');
    await ask(system.actorOf(Props.of(Echo)), 'done', 1000);
    assert.deepEqual(
      seen,
      Array.from({ length: 10_000 }, (_, i) => i),
    );
  });
});

test('an actor that tells itself is not re-entered', async () => {
  await withSystem(async (system) => {
    const events: string[] = [];
    const runner = system.actorOf(Props.of(Runner));
    runner.tell((context) => {
      context.self.tell(() => void events.push('inner'));
      events.push('outer');
    });
    await system.ready();
    await ask(system.actorOf(Props.of(Echo)), 'done', 1000);
    assert.deepEqual(events, ['outer', 'inner']);
  });
});

test('an ask is answered by what its sender is told first; the rest is dead letters', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const twice = system.actorOf(Props.of(Runner), 'twice');
    const answer = ask(
      twice,
      ({ sender, self }) => {
        sender.tell('first', self);
        sender.tell('second', self);
      },
      1000,
    );
    assert.equal(await answer, 'first');
    assert.deepEqual(
      letters.map(({ reason, message }) => [reason, message]),
      [['unreachable', 'second']],
    );
    assert.match(letters[0]!.path, /^ringlane:\/\/test\/temp\/\$\d+#\d+$/);
  });
});

test('forward keeps the sender; replies of an async turn still find theirs', async () => {
  await withSystem(async (system) => {
    const echo = system.actorOf(Props.of(Echo), 'echo');
    const proxy = system.actorOf(Props.of(Runner), 'proxy');
    assert.equal(await ask(proxy, (context) => echo.forward('hi', context), 1000), 'echo:hi');
    const answers = ['a', 'b'].map((text) =>
      ask(
        proxy,
        async ({ sender }) => {
          await Promise.resolve();
          sender.tell(text);
        },
        1000,
      ),
    );
    assert.deepEqual(await Promise.all(answers), ['a', 'b']);
  });
});

test('an ask fails at once when the receiver fails, refuses, or is gone', async () => {
  await withSystem(async (system) => {
    const difficult = system.actorOf(Props.of(Difficult), 'difficult');
    const thrown = await failureOf(ask(difficult, 'throw', 60_000));
    assert.equal(thrown.code, 'HANDLER_FAILED');
    assert.ok(thrown.cause instanceof TypeError);
    assert.match(thrown.message, /\/user\/difficult failed: TypeError: broken$/);
    const rejected = await failureOf(ask(difficult, 'reject', 60_000));
    assert.match(rejected.message, /broken later/);
    const answered = await failureOf(ask(difficult, 'failure', 60_000));
    assert.equal(answered.code, 'HANDLER_FAILED');
    assert.match(answered.message, /answered a failure: Error: no luck/);
    const unhandled = await failureOf(ask(difficult, 'other', 60_000));
    assert.deepEqual([unhandled.code, unhandled.effect], ['UNKNOWN_METHOD', 'none']);
    difficult.tell(PoisonPill);
    const gone = await failureOf(ask(difficult, 'silent', 60_000));
    assert.deepEqual([gone.code, gone.effect], ['RECIPIENT_UNREACHABLE', 'none']);
  });
});

test('an ask has a deadline, and names whom it asked', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const difficult = system.actorOf(Props.of(Difficult), 'difficult');
      const failure = failureOf(ask(difficult, 'silent', 250));
      clock.advance(240);
      await system.ready();
      clock.advance(100);
      const error = await failure;
      assert.deepEqual([error.code, error.limit], ['TIMEOUT', 250]);
      assert.match(error.message, /ringlane:\/\/test\/user\/difficult#\d+ within 250 ms/);
      assert.match(error.stack ?? '', /actor-messages\.test\.js/);
    },
    { clock, captureAskCallStack: true },
  );
});

test('wrong deadlines and too many asks are refused as rejections', async () => {
  await withSystem(
    async (system) => {
      const silent = system.actorOf(Props.of(Difficult));
      assert.equal((await failureOf(ask(silent, 'silent', -1))).code, 'INVALID_ARGUMENT');
      const open = ask(silent, 'silent', 60_000);
      assert.equal((await failureOf(ask(silent, 'silent', 1))).code, 'MAILBOX_FULL');
      await system.close();
      assert.equal((await failureOf(open)).code, 'SERVICE_CLOSED');
    },
    { maxPendingAsks: 1 },
  );
});

test('unhandled messages are dead letters with a subscription that can end', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const more: unknown[] = [];
    const unsubscribe = system.deadLetters.subscribe((letter) => more.push(letter));
    const seen: unknown[] = [];
    const sender = system.actorOf(Props.of(Recorder, seen), 'sender');
    const difficult = system.actorOf(Props.of(Difficult), 'difficult');
    difficult.tell('other', sender);
    await system.ready();
    await failureOf(ask(difficult, 'failure', 1000));
    unsubscribe();
    difficult.tell('other');
    await failureOf(ask(difficult, 'failure', 1000));
    assert.equal(more.length, 1);
    const { reason, path, message, sender: from } = letters[0]!;
    assert.deepEqual([reason, path, message], ['unhandled', '/user/difficult', 'other']);
    assert.equal(from, sender);
    assert.equal(letters[1]!.sender, ActorRef.noSender);
    assert.equal(system.deadLetters.count, 2);
  });
});

test('pipe tells the outcome of a promise, in the mailbox like anything else', async () => {
  await withSystem(async (system) => {
    const seen: unknown[] = [];
    const recorder = system.actorOf(Props.of(Recorder, seen));
    const wrong = new Error('wrong');
    pipe(Promise.resolve(7)).to(recorder);
    pipe(Promise.reject(wrong)).to(recorder);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(seen[0], 7);
    assert.ok(seen[1] instanceof Failure);
    assert.equal(seen[1].error, wrong);
  });
});

test('a full mailbox refuses tells and asks; what the engine sends is a dead letter', async () => {
  await withSystem(
    async (system) => {
      const seen: unknown[] = [];
      const letters = lettersOf(system);
      const recorder = system.actorOf(Props.of(Recorder, seen));
      await system.ready();
      for (let i = 0; i < 8; i++) recorder.tell(i);
      assert.throws(
        () => recorder.tell(8),
        (error) => isRpcError(error) && error.code === 'MAILBOX_FULL' && error.limit === 8,
      );
      const full = failureOf(ask(recorder, 9, 1000));
      pipe(Promise.resolve('piped')).to(recorder);
      await Promise.resolve();
      assert.equal((await full).code, 'MAILBOX_FULL');
      await system.ready();
      assert.ok(seen.length >= 8);
      assert.ok(seen.includes('piped') || letters.some(({ message }) => message === 'piped'));
    },
    { backlogLimit: 8 },
  );
});

test('nobody: no sender answers to dead letters, and noSender itself takes nothing', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const echo = system.actorOf(Props.of(Echo), 'echo');
    echo.tell('into the void');
    await ask(echo, 'done', 1000);
    assert.deepEqual(
      letters.map(({ path, message }) => [path, message]),
      [['ringlane://test/deadLetters#0', 'echo:into the void']],
    );
    assert.throws(() => ActorRef.noSender.tell('x'), { code: 'RECIPIENT_UNREACHABLE' });
    const nobody = await failureOf(ask(ActorRef.noSender, 'x', 1000));
    assert.equal(nobody.code, 'RECIPIENT_UNREACHABLE');
  });
});

test('references: path with uid, equality and order', async () => {
  await withSystem(async (system) => {
    const first: AnyActorRef = system.actorOf(Props.of(Echo), 'a');
    const second: AnyActorRef = system.actorOf(Props.of(Echo), 'b');
    assert.equal(first.path, `ringlane://test/user/a#${first.uid}`);
    assert.equal(`${first}`, `Actor[${first.path}]`);
    assert.equal(JSON.stringify({ first }), `{"first":"${first.path}"}`);
    assert.equal(first.name, 'a');
    assert.ok(first.equals(first) && !first.equals(second) && !first.equals('a'));
    assert.ok(first.compareTo(second) < 0 && second.compareTo(first) > 0);
    assert.equal(first.compareTo(first), 0);
    system.stop(first);
    await system.ready();
    await ask(system.actorOf(Props.of(Echo)), 'done', 1000);
    const successor: AnyActorRef = system.actorOf(Props.of(Echo), 'a');
    assert.ok(!successor.equals(first));
    assert.notEqual(successor.compareTo(first), 0);
    assert.equal(successor.compareTo(second) < 0, true);
  });
});

test('two systems of one thread talk to each other by reference', async () => {
  await withSystem(async (one) => {
    const other = ActorSystem.create('other');
    const echo = other.actorOf(Props.of(Echo), 'echo');
    const proxy = one.actorOf(Props.of(Runner));
    assert.equal(await ask(proxy, (context) => echo.forward('x', context), 1000), 'echo:x');
    assert.throws(() => one.stop(echo), { code: 'INVALID_ARGUMENT' });
    await other.close();
  });
});

test('a second answer to an ask settles no later one, however many were asked since', () =>
  withSystem(async (system) => {
    const askers: ActorContext<string>['sender'][] = [];
    class Holding extends Actor<string> {
      override onReceive(message: string, context: ActorContext<string>): void {
        askers.push(context.sender);
        if (message !== 'hold') context.sender.tell(message, context.self);
      }
    }
    const holding = system.actorOf(Props.of(Holding));
    // Through all numbers that the first ask's place in the table has.
    for (let i = 0; i < 4095; i++) assert.equal(await ask(holding, 'hi', 60_000), 'hi');
    const held = ask(holding, 'hold', 60_000);
    await ask(holding, 'behind', 60_000);
    askers[0]!.tell('for the first');
    askers[4095]!.tell('for the last');
    assert.equal(await held, 'for the last');
  }));
