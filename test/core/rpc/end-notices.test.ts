import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Deferred, deferred } from '../../../core/base/deferred.js';
import type { Logger } from '../../../core/base/logger.js';
import { decodeFailure } from '../../../core/codec/failure-codec.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import { EndNotices } from '../../../core/rpc/end-notices.js';
import type { RpcCell } from '../../../core/rpc/rpc-cell.js';
import type { EndNotice, HomeGateway } from '../../../core/rpc/system-contracts.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A home thread that answers when the test says so. */
class Home {
  readonly notices: (readonly EndNotice[])[] = [];
  readonly logged: object[] = [];
  answer: Deferred<void> = deferred();

  ended(ends: readonly EndNotice[]): Promise<void> {
    this.notices.push([...ends]);
    this.answer = deferred();
    return this.answer.promise;
  }

  get sizes(): number[] {
    return this.notices.map((ends) => ends.length);
  }
}

function cell(recipient: number): RpcCell {
  return { endpointId: `e${recipient}`, recipient, incarnation: 7 } as RpcCell;
}

function noticesTo(home: Home, clock = new ManualClock()): EndNotices {
  const error = (facts: object): void => void home.logged.push(facts);
  const logger: Logger = { debug() {}, info() {}, warn() {}, error };
  return new EndNotices({ clock, logger }, () => home as unknown as HomeGateway);
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test('one notice is under way at a time; the next tells of all that ended meanwhile', async () => {
  const home = new Home();
  const notices = noticesTo(home);
  const heard: number[] = [];
  const end = (number: number): void => {
    void notices.add(cell(number), undefined).then(() => heard.push(number));
  };
  end(1);
  end(2);
  await settle();
  for (let number = 3; number <= 1000; number++) end(number);
  await settle();
  deepEqual(home.sizes, [2], 'nobody is told twice at a time');
  deepEqual(heard, []);
  home.answer.resolve();
  await settle();
  deepEqual(heard, [1, 2]);
  for (let round = 0; round < 4; round++) {
    home.answer.resolve();
    await settle();
  }
  deepEqual(home.sizes, [2, 256, 256, 256, 230]);
  equal(heard.length, 1000);
  deepEqual(
    home.notices.flat().map(({ endpointId }) => endpointId),
    Array.from({ length: 1000 }, (_, i) => `e${i + 1}`),
  );
});

test('an end carries its failure, or that it was well', async () => {
  const home = new Home();
  const notices = noticesTo(home);
  void notices.add(cell(1), undefined);
  const cause = new TypeError('no');
  void notices.add(cell(2), new RpcError('ENDPOINT_STOP_FAILED', 'it failed', { cause }));
  await settle();
  const [well, failed] = home.notices[0]!;
  equal(well!.failure, null);
  const error = decodeFailure(failed!.failure!);
  equal(error.code, 'ENDPOINT_STOP_FAILED');
  equal((error.cause as Error).name, 'TypeError');
  deepEqual([failed!.recipient, failed!.incarnation], [2, 7]);
});

test('without room it is told again, in its order; when home is gone it is over', async () => {
  const home = new Home();
  const clock = new ManualClock();
  const notices = noticesTo(home, clock);
  const heard: number[] = [];
  void notices.add(cell(1), undefined).then(() => heard.push(1));
  await settle();
  home.answer.reject(new RpcError('MAILBOX_FULL', 'no room'));
  void notices.add(cell(2), undefined).then(() => heard.push(2));
  await settle();
  deepEqual(home.sizes, [1], 'it waits a while');
  clock.advance(5);
  await settle();
  deepEqual(home.sizes, [1, 1]);
  equal(home.notices[1]![0]!.endpointId, 'e1');
  home.answer.resolve();
  await settle();
  deepEqual(heard, [1]);
  const gone = new RpcError('RECIPIENT_UNREACHABLE', 'gone');
  deepEqual(home.logged, []);
  home.answer.reject(gone);
  await settle();
  deepEqual(heard, [1, 2]);
  deepEqual(home.logged, [{ endpoints: ['e2'], error: gone }], 'nothing is dropped silently');
});

test('long failures make more notices, none of which is enormous', async () => {
  const home = new Home();
  const notices = noticesTo(home);
  const texts = Array.from({ length: 16 }, () => new Error('x'.repeat(10_000)));
  const failure = new AggregateError(texts, 'all failed');
  for (let number = 1; number <= 40; number++) void notices.add(cell(number), failure);
  for (let round = 0; round < 40; round++) {
    await settle();
    home.answer.resolve();
  }
  const bytesOf = (ends: readonly EndNotice[]): number =>
    ends.reduce((sum, end) => sum + end.failure!.length, 0);
  equal(home.notices.flat().length, 40);
  const largest = Math.max(...home.notices.map(bytesOf));
  ok(largest <= 1024 * 1024, `${largest} bytes`);
  ok(home.notices.length < 40, 'but many share one');
});
