import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Actor,
  type ActorContext,
  ActorSystem,
  type ActorRef,
  ask,
  oneForOne,
  PoisonPill,
  Props,
  type SupervisorStrategy,
} from '../../../actor.js';
import type { Logger } from '../../../core/base/logger.js';
import { ManualClock } from '../../support/manual-clock.js';
import { lettersOf, Runner, type Step, withSystem } from './actor-support.js';

const fail: Step = () => {
  throw new Error('on purpose');
};
const answer: Step = ({ sender }) => sender.tell('alive');

/** Everything told so far has had its turn. */
async function settle(system: ActorSystem): Promise<void> {
  await ask(system.actorOf(Props.of(Runner)), answer, 1000);
}

function errorsInto(lines: string[]): Logger {
  const error = (_facts: object, message: string): void => void lines.push(message);
  return { debug() {}, info() {}, warn() {}, error };
}

/** A parent with a strategy of its own and one child. */
class Parent extends Actor<Step> {
  readonly #life: string[];
  readonly #strategy: SupervisorStrategy;

  constructor(life: string[], strategy: SupervisorStrategy) {
    super();
    this.#life = life;
    this.#strategy = strategy;
  }

  override onStart(context: ActorContext<Step>): void {
    this.#life.push('parent start');
    context.actorOf(Props.of(Runner, this.#life), 'child');
  }

  override onStop(): void {
    this.#life.push('parent stop');
  }

  override onReceive(step: Step, context: ActorContext<Step>): void | Promise<void> {
    return step(context);
  }

  override supervisorStrategy(): SupervisorStrategy {
    return this.#strategy;
  }
}

test('a failed actor is restarted: new instance, same reference, mailbox kept', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    const runner = system.actorOf(Props.of(Runner, life), 'runner');
    runner.tell(fail);
    const alive = ask(runner, answer, 1000);
    assert.equal(await alive, 'alive');
    assert.deepEqual(life, ['start 1', 'stop 1', 'start 2']);
  });
});

test('three restarts in 30 s, the fourth failure stops; older ones no longer count', async () => {
  const clock = new ManualClock();
  await withSystem(
    async (system) => {
      const life: string[] = [];
      const patient = system.actorOf(Props.of(Runner, life), 'patient');
      for (let i = 0; i < 3; i++) patient.tell(fail);
      await settle(system);
      clock.advance(30_000);
      for (let i = 0; i < 3; i++) patient.tell(fail);
      assert.equal(await ask(patient, answer, 1000), 'alive');
      patient.tell(fail);
      await assert.rejects(ask(patient, answer, 1000), { code: 'RECIPIENT_UNREACHABLE' });
      assert.equal(life.filter((line) => line.startsWith('start')).length, 7 + 0);
      assert.equal(life.at(-1), `stop ${life.at(-1)!.split(' ')[1]}`);
    },
    { clock },
  );
});

test('the system option decides for top-level actors, failure by failure', async () => {
  const decided: string[] = [];
  const supervision = oneForOne((error, child) => {
    decided.push(`${child.name}: ${(error as Error).message}`);
    return 'stop';
  });
  await withSystem(
    async (system) => {
      const life: string[] = [];
      const runner = system.actorOf(Props.of(Runner, life), 'once');
      const letters = lettersOf(system);
      runner.tell(fail);
      runner.tell(answer);
      await settle(system);
      assert.deepEqual(life, ['start 1', 'stop 1']);
      assert.deepEqual(decided, ['once: on purpose']);
      assert.deepEqual(
        letters.map(({ reason }) => reason),
        ['unreachable'],
      );
    },
    { supervision },
  );
});

test('escalating makes the parent fail in place of the child', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    const parent = system.actorOf(Props.of(Parent, life, oneForOne('escalate')), 'parent');
    const child = system.actorSelection('/user/parent/child');
    await settle(system);
    child.tell(fail);
    await settle(system);
    assert.deepEqual(life, [
      ...['parent start', 'start 1'],
      ...['stop 1', 'parent stop', 'parent start', 'start 2'],
    ]);
    assert.equal(await ask(parent, answer, 1000), 'alive');
    assert.equal(await ask(child, answer, 1000), 'alive');
  });
});

