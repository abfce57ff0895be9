import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { MailboxGroup, send } from './mailbox-pair.js';

let group: MailboxGroup;
afterEach(() => group?.close());

/** The thread dies where it is; whoever watches says so first in shared memory. */
function kill(thread: number): void {
  group.mailboxes[thread]!.close();
  group.lives.end(thread);
}

test('a thread that died is sent nothing; its next life has a lane of its own', async () => {
  group = new MailboxGroup(2);
  const [mailbox] = group.mailboxes;
  const first = mailbox!.senderTo(1);
  ok(send(first, 1));
  await group.until(() => group.sinks[1]!.numbers.length === 1);
  kill(1);
  mailbox!.abandon(1, 1, () => true);
  mailbox!.dropLanes(1, 1);
  equal(send(first, 2), false);
  equal(mailbox!.senderTo(1), first, 'there is nobody to open a lane to');
  group.spawn(1);
  const second = mailbox!.senderTo(1);
  notEqual(second, first);
  ok(send(second, 3));
  await group.until(() => group.sinks[1]!.numbers.length === 1);
  deepEqual(group.sinks[1]!.numbers, [3]);
  equal(first.isOpen, false, 'the old way stays closed');
});

test('a thread that never was sent anything is not offered a lane once it is dead', () => {
  group = new MailboxGroup(2);
  kill(1);
  const sender = group.mailboxes[0]!.senderTo(1);
  equal(sender.isOpen, false);
  equal(send(sender, 1), false);
  deepEqual(group.offers, []);
});

test('what waited in the backlog is handed back; the lane may have been read', () => {
  group = new MailboxGroup(2);
  const sender = group.mailboxes[0]!.senderTo(1);
  let sent = 0;
  while (send(sender, sent, 1024)) sent++;
  kill(1);
  const unsent: number[] = [];
  group.mailboxes[0]!.abandon(1, 1, (source, _type, offset) => {
    unsent.push(source.words[offset >> 2]!);
    return true;
  });
  equal(unsent.length, 1000, 'as many as the backlog holds');
  deepEqual(
    unsent,
    Array.from({ length: 1000 }, (_, i) => sent - 1000 + i),
  );
});

test('a lane of a later life may come before the news of the death', async () => {
  group = new MailboxGroup(2);
  const [mailbox] = group.mailboxes;
  const [sink] = group.sinks;
  sink!.onNumber = () => {};
  mailbox!.senderTo(1);
  ok(send(group.mailboxes[1]!.senderTo(0), 1));
  await group.until(() => sink!.numbers.length === 1);
  kill(1);
  group.spawn(1);
  ok(send(group.mailboxes[1]!.senderTo(0), 2));
  await group.until(() => sink!.numbers.length === 2);
  deepEqual(sink!.replaced, ['1:1']);
  // The late news must not take the lane of the second life along.
  mailbox!.abandon(1, 1, () => true);
  mailbox!.dropLanes(1, 1);
  ok(send(group.mailboxes[1]!.senderTo(0), 3));
  await group.until(() => sink!.numbers.length === 3);
  deepEqual(sink!.numbers, [1, 2, 3]);
});

test('who connects to a later life than it knows buries the earlier one first', () => {
  group = new MailboxGroup(2);
  const [mailbox] = group.mailboxes;
  const [sink] = group.sinks;
  mailbox!.senderTo(1);
  mailbox!.senderToCurrent(1);
  deepEqual(sink!.replaced, []);
  kill(1);
  group.spawn(1);
  mailbox!.senderToCurrent(1);
  deepEqual(sink!.replaced, ['1:1']);
});

test('a lane that comes after the death of its producer is taken in once and closed', async () => {
  group = new MailboxGroup(2);
  const [, dying] = group.mailboxes;
  ok(send(dying!.senderTo(0), 1));
  kill(1);
  await group.until(() => group.sinks[0]!.numbers.length === 1);
  deepEqual(group.sinks[0]!.numbers, [1]);
  deepEqual(group.sinks[0]!.late, ['1:1']);
  deepEqual(group.sinks[0]!.waysBack, ['1:1 closed']);
});

test('what a dead life has sent is answered to nobody, though its next life is known', async () => {
  group = new MailboxGroup(2);
  const [mailbox] = group.mailboxes;
  const [sink] = group.sinks;
  mailbox!.senderTo(1);
  const dying = group.mailboxes[1]!.senderTo(0);
  ok(send(dying, 1));
  await group.until(() => sink!.numbers.length === 1);
  ok(send(dying, 2));
  kill(1);
  mailbox!.abandon(1, 1, () => true);
  group.spawn(1);
  ok(mailbox!.senderTo(1).isOpen, 'the way to the second life');
  mailbox!.dropLanes(1, 1);
  ok(send(group.mailboxes[1]!.senderTo(0), 3));
  await group.until(() => sink!.numbers.length === 3);
  deepEqual(sink!.waysBack, ['1:1', '1:1 closed', '1:2']);
  equal(sink!.repliesTo.size, 2, 'all calls of one life are lost with one way back');
});

test('the first lane of a dead life may come when its next life is known', async () => {
  group = new MailboxGroup(2);
  const [mailbox] = group.mailboxes;
  const [sink] = group.sinks;
  ok(send(group.mailboxes[1]!.senderTo(0), 1));
  kill(1);
  group.spawn(1);
  const way = mailbox!.senderTo(1);
  await group.until(() => sink!.numbers.length === 1);
  deepEqual(sink!.waysBack, ['1:1 closed']);
  deepEqual(sink!.late, ['1:1']);
  equal(mailbox!.senderTo(1), way, 'the way to the second life stays');
  ok(way.isOpen);
});
