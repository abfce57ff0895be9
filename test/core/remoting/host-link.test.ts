import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, Identify, PoisonPill } from '../../../actor.js';
import { watchFrom } from '../../../core/actor/actor-ref.js';
import { ActorIdentity } from '../../../core/actor/actor-signals.js';
import { type Deferred, deferred } from '../../../core/base/deferred.js';
import { isRpcError, RpcError } from '../../../core/errors/rpc-error.js';
import { DistantActorRef } from '../../../core/remoting/distant-actor-ref.js';
import type { LinkedHost } from '../../../core/remoting/distant-asker.js';
import type { ActorHostGateway } from '../../../core/remoting/host-contract.js';
import { HostLink } from '../../../core/remoting/host-link.js';
import {
  errorFromWire,
  errorToWire,
  fromWire,
  toWire,
} from '../../../core/remoting/wire-message.js';
import type { RpcService } from '../../../index.js';

/** A service whose connections are answered by hand. */
class Connections {
  readonly asked: Deferred<ActorHostGateway>[] = [];
  readonly service = {
    connect: () => {
      const connection = deferred<ActorHostGateway>();
      this.asked.push(connection);
      return connection.promise;
    },
  } as unknown as RpcService;
}

function createHost(): { readonly host: ActorHostGateway; readonly gone: Deferred<void> } {
  const gone = deferred<void>();
  return { host: { closed: () => gone.promise } as unknown as ActorHostGateway, gone };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const noFailure = (error: RpcError): void => assert.fail(error.message);

test('what is sent before the way is open goes first, in order, over one connection', async () => {
  const connections = new Connections();
  const link = new HostLink(connections.service, 'there', 10);
  const seen: number[] = [];
  for (let i = 0; i < 3; i++) link.use(() => void seen.push(i), noFailure);
  assert.equal(connections.asked.length, 1);
  assert.deepEqual([link.isOpen, link.isIdle, seen], [false, false, []]);
  connections.asked[0]!.resolve(createHost().host);
  await turn();
  link.use(() => void seen.push(3), noFailure);
  assert.deepEqual(seen, [0, 1, 2, 3]);
});

test('as many as the limit wait, no more; all of them hear that there is no way', async () => {
  const connections = new Connections();
  const link = new HostLink(connections.service, 'there', 2);
  const codes: string[] = [];
  const send = (): void =>
    link.use(
      () => assert.fail(),
      ({ code }) => void codes.push(code),
    );
  send();
  send();
  assert.throws(send, { code: 'MAILBOX_FULL', limit: 2, actual: 2 });
  connections.asked[0]!.reject(new RpcError('CONNECTION_FAILED', 'nobody'));
  await turn();
  assert.deepEqual(codes, ['CONNECTION_FAILED', 'CONNECTION_FAILED']);
  assert.equal(link.isIdle, true);
  send();
  assert.equal(connections.asked.length, 2, 'the next one tries again');
});

test('a host that is gone is connected again; one that throws fails its sender alone', async () => {
  const connections = new Connections();
  const link = new HostLink(connections.service, 'there', 10);
  const codes: string[] = [];
  const seen: string[] = [];
  link.use(
    () => {
      throw new RpcError('MAILBOX_FULL', 'no room');
    },
    ({ code }) => void codes.push(code),
  );
  link.use(() => void seen.push('second'), noFailure);
  const first = createHost();
  connections.asked[0]!.resolve(first.host);
  await turn();
  assert.deepEqual([codes, seen], [['MAILBOX_FULL'], ['second']]);
  first.gone.reject(new RpcError('PEER_LOST', 'gone'));
  await turn();
  assert.equal(link.isOpen, false);
  link.use(() => void seen.push('third'), noFailure);
  connections.asked[1]!.resolve(createHost().host);
  await turn();
  assert.deepEqual(seen, ['second', 'third']);
});

test('a watch that is taken back is taken back there, and tells of no end', async () => {
  const connections = new Connections();
  const link = new HostLink(connections.service, 'there', 10);
  const watched = deferred<void>();
  const unwatched: string[] = [];
  const { host } = createHost();
  const full = {
    ...host,
    watch: () => watched.promise,
    unwatch: (watch: string) => void unwatched.push(watch),
  };
  const ref = new DistantActorRef('ringlane://far/user/a#256', 256, {
    link,
    nextWatch: () => 'watch 1',
  } as unknown as LinkedHost);
  let ends = 0;
  const watch = ref[watchFrom](() => ends++);
  connections.asked[0]!.resolve(full);
  await turn();
  watch.release();
  watch.release();
  watched.resolve();
  await turn();
  assert.deepEqual([unwatched, ends], [['watch 1'], 0]);
});

test('messages of the engine keep their class, all others are what they are', () => {
  const there = (message: unknown): unknown => fromWire(...toWire(message));
  assert.equal(there(PoisonPill), PoisonPill);
  assert.deepEqual(there(new Identify('id')), new Identify('id'));
  assert.deepEqual(there(new ActorIdentity(7, undefined)), new ActorIdentity(7, undefined));
  const error = new Error('no');
  assert.equal((there(new Failure(error)) as Failure).error, error);
  for (const value of [null, undefined, 1, 'text', { kind: 'mine' }, [1]]) {
    assert.equal(there(value), value);
  }
  const forged = fromWire(3, [1, { path: 'not a reference' }]);
  assert.equal((forged as ActorIdentity).ref, undefined);
});

test('an error of an ask arrives with code, effect and cause; a strange code is a failure', () => {
  const cause = new TypeError('broken');
  const error = new RpcError('MAILBOX_FULL', 'full', { effect: 'none', endpoint: 'x', cause });
  const arrived = errorFromWire(errorToWire(error));
  assert.ok(isRpcError(arrived));
  const { code, effect, endpoint, message } = arrived;
  assert.deepEqual(
    [code, effect, endpoint, message],
    ['MAILBOX_FULL', 'none', 'x', 'MAILBOX_FULL: full'],
  );
  assert.equal(arrived.cause, 'TypeError: broken');
  const strange = { ...errorToWire(error), code: 'constructor' };
  assert.equal(errorFromWire(strange).code, 'HANDLER_FAILED');
});
