import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActorRef } from '../../../actor.js';
import { watchFrom } from '../../../core/actor/actor-ref.js';
import type { Terminated } from '../../../core/actor/actor-signals.js';
import { DeathWatch } from '../../../core/actor/death-watch.js';
import { Timers } from '../../../core/actor/timers.js';
import { LIMITS } from '../../../core/config/limits.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A reference whose end is told by hand. */
class Mortal extends ActorRef<unknown> {
  readonly uid = 1;
  readonly path: string;
  watchers: ((error?: unknown) => void)[] = [];
  released = 0;

  constructor(name: string) {
    super();
    this.path = `ringlane://test/user/${name}#1`;
  }

  tell(): void {}

  override [watchFrom](onEnd: (error?: unknown) => void): { release(): void } {
    this.watchers.push(onEnd);
    return { release: () => void this.released++ };
  }
}

function createWatch(): {
  readonly watch: DeathWatch;
  readonly told: Terminated[];
  readonly failures: unknown[];
} {
  const told: Terminated[] = [];
  const failures: unknown[] = [];
  const watch = new DeathWatch({
    self: new Mortal('self'),
    notify: (message) => told.push(message),
    onFailure: (error) => failures.push(error),
  });
  return { watch, told, failures };
}

test('an end is told once, and taken once; what was taken back is not', () => {
  const { watch, told } = createWatch();
  const [a, b] = [new Mortal('a'), new Mortal('b')];
  for (const ref of [a, a, b]) watch.watch(ref);
  assert.equal(a.watchers.length, 1);
  watch.unwatch(b);
  assert.equal(b.released, 1);
  a.watchers[0]!();
  assert.equal(told.length, 1);
  assert.equal(watch.take(told[0]!), true);
  assert.equal(watch.take(told[0]!), false);
});

test('what was put back is taken once more, unless it is unwatched', () => {
  const { watch, told } = createWatch();
  const [a, b] = [new Mortal('a'), new Mortal('b')];
  for (const ref of [a, b]) {
    watch.watch(ref);
    ref.watchers[0]!();
  }
  for (const message of told) {
    assert.equal(watch.take(message), true);
    watch.putBack(message);
  }
  watch.unwatch(b);
  assert.deepEqual(
    told.map((message) => watch.take(message)),
    [true, false],
  );
  assert.equal(watch.take(told[0]!), false);
});

test('a watch that cannot be kept fails the watcher instead of claiming an end', () => {
  const { watch, told, failures } = createWatch();
  const a = new Mortal('a');
  watch.watch(a);
  a.watchers[0]!(new Error('no room'));
  assert.deepEqual([told.length, failures.length], [0, 1]);
});

test('who has ended lets go of those it watched, and tells its watchers at once', () => {
  const { watch } = createWatch();
  const a = new Mortal('a');
  watch.watch(a);
  let ends = 0;
  const early = watch.addWatcher(() => ends++);
  watch.addWatcher(() => ends++);
  early.release();
  watch.end();
  assert.deepEqual([a.released, ends], [1, 1]);
  watch.addWatcher(() => ends++);
  assert.equal(ends, 2);
});

test('an actor watches at most 65 536 others, and is watched from afar by as many', () => {
  const { watch } = createWatch();
  const limit = LIMITS.watchedPerActor;
  for (let i = 0; i < limit; i++) watch.watch(new Mortal(`m${i}`));
  const error = { code: 'MAILBOX_FULL', limit, actual: limit + 1 };
  assert.throws(() => watch.watch(new Mortal('one more')), error);
  watch.unwatch(new Mortal('m0'));
  watch.watch(new Mortal('instead'));
  const first = watch.addDistantWatcher(() => {});
  for (let i = 1; i < LIMITS.distantWatchersPerActor; i++) watch.addDistantWatcher(() => {});
  assert.throws(() => watch.addDistantWatcher(() => {}), { code: 'MAILBOX_FULL' });
  first.release();
  first.release();
  watch.addDistantWatcher(() => {});
  assert.throws(() => watch.addDistantWatcher(() => {}), { code: 'MAILBOX_FULL' });
});

test('an actor has at most 65 536 timers; one of the same key takes no more room', () => {
  const timers = new Timers(new ManualClock(), () => {});
  const limit = LIMITS.timersPerActor;
  for (let key = 0; key < limit; key++) timers.startSingleTimer(key, 'message', 10);
  timers.startSingleTimer(0, 'again', 10);
  assert.throws(() => timers.startSingleTimer('new', 'message', 10), {
    code: 'MAILBOX_FULL',
    limit,
  });
  timers.cancel(1);
  timers.startSingleTimer('new', 'message', 10);
});
