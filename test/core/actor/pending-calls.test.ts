import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { type CallContext, PendingCalls, type Relay } from '../../../core/actor/pending-calls.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { CancelBits } from '../../../core/memory/cancel-bits.js';
import { createRegion } from '../../../core/memory/region-descriptor.js';

function context(peer: object = {}): CallContext {
  return {
    peer,
    timeoutError: (timeoutMs, site) =>
      new RpcError('TIMEOUT', `${timeoutMs} ms${site ? ' with site' : ''}`),
  };
}

let lateAnswers = 0;
beforeEach(() => {
  lateAnswers = 0;
});

const gone = (): RpcError => new RpcError('PEER_LOST', 'gone');

test('a call is completed once; what comes later is counted and forgotten', async () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const call = pending.open(context(), 0, 0);
  const promise = pending.promise(call);
  equal(pending.count, 1);
  equal(pending.resolve(call, 'first'), true);
  equal(pending.resolve(call, 'second'), false);
  equal(pending.reject(call, gone()), false);
  equal(await promise, 'first');
  equal(pending.count, 0);
  equal(lateAnswers, 2);
});

test('a slot is reused with another number, so that a late answer finds nobody', async () => {
  const pending = new PendingCalls(1, () => lateAnswers++);
  const first = pending.open(context(), 0, 0);
  const answer = rejects(pending.promise(first), { code: 'PEER_LOST' });
  pending.reject(first, gone());
  await answer;
  const second = pending.open(context(), 0, 0);
  notEqual(second, first);
  const other = pending.promise(second);
  equal(pending.resolve(first, 'for the first'), false);
  equal(lateAnswers, 1);
  pending.resolve(second, 'for the second');
  equal(await other, 'for the second');
});

test('a time-out without a site tells who awaited it, also through a chain of awaits', async () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  async function theCaller(): Promise<unknown> {
    return await pending.promise(pending.open(context(), 10, 10));
  }
  const error = theCaller().then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  pending.expire(1000);
  match((await error)?.stack ?? '', /RpcError: TIMEOUT: 10 ms\n[^]*at async theCaller/);
  equal(pending.count, 0);
});

test('numbers go through all generations without ever being 0', () => {
  const pending = new PendingCalls(1, () => lateAnswers++);
  const seen = new Set<number>();
  for (let i = 0; i < 4095; i++) {
    const call = pending.open(context(), 0, 0);
    notEqual(call, 0);
    equal(call | 0, call);
    ok(!seen.has(call), 'no number comes twice within the generations');
    seen.add(call);
    pending.close(call);
  }
  ok(seen.has(pending.open(context(), 0, 0)), 'then they begin anew');
});

test('as many as the limit wait, no more, and room comes back', () => {
  for (const limit of [1, 2, 1023, 1024, 1025, 5000]) {
    const pending = new PendingCalls(limit, () => lateAnswers++);
    const calls = Array.from({ length: limit }, () => pending.open(context(), 0, 0));
    equal(new Set(calls).size, limit);
    ok(!calls.includes(0));
    equal(pending.open(context(), 0, 0), 0);
    equal(pending.count, limit);
    pending.close(calls[limit >> 1]!);
    notEqual(pending.open(context(), 0, 0), 0);
    equal(pending.open(context(), 0, 0), 0);
  }
});

test('all calls of a lost peer fail together, those of others go on', async () => {
  const pending = new PendingCalls(5000, () => lateAnswers++);
  const [lost, other] = [{}, {}];
  const outcomes: Promise<string>[] = [];
  const open = (peer: object): number => {
    const call = pending.open(context(peer), 0, 0);
    outcomes.push(pending.promise(call).then(String, (e: unknown) => (e as RpcError).code));
    return call;
  };
  const calls = Array.from({ length: 3000 }, (_, i) => open(i % 3 === 0 ? lost : other));
  equal(pending.peerOf(calls[0]!), lost);
  pending.failPeer(lost, gone);
  equal(pending.count, 2000);
  equal(pending.peerOf(calls[0]!), undefined);
  for (const call of calls) pending.resolve(call, 'ok');
  equal(lateAnswers, 1000);
  const expected = calls.map((_, i) => (i % 3 === 0 ? 'PEER_LOST' : 'ok'));
  deepEqual(await Promise.all(outcomes), expected);
});

