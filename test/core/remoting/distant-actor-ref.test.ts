import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { stopActor, watchFrom } from '../../../core/actor/actor-ref.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { DistantActorRef } from '../../../core/remoting/distant-actor-ref.js';
import type { LinkedHost } from '../../../core/remoting/distant-asker.js';
import { ManualClock } from '../../support/manual-clock.js';

/** The host of an actor elsewhere: takes a watch, or has no room for it. */
function scene() {
  const clock = new ManualClock();
  const host = {
    isFull: false,
    watches: 0,
    end: (): void => {},
    async watch(): Promise<void> {
      if (host.isFull) throw new RpcError('MAILBOX_FULL', 'no room');
      host.watches++;
      await new Promise<void>((resolve) => (host.end = resolve));
    },
    unwatch(): void {
      if (host.isFull) throw new RpcError('MAILBOX_FULL', 'no room');
      host.watches--;
      host.end();
    },
    stops: 0,
    stop(): void {
      if (host.isFull) throw new RpcError('MAILBOX_FULL', 'no room');
      host.stops++;
    },
  };
  const link = { use: (task: (to: typeof host) => void) => task(host) };
  const linked = { link, clock, nextWatch: () => 'w' } as unknown as LinkedHost;
  return { clock, host, ref: new DistantActorRef('ringlane://test/user/a#1', 1, linked) };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test('a watch that finds no room is asked for again: nobody has ended', async () => {
  const { clock, host, ref } = scene();
  const ends: unknown[] = [];
  host.isFull = true;
  ref[watchFrom]((error) => ends.push(error));
  await settle();
  host.isFull = false;
  clock.advance(5);
  await settle();
  deepEqual(ends, []);
  equal(host.watches, 1);
  host.end();
  await settle();
  deepEqual(ends, [undefined]);
});

test('a watch that is taken back is not asked for any more', async () => {
  const { clock, host, ref } = scene();
  host.isFull = true;
  const watch = ref[watchFrom](() => {});
  await settle();
  watch.release();
  host.isFull = false;
  clock.advance(5);
  await settle();
  equal(host.watches, 0);
  equal(clock.pendingTimers, 0);
});

test('a stop that finds no room is asked for again, once, however often wanted', async () => {
  const { clock, host, ref } = scene();
  host.isFull = true;
  for (let time = 0; time < 3; time++) ref[stopActor]();
  await settle();
  equal(clock.pendingTimers, 1);
  host.isFull = false;
  clock.advance(5);
  await settle();
  deepEqual([host.stops, clock.pendingTimers], [1, 0]);
  ref[stopActor]();
  equal(host.stops, 2, 'with room it leaves at once');
});

test('a watch that is taken back while there is no room ends when there is', async () => {
  const { clock, host, ref } = scene();
  const watch = ref[watchFrom](() => {});
  await settle();
  host.isFull = true;
  watch.release();
  await settle();
  equal(host.watches, 1);
  host.isFull = false;
  clock.advance(5);
  await settle();
  deepEqual([host.watches, clock.pendingTimers], [0, 0]);
});
