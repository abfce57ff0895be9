import { equal, ok } from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { callOptions, type RpcError } from '../../../index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { memoryNetwork } from '../../support/memory-network.js';
import { Mortal, MortalGateway, SlowToMake } from '../../support/mortal-endpoints.js';
import { until } from '../../support/until.js';

const CONNECT_TIMEOUT_MS = 4_000;

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

/** A service with a connection to another one, over a network and in a time of the test. */
async function scene(place: 'home' | 0 = 'home') {
  const { network, start } = memoryNetwork();
  const clock = new ManualClock();
  const far = await start({
    systemName: 'far',
    threads: place === 'home' ? 0 : 1,
    listen: { port: 0 },
    supervision: { strategy: 'restart' },
  });
  const options = { systemName: 'near', threads: 0, connectTimeoutMs: CONNECT_TIMEOUT_MS };
  const near = await start({ ...options, clock });
  const server =
    place === 'home'
      ? await far.startServer(Mortal, { thread: place })
      : await far.startServer(SlowToMake, { thread: place, args: [1_000] });
  await server.start();
  const connect = () => near.connect(server.address, MortalGateway);
  const gateway = await connect();
  const link = network.links[0]!;
  open.push(async () => {
    link.dialled.cut();
    await near.close();
    await far.close();
  });
  return { network, clock, server, gateway, link, connect };
}

/** How a promise ends, for a test that moves the clock meanwhile. */
interface Outcome<T> {
  value?: T;
  error?: RpcError;
  isOver: boolean;
}

function outcomeOf<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { isOver: false };
  promise.then(
    (value) => Object.assign(outcome, { value, isOver: true }),
    (error: unknown) => Object.assign(outcome, { error, isOver: true }),
  );
  return outcome;
}

/** Lets time pass in small steps, each with the turns that messages need, until all are over. */
async function pass(
  clock: ManualClock,
  limitMs: number,
  ...outcomes: Outcome<unknown>[]
): Promise<void> {
  const isOver = (): boolean => outcomes.length > 0 && outcomes.every((one) => one.isOver);
  for (let passedMs = 0; !isOver() && passedMs < limitMs; passedMs += 50) {
    clock.advance(50);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
}

test('22, 23: connect finds a forgotten connection dead, and dials anew', async () => {
  const { network, clock, gateway, link, connect } = await scene();
  const waiting = outcomeOf(gateway.never());
  link.dialled.forget();
  const [one, other] = [outcomeOf(connect()), outcomeOf(connect())];
  await pass(clock, CONNECT_TIMEOUT_MS, one, other);
  equal(one.error, undefined);
  equal(other.error, undefined);
  equal(await one.value!.add(1), 1);
  equal(await other.value!.add(1), 2);
  equal(network.links.length, 2, 'one new connection for all who wanted one');
  await until(() => waiting.isOver, 'the ask without a deadline');
  equal(waiting.error!.code, 'PEER_LOST');
  equal(waiting.error!.effect, 'unknown');
});

test('22: who answers nowhere fails connect with CONNECTION_FAILED', async () => {
  const { network, clock, gateway, link, connect, server } = await scene();
  const waiting = outcomeOf(gateway.never());
  link.accepted.stall();
  network.dial = async () => {
    throw new Error('no way there');
  };
  const connected = outcomeOf(connect());
  await pass(clock, 2 * CONNECT_TIMEOUT_MS, connected);
  const { code, effect, message } = connected.error!;
  equal(code, 'CONNECTION_FAILED');
  equal(effect, 'none');
  ok(message.includes(server.address), message);
  equal(waiting.isOver, false, 'the peer may only be slow');
  link.accepted.flow();
  equal(await gateway.add(1), 1);
});

test('22: a connection that was only slow goes on, with all that is under way on it', async () => {
  const { network, clock, gateway, link, connect } = await scene();
  link.accepted.stall();
  const slow = outcomeOf(gateway.add(1, callOptions({ timeoutMs: 0 })));
  const connected = outcomeOf(connect());
  await pass(clock, CONNECT_TIMEOUT_MS / 2 + 100);
  link.accepted.flow();
  await pass(clock, CONNECT_TIMEOUT_MS, connected, slow);
  equal(await connected.value!.add(1), 2);
  equal(slow.value, 1);
  equal(network.links.length, 1);
});

test('22: connect waits for who is made again without a doubt in its peer', async () => {
  const { network, clock, gateway, connect } = await scene(0);
  const waiting = outcomeOf(gateway.never());
  gateway.die('exit');
  await until(() => waiting.isOver, 'the end of the thread');
  equal(waiting.error!.code, 'THREAD_TERMINATED');
  const connected = outcomeOf(connect());
  // Less than the time-out of connect, and long enough to doubt the connection.
  await pass(clock, CONNECT_TIMEOUT_MS - 100);
  await until(() => connected.isOver, 'the endpoint is made');
  equal(connected.error, undefined);
  equal(network.links.length, 1);
});