test('deadlines fail their calls with what the method says', async () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const early = pending.open(context(), 100, 50);
  const late = pending.open(context(), 200, 150);
  const none = pending.open(context(), 0, 0);
  pending.rememberSite(late, new Error('here'));
  const outcomes = [early, late, none].map((call) => pending.promise(call));
  pending.expire(99);
  equal(pending.count, 3);
  pending.expire(100);
  await rejects(outcomes[0]!, { code: 'TIMEOUT', message: 'TIMEOUT: 50 ms' });
  pending.expire(10_000);
  await rejects(outcomes[1]!, { message: 'TIMEOUT: 150 ms with site' });
  equal(pending.count, 1);
  equal(pending.resolve(early, 1), false);
  pending.resolve(none, 'still here');
  equal(await outcomes[2], 'still here');
});

test('a deadline of a call that has ended strikes nobody who has its slot now', async () => {
  const pending = new PendingCalls(1, () => lateAnswers++);
  pending.resolve(pending.open(context(), 100, 50), 'done');
  const second = pending.open(context(), 1000, 50);
  const promise = pending.promise(second);
  pending.expire(500);
  pending.resolve(second, 'alive');
  equal(await promise, 'alive');
});

test('what is to be done at the end is done once, however it ends', () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const ended: string[] = [];
  const open = (name: string, deadline = 0): number => {
    const call = pending.open(context(), deadline, deadline);
    pending.promise(call).catch(() => {});
    pending.onEnd(call, () => ended.push(name));
    return call;
  };
  const value = open('value');
  const error = open('error');
  open('timeout', 10);
  open('all');
  pending.resolve(value, 1);
  pending.resolve(value, 2);
  pending.reject(error, gone());
  pending.expire(10);
  pending.failAll(gone);
  deepEqual(ended, ['value', 'error', 'timeout', 'all']);
});

test('a relay hears of failures and time-outs itself', () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const heard: string[] = [];
  const relay: Relay & CallContext = {
    ...context(),
    onReply() {},
    onFailure: (e) => heard.push(e.code),
  };
  const first = pending.open(relay, 100, 100);
  pending.relay(first, relay);
  const second = pending.open(relay, 0, 0);
  pending.relay(second, relay);
  equal(pending.relayOf(first), relay);
  pending.expire(100);
  equal(pending.relayOf(first), undefined);
  pending.failAll(gone);
  deepEqual(heard, ['TIMEOUT', 'PEER_LOST']);
  const plain = pending.open(context(), 0, 0);
  equal(pending.relayOf(plain), undefined, 'the slot forgot whose it was');
});

test('an abandoned call keeps its place and its cancel bit until the answer comes', async () => {
  const bits = new CancelBits(createRegion(1, 64), 0);
  const pending = new PendingCalls(1, () => lateAnswers++, bits);
  const call = pending.open(context(), 0, 0);
  const answer = rejects(pending.promise(call), { code: 'CANCELLED' });
  equal(bits.isSet(call), false);
  equal(pending.abandon(call, new RpcError('CANCELLED', 'enough')), true);
  await answer;
  equal(bits.isSet(call), true);
  equal(pending.open(context(), 0, 0), 0, 'the place is taken, so the bit is of no other call');
  pending.reject(call, gone());
  equal(bits.isSet(call), false);
  equal(pending.abandon(call, gone()), false, 'a call that has ended is not abandoned');
  const next = pending.open(context(), 0, 0);
  notEqual(next, 0);
  equal(bits.isSet(next), false);
  equal(lateAnswers, 0, 'the answer to a cancel is not late');
});

