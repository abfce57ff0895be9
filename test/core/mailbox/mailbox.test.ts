import { deepEqual, equal, ok } from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { afterEach, test } from 'node:test';
import { LIMITS } from '../../../core/config/limits.js';
import { LocalQueue } from '../../../core/mailbox/local-queue.js';
import { MailboxGroup, send, sendBeside } from './mailbox-pair.js';
import { until } from '../../support/until.js';

let group: MailboxGroup;
afterEach(() => group?.close());

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

test('a record wakes a parked mailbox, again and again', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  for (let round = 0; round < 20; round++) {
    ok(send(sender, round));
    await group.until(() => sink.numbers.length === round + 1);
    // Long enough for the window of the idle strategy to end in vain.
    const parkedAt = performance.now() + 3;
    await group.until(() => performance.now() > parkedAt);
  }
  deepEqual(sink.numbers, range(20));
});

test('two mailboxes that only answer each other never lose a wake-up', async () => {
  group = new MailboxGroup(2);
  const rounds = 3000;
  group.mailboxes.forEach((mailbox, me) => {
    group.sinks[me]!.onNumber = (value) => {
      if (value < rounds) send(mailbox.senderTo(1 - me), value + 1);
    };
  });
  send(group.mailboxes[0]!.senderTo(1), 0);
  await group.until(() => group.sinks.some((sink) => sink.numbers.at(-1) === rounds));
  deepEqual(
    group.sinks[1]!.numbers,
    range(rounds + 1).filter((i) => i % 2 === 0),
  );
});

test('order holds from lane to backlog to lane, and what is refused was never sent', async () => {
  group = new MailboxGroup(2, 500);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  let sent = 0;
  for (let burst = 0; burst < 5; burst++) {
    const before = sent;
    while (send(sender, sent, 8 + ((sent * 24) % 4096))) sent++;
    if (burst === 0) ok(sent - before > 500, 'the lane and all of the backlog');
    equal(sender.hasRoom(), false);
    equal(send(sender, -1, 8), false, 'full stays full within a turn');
    // Some records pass, then the next burst meets a backlog that is half empty.
    const some = sink.numbers.length + 100;
    await group.until(() => sink.numbers.length >= some);
  }
  await sender.whenRoom();
  await group.until(() => sink.numbers.length === sent);
  deepEqual(sink.numbers, range(sent));
});

test('replies are never refused, and keep their place', async () => {
  group = new MailboxGroup(2, 10);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  let sent = 0;
  while (send(sender, sent, 1024)) sent++;
  for (let i = 0; i < 5000; i++) ok(send(sender, sent++, 64, true));
  equal(send(sender, -1), false);
  await group.until(() => sink.numbers.length === sent);
  deepEqual(sink.numbers, range(sent));
});

test('ready resolves when there is room, for everybody who waits, and at closing', async () => {
  group = new MailboxGroup(2, 100);
  const sender = group.mailboxes[0]!.senderTo(1);
  await sender.whenRoom();
  while (send(sender, 0, 1024));
  let woken = 0;
  const waiters = range(50).map(() => sender.whenRoom().then(() => woken++));
  equal(woken, 0);
  await Promise.all(waiters);
  ok(sender.hasRoom());
  while (send(sender, 0, 1024));
  const last = sender.whenRoom();
  group.mailboxes[0]!.abandon(1, 1, () => true);
  await last;
  equal(sender.isOpen, false);
  equal(send(sender, 1), false);
  equal(send(sender, 1, 8, true), false);
  await sender.whenRoom();
});

test('ready waits until half of what may lie beside the lane is read, also asleep', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  const half = LIMITS.bytesBeside / 2;
  let read = 0;
  group.sinks[1]!.onNumber = () => read++;
  for (let round = 1; round <= 3; round++) {
    sendBeside(sender, round, half / 2);
    ok(sender.hasRoom());
    sendBeside(sender, round, half + 8);
    equal(sender.hasRoom(), false);
    await sender.whenRoom();
    equal(read, 2 * round);
  }
  sendBeside(sender, 4, half + 8);
  void sender.whenRoom();
  sender.flush();
  equal(sender.prepareToPark(), true);
});

