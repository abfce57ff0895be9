import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Actor,
  type ActorContext,
  type ActorRef,
  type ActorSystem,
  ask,
  oneForOne,
  Props,
} from '../../../actor.js';
import { deferred } from '../../../core/base/deferred.js';
import { failure } from '../../support/failure.js';
import { ManualClock } from '../../support/manual-clock.js';
import { lettersOf, Recorder, Runner, type Step, withSystem } from './actor-support.js';

const answer: Step = ({ sender }) => sender.tell('alive');
const fail: Step = () => {
  throw new Error('on purpose');
};

/** Everything told so far has had its turn. */
async function settle(system: ActorSystem): Promise<void> {
  for (let i = 0; i < 3; i++) await ask(system.actorOf(Props.of(Runner)), answer, 1000);
}

/** Runs `step` in a turn of `runner`. */
function run(
  runner: ActorRef<Step>,
  step: (context: ActorContext<Step>) => void,
): Promise<unknown> {
  return ask(
    runner,
    (context) => {
      step(context);
      context.sender.tell('done');
    },
    1000,
  );
}

test('become handles the next messages otherwise; unbecome goes back', async () => {
  await withSystem(async (system) => {
    const seen: string[] = [];
    const runner = system.actorOf(Props.of(Runner), 'runner');
    await run(runner, (context) => {
      context.become(
        (step, inner) => {
          seen.push('other');
          if (seen.length === 2) inner.unbecome();
          return step(inner);
        },
        { discardOld: false },
      );
    });
    for (let i = 0; i < 3; i++) assert.equal(await ask(runner, answer, 1000), 'alive');
    assert.deepEqual(seen, ['other', 'other'], 'the third message found the first behaviour');
    await run(runner, (context) => {
      context.unbecome();
      context.unbecome();
    });
    assert.equal(await ask(runner, answer, 1000), 'alive', 'onReceive cannot be taken away');
  });
});

test('become replaces all behaviours unless told otherwise; a restart forgets them', async () => {
  await withSystem(async (system) => {
    const seen: string[] = [];
    const runner = system.actorOf(Props.of(Runner), 'runner');
    const named =
      (name: string) =>
      (step: Step, context: ActorContext<Step>): void | Promise<void> => {
        seen.push(name);
        return step(context);
      };
    await run(runner, (context) => context.become(named('a'), { discardOld: false }));
    await run(runner, (context) => context.become(named('b')));
    await run(runner, (context) => context.unbecome());
    await run(runner, () => {});
    assert.deepEqual(seen, ['a', 'b']);
    await run(runner, (context) => context.become(named('c')));
    runner.tell(fail);
    assert.equal(await ask(runner, answer, 1000), 'alive');
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });
});

test('there are at most 1 024 behaviours, one above the other', async () => {
  await withSystem(async (system) => {
    const runner = system.actorOf(Props.of(Runner), 'runner');
    await run(runner, (context) => {
      const push = (): void => {
        context.become((step, inner) => step(inner), { discardOld: false });
      };
      for (let i = 0; i < 1024; i++) push();
      assert.throws(push, { code: 'INVALID_STATE', limit: 1024 });
    });
  });
});

type Queued = number | 'open' | 'close';

/** Stashes what is not for it now: numbers while closed. */
class Valve extends Actor<Queued> {
  readonly #seen: number[];
  #isClosed = false;

  constructor(seen: number[]) {
    super();
    this.#seen = seen;
  }