test('an abandoned call whose answer never comes ends with its deadline or its peer', () => {
  const bits = new CancelBits(createRegion(1, 64), 0);
  const pending = new PendingCalls(2, () => lateAnswers++, bits);
  const peer = {};
  const calls = [pending.open(context(peer), 100, 100), pending.open(context(peer), 0, 0)];
  for (const call of calls) {
    pending.promise(call).catch(() => {});
    pending.abandon(call, gone());
  }
  pending.expire(100);
  deepEqual(
    calls.map((call) => bits.isSet(call)),
    [false, true],
  );
  pending.failPeer(peer, gone);
  equal(pending.count, 0);
  equal(bits.isSet(calls[1]!), false);
});

test('a refusal because of the deadline is told as the time-out of the method', async () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const told = new RpcError('TIMEOUT', 'too late there', { effect: 'none' });
  const unrun: (string | undefined)[] = [];
  const from: CallContext = {
    peer: {},
    timeoutError: (timeoutMs, _site, whyUnrun) => {
      unrun.push(whyUnrun);
      return new RpcError('TIMEOUT', `the method's own, ${timeoutMs} ms`);
    },
  };
  for (const hasSite of [true, false]) {
    const call = pending.open(from, 100, 100);
    const promise = pending.promise(call);
    if (hasSite) pending.rememberSite(call, new Error('here'));
    pending.fail(call, told);
    await rejects(promise, /the method's own, 100 ms/);
  }
  equal(unrun.length, 2);
  ok(unrun.every((why) => why?.includes('refused it unrun')));
  const other = pending.open(from, 100, 100);
  const failing = rejects(pending.promise(other), { code: 'HANDLER_FAILED' });
  pending.fail(other, new RpcError('HANDLER_FAILED', 'x'));
  await failing;
  pending.fail(other, told);
  equal(lateAnswers, 1, 'after its end it is late like any other answer');
  equal(pending.timedCount, 0);
});

test('what was asked on behalf of somebody who is gone is forgotten, the rest waits', () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const [gone, here] = [{}, {}];
  const heard: string[] = [];
  const open = (asker: object | undefined): number => {
    const call = pending.open(context(), 1_000, 1_000);
    const onFailure = (error: RpcError): void => void heard.push(error.code);
    if (asker) pending.relay(call, { asker, onReply() {}, onFailure });
    return call;
  };
  const calls = [open(gone), open(here), open(undefined), open(gone)];
  pending.dropAsker(gone);
  equal(pending.count, 2);
  deepEqual(
    calls.map((call) => pending.peerOf(call) !== undefined),
    [false, true, true, false],
  );
  pending.expire(10_000);
  deepEqual(heard, ['TIMEOUT'], 'nobody is told for those who are gone');
});

/** Opens and answers calls one after the other, until each number of a slot has been in use. */
function throughAllNumbers(pending: PendingCalls): void {
  for (let i = 1; i < 4095; i++) pending.resolve(pending.open(context(), 0, 0), i);
}

test('a late answer settles nobody else, whatever was asked since', async () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const over = pending.open(context(), 10, 10);
  const outcome = rejects(pending.promise(over), { code: 'TIMEOUT' });
  pending.expire(10);
  await outcome;
  equal(pending.count, 0, 'it does not wait any more');
  equal(pending.timedCount, 0);
  throughAllNumbers(pending);
  const other = pending.open(context(), 0, 0);
  const promise = pending.promise(other);
  equal(pending.resolve(over, 'for the first'), false);
  equal(lateAnswers, 1);
  equal(pending.resolve(other, 'for the other'), true);
  equal(await promise, 'for the other');
});

test('the place of a call that timed out is free again when its answer has come, once', () => {
  const pending = new PendingCalls(2, () => lateAnswers++);
  const [over, other] = [pending.open(context(), 10, 10), pending.open(context(), 0, 0)];
  pending.promise(over).catch(() => {});
  pending.expire(10);
  equal(pending.reject(over, gone()), false);
  equal(pending.resolve(over, 1), false);
  equal(lateAnswers, 2);
  const next = pending.open(context(), 0, 0);
  equal(new Set([over, other, next]).size, 3);
  equal(pending.open(context(), 0, 0), 0, 'one place came back, not two');
});

