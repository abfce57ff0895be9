import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { recipientOf } from '../../../core/actor/cell.js';
import { deferred } from '../../../core/base/deferred.js';
import { RpcError } from '../../../core/errors/rpc-error.js';
import type { CurrentToken } from '../../../core/rpc/fencing.js';
import { ask, defineGateway } from '../../../core/rpc/gateway.js';
import type { RpcThread } from '../../../core/rpc/rpc-thread.js';
import { ServerRecord } from '../../../core/rpc/server-book.js';
import { ServerHandle } from '../../../core/rpc/server-handle.js';
import type {
  AgentGateway,
  CreatedEndpoint,
  EndpointSpec,
} from '../../../core/rpc/system-contracts.js';
import { ManualClock } from '../../support/manual-clock.js';

const Contract = defineGateway('None', { ping: ask() });

/** The agent of a thread: has room for a call or not, and notes whom it is to terminate. */
class FakeAgent {
  readonly terminated: number[] = [];
  isFull = false;
  #token = deferred<bigint>();

  async terminate(_recipient: number, incarnation: number): Promise<void> {
    if (this.isFull) throw new RpcError('MAILBOX_FULL', 'no room');
    this.terminated.push(incarnation);
  }

  async tokenAfter(): Promise<bigint> {
    if (this.isFull) throw new RpcError('MAILBOX_FULL', 'no room');
    return this.#token.promise;
  }

  /** The endpoint has another token from now on. */
  setToken(token: bigint): void {
    const changed = this.#token;
    this.#token = deferred();
    changed.resolve(token);
  }
}

function life(incarnation: number, isFenced = false): CreatedEndpoint {
  return {
    endpointId: 'e',
    recipient: recipientOf(1, 3),
    incarnation,
    contracts: ['None'],
    methods: [],
    isFenced,
    fencingToken: isFenced ? BigInt(incarnation) : null,
  };
}

interface Scene {
  readonly agent: FakeAgent;
  readonly clock: ManualClock;
  readonly record: ServerRecord;
  readonly handle: ServerHandle;
  readonly begin: (incarnation: number) => void;
}

function scene(isFenced = false): Scene {
  const clock = new ManualClock();
  const agent = new FakeAgent();
  const gateway = agent as unknown as AgentGateway;
  const record = new ServerRecord({ endpointId: 'e' } as EndpointSpec, life(1, isFenced), gateway);
  const thread = {
    thread: { clock },
    addressOf: (id: string) => `ringlane://test/${id}`,
    endpointAt: () => undefined,
    gatewayTo: (_created: unknown, _contract: unknown, token: CurrentToken) => token,
  };
  const handle = new ServerHandle(thread as unknown as RpcThread, record);
  const begin = (incarnation: number): void => record.begin(life(incarnation, isFenced), gateway);
  return { agent, clock, record, handle, begin };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function closeCode(handle: ServerHandle): Promise<unknown> {
  return handle.close().then(
    () => 'closed',
    (error: unknown) => (error as RpcError).code,
  );
}

test('a close that is refused does not end a later life', async () => {
  const { agent, handle, begin } = scene();
  agent.isFull = true;
  equal(await closeCode(handle), 'MAILBOX_FULL');
  agent.isFull = false;
  begin(2);
  await settle();
  deepEqual(agent.terminated, [], 'it lives on');
});

test('a refused close takes nothing from another one', async () => {
  const { agent, record, handle, begin } = scene();
  const closed = closeCode(handle);
  agent.isFull = true;
  equal(await closeCode(handle), 'MAILBOX_FULL');
  agent.isFull = false;
  begin(2);
  await settle();
  deepEqual(agent.terminated, [1, 2]);
  record.end();
  equal(await closed, 'closed');
});

test('a life that begins while its server closes is ended as soon as there is room', async () => {
  const { agent, clock, record, handle, begin } = scene();
  const closed = closeCode(handle);
  agent.isFull = true;
  begin(2);
  await settle();
  agent.isFull = false;
  clock.advance(5);
  await settle();
  deepEqual(agent.terminated, [1, 2]);
  record.end();
  equal(await closed, 'closed');
  equal(clock.pendingTimers, 0);
});

test('a self gateway that is made as a life begins carries the token of that life', () => {
  const { handle, begin } = scene(true);
  const token = (): CurrentToken => handle.getSelfGateway(Contract) as unknown as CurrentToken;
  const first = token();
  equal(token(), first, 'gateways of one life share it');
  deepEqual(first.words, [0, 0, 0, 1]);
  begin(2);
  notEqual(token(), first);
  deepEqual(token().words, [0, 0, 0, 2]);
});

test('25: a self gateway follows its token through a time without room', async () => {
  const { agent, clock, handle } = scene(true);
  const token = handle.getSelfGateway(Contract) as unknown as CurrentToken;
  agent.isFull = true;
  agent.setToken(5n);
  await settle();
  deepEqual(token.words, [0, 0, 0, 5]);
  agent.isFull = false;
  clock.advance(5);
  await settle();
  agent.setToken(7n);
  await settle();
  deepEqual(token.words, [0, 0, 0, 7]);
  equal(clock.pendingTimers, 0);
});

test('a server prints as what it is', () => {
  const { handle } = scene();
  equal(inspect(handle), 'RpcServer ringlane://test/e (thread 0)');
  deepEqual(JSON.parse(JSON.stringify(handle)), {
    endpointId: 'e',
    address: 'ringlane://test/e',
    thread: 0,
  });
});