  override onReceive(message: Queued, context: ActorContext<Queued>): void {
    if (typeof message === 'number') {
      if (this.#isClosed) context.stash();
      else this.#seen.push(message);
    } else {
      this.#isClosed = message === 'close';
      if (!this.#isClosed) context.unstashAll();
    }
  }
}

test('whatever is stashed comes back in order, before what waits', async () => {
  const plan = fc.array(fc.constantFrom<'tell' | 'open' | 'close'>('tell', 'open', 'close'), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(plan, async (steps) => {
      await withSystem(async (system) => {
        const seen: number[] = [];
        const valve = system.actorOf(Props.of(Valve, seen), 'valve');
        let next = 0;
        for (const step of steps) valve.tell(step === 'tell' ? next++ : step);
        valve.tell('open');
        await settle(system);
        while (seen.length < next) await settle(system);
        assert.deepEqual(
          seen,
          Array.from({ length: next }, (_, i) => i),
        );
      });
    }),
    { numRuns: 40 },
  );
});

test('a stash is bounded, and takes a message once', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const runner = system.actorOf(Props.of(Runner).withStashLimit(2), 'runner');
    const errors: unknown[] = [];
    const stash: Step = (context) => {
      try {
        context.stash();
      } catch (error) {
        errors.push(error);
      }
    };
    const twice: Step = (context) => {
      context.stash();
      assert.throws(() => context.stash(), { code: 'INVALID_STATE' });
    };
    runner.tell(twice);
    for (let i = 0; i < 2; i++) runner.tell(stash);
    await settle(system);
    assert.equal(errors.length, 1);
    assert.deepEqual((errors[0] as { code: string }).code, 'MAILBOX_FULL');
    assert.deepEqual((errors[0] as { limit: number }).limit, 2);
    system.stop(runner);
    await settle(system);
    assert.deepEqual(
      letters.map(({ reason, path }) => [reason, path]),
      [
        ['unreachable', '/user/runner'],
        ['unreachable', '/user/runner'],
      ],
      'what is stashed at the end is not lost unseen',
    );
    assert.throws(() => Props.of(Runner).withStashLimit(0), { code: 'INVALID_ARGUMENT' });
  });
});

test('nothing can be stashed outside of a message', async () => {
  await withSystem(async (system) => {
    const codes: unknown[] = [];
    class Early extends Runner {
      override onStart(context?: ActorContext<Step>): void {
        assert.throws(() => context!.stash(), { code: 'INVALID_STATE' });
        codes.push('refused');
      }
    }
    assert.equal(await ask(system.actorOf(Props.of(Early)), answer, 1000), 'alive');
    assert.deepEqual(codes, ['refused']);
  });
});

test('a restart puts the stash back in front', async () => {
  await withSystem(async (system) => {
    const seen: string[] = [];
    let isClosed = true;
    const runner = system.actorOf(Props.of(Runner), 'runner');
    const say =
      (word: string): Step =>
      (context) => {
        if (isClosed) context.stash();
        else seen.push(word);
      };
    runner.tell(say('first'));
    runner.tell(say('second'));
    runner.tell(() => {
      isClosed = false;
      throw new Error('on purpose');
    });
    runner.tell(say('third'));
    await settle(system);
    assert.deepEqual(seen, ['first', 'second', 'third']);
  });
});

test('a mailbox is bounded for each actor by itself', async () => {
  await withSystem(async (system) => {
    const letters = lettersOf(system);
    const seen: unknown[] = [];
    const small = system.actorOf(Props.of(Recorder, seen).withMailboxLimit(3), 'small');
    for (let i = 0; i < 3; i++) small.tell(i);
    assert.throws(() => small.tell(3), { code: 'MAILBOX_FULL', limit: 3, actual: 3 });
    await assert.rejects(ask(small, 4, 1000), { code: 'MAILBOX_FULL', effect: 'none' });
    system.actorOf(Props.of(Recorder, seen), 'large').tell('other');
    await settle(system);
    assert.deepEqual(seen, [0, 1, 2, 'other']);
    small.tell(5);
    await settle(system);
    assert.equal(seen.at(-1), 5);
    assert.deepEqual(letters, []);
    assert.throws(() => Props.of(Runner).withMailboxLimit(-1), { code: 'INVALID_ARGUMENT' });
  });
});