test('values beside the lane keep their place among those in it', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  for (let i = 0; i < 300; i++) {
    if (i % 3 === 0) sendBeside(sender, i);
    else ok(send(sender, i));
  }
  await group.until(() => group.sinks[1]!.numbers.length === 300);
  deepEqual(group.sinks[1]!.numbers, range(300));
});

test('a lane that breaks its layout is read no more; the others go on', async () => {
  group = new MailboxGroup(3);
  const [bad, good] = [group.mailboxes[1]!.senderTo(0), group.mailboxes[2]!.senderTo(0)];
  const sink = group.sinks[0]!;
  ok(send(bad, 1) && send(good, 2));
  await group.until(() => sink.numbers.length === 2);
  const at = bad.claim(8);
  bad.commit(8, 1);
  bad.words[(at >> 2) - 2] = 12_345;
  ok(send(good, 3));
  await group.until(() => sink.failures.length === 1 && sink.numbers.length === 3);
  deepEqual(sink.failures, [1]);
  ok(send(bad, 4) && send(good, 5));
  await group.until(() => sink.numbers.includes(5));
  ok(!sink.numbers.includes(4));
});

test('no producer starves another', async () => {
  group = new MailboxGroup(3);
  const order: number[] = [];
  group.sinks[0]!.onNumber = (_value, producer) => order.push(producer);
  const [hot, calm] = [group.mailboxes[1]!.senderTo(0), group.mailboxes[2]!.senderTo(0)];
  for (let i = 0; i < 1500; i++) ok(send(hot, i));
  ok(send(calm, 0));
  await group.until(() => order.length === 1501);
  ok(order.indexOf(2) <= 1024, `the calm one had its turn after ${order.indexOf(2)} records`);
});

test('a lane of a thread that ended is drained before it is forgotten', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[1]!.senderTo(0);
  ok(send(sender, 0));
  await group.until(() => group.sinks[0]!.numbers.length === 1);
  for (let i = 1; i < 500; i++) ok(send(sender, i));
  sender.flush();
  group.mailboxes[0]!.dropLanes(1, 1);
  deepEqual(group.sinks[0]!.numbers, range(500));
});

test('local tasks run in order, never at once, and let timers in between', async () => {
  group = new MailboxGroup(1);
  const mailbox = group.mailboxes[0]!;
  const seen: number[] = [];
  for (let i = 0; i < 10_000; i++) mailbox.post({ run: () => seen.push(i) });
  equal(seen.length, 0);
  await mailbox.whenLocalRoom();
  await group.until(() => seen.length === 10_000);
  deepEqual(seen, range(10_000));
  let turns = 0;
  let isOver = false;
  const again = (): void => {
    turns++;
    if (!isOver) mailbox.post({ run: () => void Promise.resolve().then(again) });
  };
  again();
  await new Promise((resolve) => setTimeout(resolve, 1));
  isOver = true;
  ok(turns > 10, 'the loop was under way when the timer fired');
});

test('answers that come bit by bit are taken without a turn of the event loop', async () => {
  group = new MailboxGroup(2);
  const asker = group.mailboxes[0]!;
  const sink = group.sinks[0]!;
  const answers = group.mailboxes[1]!.senderTo(0);
  ok(send(answers, 0));
  // On one core nobody looks for answers while another is awake.
  await group.until(() => sink.numbers.length === 1 && group.isParked(1));
  const begun: boolean[] = [];
  sink.isExpecting = true;
  sink.onNumber = (value) => {
    sink.isExpecting = value < 10;
    // What goes on with an answer is the reason of the next one.
    void Promise.resolve().then(() => {
      begun.push(asker.turn !== 0);
      if (value < 10 && send(answers, value + 1)) answers.flush();
    });
  };
  let turns = 0;
  setImmediate(() => turns++);
  ok(send(answers, 1));
  answers.flush();
  asker.post({ run() {} });
  for (let i = 0; i < 100; i++) await Promise.resolve();
  deepEqual(sink.numbers, range(11));
  equal(turns, 0);
  ok(!begun.includes(true), 'to look is not to send: the next call reads the clock');
});

