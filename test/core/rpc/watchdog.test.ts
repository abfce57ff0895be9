import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { ActorThread } from '../../../core/actor/actor-thread.js';
import { silentLogger } from '../../../core/base/logger.js';
import { effectiveOptions } from '../../../core/config/options.js';
import {
  clearProgress,
  ProgressWriter,
  readProgress,
} from '../../../core/memory/progress-words.js';
import { createRegion, type Region } from '../../../core/memory/region-descriptor.js';
import { type BlockedThread, Watchdog } from '../../../core/rpc/watchdog.js';
import { ManualClock } from '../../support/manual-clock.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const resource of open.splice(0)) resource.close();
});

interface Kennel {
  readonly clock: ManualClock;
  readonly region: Region;
  readonly reports: BlockedThread[];
  readonly thread: ActorThread;
}

/** A watchdog on thread 0 that looks at thread 1. */
function setUp(watchdogMs: number): Kennel {
  const clock = new ManualClock();
  const region = createRegion(2);
  const reports: BlockedThread[] = [];
  const thread = new ActorThread({
    thread: 0,
    region,
    settings: effectiveOptions({ threads: 1, watchdogMs }).settings,
    clock,
    logger: silentLogger,
    epochMs: clock.nowMs(),
    offerLane: (offer) => offer.port.close(),
  });
  const watchdog = new Watchdog(
    thread,
    region,
    () => [1],
    (blocked) => reports.push(blocked),
  );
  open.push({ close: () => thread.close(() => new Error('closed') as never) }, watchdog);
  return { clock, region, reports, thread };
}

test('a thread that shows no progress is reported once, with what it was last called for', () => {
  const { clock, region, reports } = setUp(100);
  const progress = new ProgressWriter(region, 1);
  for (let i = 0; i < 20; i++) {
    progress.tick();
    clock.advance(25);
  }
  deepEqual(reports, []);
  progress.enter(0x0100_0007, 3);
  for (let i = 0; i < 20; i++) clock.advance(25);
  deepEqual(reports, [{ thread: 1, recipient: 0x0100_0007, method: 3, blockedMs: 100 }]);
  progress.tick();
  for (let i = 0; i < 20; i++) clock.advance(25);
  equal(reports.length, 2, 'it went on meanwhile, so it is another block');
});

test('many calls one after the other are progress, whatever the event loop does', () => {
  const { clock, region, reports } = setUp(100);
  const progress = new ProgressWriter(region, 1);
  for (let i = 0; i < 100; i++) {
    progress.enter(0x0100_0007, 3);
    clock.advance(25);
  }
  deepEqual(reports, []);
});

test('a thread that has not begun, or has died, is not blocked', () => {
  const { clock, region, reports } = setUp(100);
  for (let i = 0; i < 20; i++) clock.advance(25);
  new ProgressWriter(region, 1).enter(1, 1);
  clock.advance(25);
  clearProgress(region, 1);
  for (let i = 0; i < 20; i++) clock.advance(25);
  deepEqual(reports, []);
  deepEqual(readProgress(region, 1), { count: 0, recipient: 0, method: 0 });
});

test('a watchdog that was late itself gives everybody their time again', () => {
  const { clock, region, reports } = setUp(100);
  const progress = new ProgressWriter(region, 1);
  progress.tick();
  clock.advance(25);
  clock.jump(10_000);
  clock.advance(25);
  deepEqual(reports, []);
  for (let i = 0; i < 5; i++) clock.advance(25);
  equal(reports.length, 1);
});

test('without the option nobody writes and nobody looks', () => {
  const { clock, region, reports, thread } = setUp(0);
  equal(thread.progress, undefined);
  for (let i = 0; i < 20; i++) clock.advance(25);
  deepEqual(reports, []);
  equal(readProgress(region, 0).count, 0);
});