test('escalating past the top ends the system, and says why', async () => {
  const life: string[] = [];
  const system = ActorSystem.create('test', { supervision: oneForOne('escalate') });
  const runner = system.actorOf(Props.of(Runner, life), 'runner');
  runner.tell(fail);
  runner.tell(answer);
  await assert.rejects(system.terminationFuture, (error: Error) => {
    assert.match(error.message, /escalated to the top of test: Error: on purpose/);
    return true;
  });
  await system.close();
  assert.throws(() => system.actorOf(Props.of(Runner)), { code: 'SERVICE_CLOSED' });
});

test('an actor that cannot be made or started is stopped, and told to be', async () => {
  const lines: string[] = [];
  class Unmakeable extends Actor<string> {
    constructor() {
      super();
      throw new Error('no');
    }
    override onReceive(): void {}
  }
  class Unstartable extends Runner {
    override onStart(): void {
      throw new Error('no');
    }
  }
  await withSystem(
    async (system) => {
      const life: string[] = [];
      await assert.rejects(ask(system.actorOf(Props.of(Unmakeable), 'x'), 'm', 1000), {
        code: 'RECIPIENT_UNREACHABLE',
      });
      await assert.rejects(ask(system.actorOf(Props.of(Unstartable, life), 'y'), answer, 1000), {
        code: 'RECIPIENT_UNREACHABLE',
      });
      assert.equal(life.length, 1, 'what was constructed is stopped');
      assert.equal(lines.length, 2);
      system.actorOf(Props.of(Runner), 'x');
    },
    { logger: errorsInto(lines) },
  );
});

test('hooks and deciders that throw change nothing for others', async () => {
  const lines: string[] = [];
  class BadStop extends Runner {
    override onStop(): void {
      throw new Error('bad stop');
    }
  }
  class BadStrategy extends Parent {
    override supervisorStrategy(): SupervisorStrategy {
      throw new Error('bad strategy');
    }
  }
  await withSystem(
    async (system) => {
      const bad = system.actorOf(Props.of(BadStop), 'bad');
      bad.tell(fail);
      assert.equal(await ask(bad, answer, 1000), 'alive');
      bad.tell(PoisonPill);
      const undecided = oneForOne(() => {
        throw new Error('cannot decide');
      });
      system.actorOf(Props.of(Parent, [], undecided), 'one');
      system.actorOf(Props.of(BadStrategy, [], undecided), 'two');
      await settle(system);
      for (const name of ['one', 'two']) {
        system.actorSelection(`/user/${name}/child`).tell(fail);
        await settle(system);
        const gone = ask(system.actorSelection(`/user/${name}/child`), answer, 60_000);
        await assert.rejects(gone, { code: 'RECIPIENT_UNREACHABLE' });
      }
    },
    { logger: errorsInto(lines) },
  );
  assert.ok(lines.includes('onStop of an actor failed'));
  assert.ok(lines.includes('a supervisor could not decide; the child is stopped'));
  assert.ok(lines.includes('supervisorStrategy failed; the child is stopped'));
});

test('a late rejection of a replaced instance restarts nobody', async () => {
  await withSystem(async (system) => {
    const life: string[] = [];
    const runner: ActorRef<Step> = system.actorOf(Props.of(Runner, life));
    let reject: (error: Error) => void = () => {};
    const late = ask(runner, () => new Promise<void>((_, onReject) => (reject = onReject)), 1000);
    runner.tell(fail);
    await settle(system);
    const before = [...life];
    reject(new Error('late'));
    await assert.rejects(late, { code: 'HANDLER_FAILED' });
    assert.deepEqual(life, before);
  });
});