test('what is sent leaves in its microtask, however many came before', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  ok(send(sender, 0));
  await group.until(() => sink.numbers.length === 1 && group.isParked(0) && group.isParked(1));
  for (let i = 1; i <= 200; i++) {
    ok(send(sender, i));
    for (let hop = 0; hop < 2; hop++) await Promise.resolve();
  }
  group.mailboxes[1]!.drainNow();
  deepEqual(sink.numbers, range(201));
});

test('who awaits what a bell has brought goes on before the thread parks again', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  ok(send(sender, 0));
  await group.until(() => sink.numbers.length === 1 && group.isParked(1));
  const parked: boolean[] = [];
  for (let round = 1; round <= 5; round++) {
    group.passSilence();
    const seen = new Promise<void>((resolve) => {
      sink.onNumber = () => {
        // The chain of an await: what was settled, then who awaits it.
        void Promise.resolve().then(() => {
          parked.push(group.isParked(1));
          resolve();
        });
      };
    });
    ok(send(sender, round));
    equal(group.isParked(1), false, 'it was rung inside the call');
    await seen;
    // After a silence it does not poll: it parks in a microtask, not in a turn of the event loop.
    for (let i = 0; i < 3; i++) await Promise.resolve();
    equal(group.isParked(1), true);
  }
  deepEqual(parked, Array(5).fill(false));
  deepEqual(sink.numbers, range(6));
});

test('a bell whose turn asks without deadlines leaves the thread asleep, not deaf', async () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  const sink = group.sinks[1]!;
  sink.onNumber = () => (sink.hasAsked = true);
  for (let round = 0; round < 5; round++) {
    group.passSilence();
    ok(send(sender, round));
    await group.until(() => sink.numbers.length === round + 1 && group.isParked(1));
  }
});

test('a mailbox with nothing to do lets the thread sleep', async () => {
  group = new MailboxGroup(3);
  const [, one, two] = group.mailboxes;
  send(one!.senderTo(0), 1);
  send(two!.senderTo(0), 1);
  await group.until(() => group.sinks[0]!.numbers.length === 2);
  // One that looked again and again would be busy all the time; a busy machine is, now and then.
  await until(
    async () => {
      const before = performance.eventLoopUtilization();
      await new Promise<void>((resolve) => setTimeout(resolve, 100));
      return performance.eventLoopUtilization(before).utilization < 0.2;
    },
    'a calm while',
    1_000,
  );
});

test('a closed mailbox refuses lanes, sends nothing and lets the process go', () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  group.close();
  group.close();
  equal(sender.isOpen, false);
  equal(send(sender, 1), false);
  group.mailboxes[0]!.post({ run: () => {} });
});

test('a mailbox that is closed in the turn of a bell polls no more', async () => {
  group = new MailboxGroup(2);
  const [one, two] = group.mailboxes;
  const sender = one!.senderTo(1);
  ok(send(sender, 0));
  await group.until(() => group.sinks[1]!.numbers.length === 1 && group.awake === 0);
  group.sinks[1]!.onNumber = () => two!.post({ run: () => two!.close() });
  ok(send(sender, 1));
  await group.until(() => two!.isClosed);
  await group.until(() => group.isParked(0));
  equal(group.awake, 0, 'nobody is taken for a poller for ever');
});

test('a local queue grows and stays in order', () => {
  const queue = new LocalQueue();
  let next = 0;
  const seen: number[] = [];
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < round; i++) {
      const value = next++;
      queue.push({ run: () => seen.push(value) });
    }
    for (let i = 0; i < round / 2; i++) queue.shift()?.run();
  }
  while (queue.size > 0) queue.shift()!.run();
  equal(queue.shift(), undefined);
  deepEqual(seen, range(next));
});