test('a single timer comes once and never early; a new one of its key replaces it', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const seen: string[] = [];
      const runner = system.actorOf(Props.of(Runner), 'runner');
      await run(runner, ({ timers }) => {
        timers.startSingleTimer('a', () => void seen.push('old'), 10);
        timers.startSingleTimer('a', () => void seen.push('new'), 20);
        timers.startSingleTimer('b', () => void seen.push('b'), 20);
        timers.startSingleTimer('c', () => void seen.push('c'), 5);
        timers.cancel('c');
        timers.cancel('nobody');
        assert.deepEqual(
          ['a', 'b', 'c'].map((key) => timers.isTimerActive(key)),
          [true, true, false],
        );
      });
      clock.advance(19);
      await settle(system);
      assert.deepEqual(seen, []);
      clock.advance(1);
      await settle(system);
      assert.deepEqual(seen, ['new', 'b']);
      await run(runner, ({ timers }) => assert.equal(timers.isTimerActive('a'), false));
      clock.advance(100);
      await settle(system);
      assert.equal(seen.length, 2);
    },
    { clock },
  );
});

test('a message that waits is dropped when its timer is cancelled or replaced', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const seen: string[] = [];
      const runner = system.actorOf(Props.of(Runner), 'runner');
      await run(runner, ({ timers }) => {
        timers.startSingleTimer('a', () => void seen.push('cancelled'), 10);
        timers.startSingleTimer('b', () => void seen.push('replaced'), 10);
      });
      runner.tell(({ timers }) => {
        timers.cancel('a');
        timers.startSingleTimer('b', () => void seen.push('later'), 10);
      });
      clock.advance(10);
      await settle(system);
      assert.deepEqual(seen, []);
      clock.advance(10);
      await settle(system);
      assert.deepEqual(seen, ['later']);
    },
    { clock },
  );
});

test('a fixed delay begins when the message before is taken, a fixed rate catches up', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const seen: string[] = [];
      const runner = system.actorOf(Props.of(Runner), 'runner');
      await run(runner, ({ timers }) => {
        timers.startTimerWithFixedDelay('delay', () => void seen.push('delay'), 10);
        timers.startTimerAtFixedRate('rate', () => void seen.push('rate'), 10);
        assert.throws(() => timers.startTimerAtFixedRate('x', () => {}, 0), {
          code: 'INVALID_ARGUMENT',
        });
        assert.throws(() => timers.startSingleTimer('x', () => {}, -1), {
          code: 'INVALID_ARGUMENT',
        });
      });
      const count = (word: string): number => seen.filter((line) => line === word).length;
      clock.advance(30);
      await settle(system);
      assert.deepEqual([count('delay'), count('rate')], [1, 3]);
      for (let i = 0; i < 3; i++) {
        clock.advance(10);
        await settle(system);
      }
      assert.deepEqual([count('delay'), count('rate')], [4, 6]);
      await run(runner, ({ timers }) => timers.cancelAll());
      clock.advance(100);
      await settle(system);
      assert.equal(seen.length, 10);
      assert.equal(clock.pendingTimers <= 1, true, 'only the tick of deadlines is left');
    },
    { clock },
  );
});

test('timers end with their instance: at a restart and at the end', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const seen: string[] = [];
      const runner = system.actorOf(Props.of(Runner), 'runner');
      const start: Step = ({ timers }) => {
        timers.startTimerAtFixedRate('rate', () => void seen.push('rate'), 10);
      };
      runner.tell(start);
      await settle(system);
      clock.advance(10);
      runner.tell(fail);
      clock.advance(50);
      await settle(system);
      assert.deepEqual(seen, ['rate'], 'the one that came before the failure');
      runner.tell(start);
      await settle(system);
      system.stop(runner);
      await settle(system);
      clock.advance(50);
      await settle(system);
      assert.deepEqual(seen, ['rate']);
    },
    { clock },
  );
});