test('calls that timed out take no room from others: the oldest give way first', () => {
  for (const limit of [1, 2, 16, 17, 1500]) {
    lateAnswers = 0;
    const pending = new PendingCalls(limit, () => lateAnswers++);
    const over = Array.from({ length: limit }, (_, i) => {
      const call = pending.open(context(), 16 * (i + 1), 10);
      pending.promise(call).catch(() => {});
      return call;
    });
    for (let i = 0; i < limit; i++) pending.expire(16 * (i + 1));
    equal(pending.count, 0);
    const first = pending.open(context(), 0, 0);
    const slots = new Set(over.slice(0, 1 + (limit >> 4)).map((call) => call & 0xf_ffff));
    ok(slots.has(first & 0xf_ffff), 'the place of one of those kept back longest');
    ok(!over.includes(first), 'under another number');
    for (let i = 1; i < limit; i++) notEqual(pending.open(context(), 0, 0), 0);
    equal(pending.open(context(), 0, 0), 0);
    for (const call of over) pending.resolve(call, 'late');
    equal(pending.count, limit, 'nobody was harmed');
    equal(lateAnswers, limit);
  }
});

test('a lost peer, and nobody else, gives back the places of what it did not answer', () => {
  const pending = new PendingCalls(2, () => lateAnswers++);
  const [lost, other] = [{}, {}];
  const over = [lost, other].map((peer) => pending.open(context(peer), 10, 10));
  for (const call of over) pending.promise(call).catch(() => {});
  pending.expire(10);
  pending.failPeer(lost, gone);
  const calls = [pending.open(context(lost), 0, 0), pending.open(context(lost), 0, 0)];
  // The first place was free, the second one was the last resort.
  deepEqual(
    calls.map((call) => call & 0xf_ffff),
    over.map((call) => call & 0xf_ffff),
  );
  equal(lateAnswers, 0);
});

test('a stranger cannot free the place of a call that it was not asked', () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const asked = {};
  const over = pending.open(context(asked), 10, 10);
  pending.promise(over).catch(() => {});
  pending.expire(10);
  pending.onLateAnswer(over, {});
  throughAllNumbers(pending);
  notEqual(pending.open(context(), 0, 0), over);
  pending.onLateAnswer(over, asked);
  equal(pending.open(context(), 0, 0) & 0xf_ffff, over & 0xf_ffff, 'now it is free');
  equal(lateAnswers, 2);
});

test('a relay whose asker gave up is told once; its place waits for the answer', () => {
  const pending = new PendingCalls(10, () => lateAnswers++);
  const heard: string[] = [];
  const ended: number[] = [];
  const relay: Relay = { onReply() {}, onFailure: (error) => heard.push(error.code) };
  const call = pending.open(context(), 0, 0);
  pending.relay(call, relay);
  pending.onEnd(call, () => ended.push(call));
  pending.giveUp(call, gone());
  pending.giveUp(call, gone());
  deepEqual(heard, ['PEER_LOST']);
  deepEqual(ended, [call]);
  throughAllNumbers(pending);
  notEqual(pending.open(context(), 0, 0), call);
  equal(pending.resolve(call, 'late'), false);
  deepEqual([lateAnswers, heard.length], [1, 1]);
});

test('the cancel bit of an asker who is gone stays until the answer comes', () => {
  const bits = new CancelBits(createRegion(1, 64), 0);
  const pending = new PendingCalls(10, () => lateAnswers++, bits);
  const asker = {};
  const call = pending.open(context(), 100, 100);
  pending.relay(call, { asker, onReply() {}, onFailure() {} });
  pending.markCancelled(call);
  pending.dropAsker(asker);
  equal(bits.isSet(call), true, 'the handler may still be spared the work');
  deepEqual([pending.count, pending.timedCount], [0, 0]);
  throughAllNumbers(pending);
  equal(bits.isSet(pending.open(context(), 0, 0)), false, 'it is the bit of no other call');
  equal(pending.reject(call, gone()), false);
  equal(bits.isSet(call), false);
  equal(lateAnswers, 1);
});