test('a turn that outlives its actor starts no timer and stashes nothing', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const runner = system.actorOf(Props.of(Runner), 'runner');
      const gate = deferred<void>();
      let timersBefore = 0;
      const step: Step = async (context) => {
        const { timers } = context;
        await gate.promise;
        timersBefore = clock.pendingTimers;
        timers.startTimerAtFixedRate('rate', () => {}, 10);
        timers.startTimerWithFixedDelay('delay', () => {}, 10);
        timers.startSingleTimer('single', () => {}, 10);
        assert.equal(timers.isTimerActive('rate'), false);
        context.stash();
      };
      const stashed = failure('RECIPIENT_UNREACHABLE', ask(runner, step, 0));
      await settle(system);
      system.stop(runner);
      await settle(system);
      gate.resolve();
      await stashed;
      assert.equal(clock.pendingTimers, timersBefore);
    },
    { clock },
  );
});

test('resume keeps the instance and its state; the failed message is gone', async () => {
  await withSystem(
    async (system) => {
      const life: string[] = [];
      const runner = system.actorOf(Props.of(Runner, life), 'runner');
      runner.tell(fail);
      assert.equal(await ask(runner, answer, 1000), 'alive');
      assert.deepEqual(life, ['start 1']);
    },
    { supervision: oneForOne('resume') },
  );
});

test('the restart hooks see reason and message; by default they stop and start', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    class Hooked extends Runner {
      override preRestart(reason: unknown, message: unknown): void {
        life.push(`pre ${(reason as Error).message} ${message === fail}`);
      }
      override postRestart(reason: unknown): void {
        life.push(`post ${(reason as Error).message}`);
      }
    }
    const runner = system.actorOf(Props.of(Hooked, life), 'runner');
    runner.tell(fail);
    assert.equal(await ask(runner, answer, 1000), 'alive');
    assert.deepEqual(life, ['start 1', 'pre on purpose true', 'post on purpose']);
  });
});

test('a parent that resumes after an escalated failure lets the child go on', async () => {
  class Escalating extends Runner {
    override supervisorStrategy(): ReturnType<typeof oneForOne> {
      return oneForOne('escalate');
    }
  }
  await withSystem(
    async (system) => {
      const life: string[] = [];
      const parent = system.actorOf(Props.of(Escalating), 'parent');
      await run(parent, (context) => void context.actorOf(Props.of(Runner, life), 'child'));
      const child = system.actorSelection('/user/parent/child');
      child.tell(fail);
      assert.equal(await ask(child, answer, 1000), 'alive');
      assert.equal(await ask(parent, answer, 1000), 'alive');
      assert.deepEqual(life, ['start 1']);
    },
    { supervision: oneForOne('resume') },
  );
});

test('on one thread a placed actor lives here; another thread is refused', async () => {
  await withSystem(async (system) => {
    const placed = await system.actorOf(Props.of(Runner).withThread('any'), 'placed');
    assert.equal(await ask(placed, answer, 1000), 'alive');
    await assert.rejects(system.actorOf(Props.of(Runner).withThread(0), 'other'), {
      code: 'INVALID_ARGUMENT',
    });
    await assert.rejects(system.actorOf(Props.of(Runner).withThread('home'), 'placed'), {
      code: 'DUPLICATE_ENDPOINT',
    });
    class Unstartable extends Runner {
      override onStart(): void {
        throw new Error('no');
      }
    }
    await assert.rejects(system.actorOf(Props.of(Unstartable).withThread('home')), {
      code: 'ENDPOINT_START_FAILED',
    });
  });
});

test('a placed actor that is stopped before its first turn fails who waits for it', async () => {
  await withSystem(async (system) => {
    const parent = system.actorOf(Props.of(Runner), 'parent');
    const made = deferred<unknown>();
    parent.tell((context) => {
      made.resolve(context.actorOf(Props.of(Runner).withThread('home'), 'child'));
    });
    parent.tell(fail);
    const error = await failure('ENDPOINT_START_FAILED', made.promise);
    assert.match(error.message, /child could not be started: it was stopped before/);
    assert.equal(await ask(parent, answer, 1000), 'alive');
  });
});
