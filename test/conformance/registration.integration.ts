import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  RegisteredRpcConnection,
  type RegistrationTarget,
  RetryingRegistration,
  retryingRegistrationConfiguration,
  silentLogger,
} from '../../core/internal.js';
import { callOptions, type RpcServer, RpcService } from '../../index.js';
import { ManualClock } from '../support/manual-clock.js';
import { settle } from '../support/manual-executor.js';
import { conform } from './harness/conform.js';
import { Registrar, RegistrarGateway, rules } from './registration.rules.js';

conform(new URL('./registration.rules.js', import.meta.url).href, rules);

// Times are the same on every path: they run on a virtual clock, at home.

/** A registrar on a service with a virtual clock, and what is asked of it at which time. */
class Bench {
  readonly clock = new ManualClock();
  readonly startMs = this.clock.nowMs();
  readonly attemptsMs: number[] = [];
  readonly timeoutsMs: number[] = [];
  service!: RpcService;
  server!: RpcServer;

  static async open(plan: string[]): Promise<Bench> {
    const bench = new Bench();
    bench.service = await RpcService.start({ threads: 0, clock: bench.clock });
    bench.server = await bench.service.startServer(Registrar, { args: [plan] });
    await bench.server.start();
    return bench;
  }

  get target(): RegistrationTarget<RegistrarGateway, string, string> {
    const { address } = this.server;
    return {
      name: 'registrar',
      address,
      connect: () => this.service.connect(address, RegistrarGateway),
      register: (gateway, timeoutMs) => {
        this.attemptsMs.push(this.clock.nowMs() - this.startMs);
        this.timeoutsMs.push(timeoutMs);
        return gateway.register('worker', callOptions({ timeoutMs }));
      },
    };
  }

  /** With Flink's own times. */
  get context() {
    return {
      executor: {
        execute: (task: () => void) => this.service.execute(task),
        schedule: (task: () => void, delayMs: number) => this.service.schedule(task, delayMs),
      },
      configuration: retryingRegistrationConfiguration(),
      logger: silentLogger,
    };
  }

  async advance(durationMs: number, stepMs = 50): Promise<void> {
    await settle(5);
    for (let passedMs = 0; passedMs < durationMs; passedMs += stepMs) {
      this.clock.advance(stepMs);
      await settle(5);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service.close();
  }
}

test('31 time-outs double from 100 ms to 30 s, each with an attempt at once', async () => {
  await using bench = await Bench.open(new Array<string>(12).fill('silence'));
  const registration = new RetryingRegistration(bench.target, bench.context);
  registration.start();
  await bench.advance(120_000, 100);
  const doubled = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000];
  deepEqual(bench.timeoutsMs.slice(0, doubled.length), doubled);
  for (let i = 1; i < doubled.length; i++) {
    const pauseMs = bench.attemptsMs[i]! - bench.attemptsMs[i - 1]! - doubled[i - 1]!;
    ok(pauseMs >= 0 && pauseMs <= 200, `attempt ${i} came ${pauseMs} ms after the time-out`);
  }
  registration.cancel();
});

for (const [what, pauseMs] of [
  ['error', 10_000],
  ['refuse', 30_000],
] as const) {
  test(`31 after ${what} it pauses ${pauseMs} ms and begins again at 100 ms`, async () => {
    await using bench = await Bench.open(['silence', what]);
    const registration = new RetryingRegistration(bench.target, bench.context);
    registration.start();
    await bench.advance(500);
    equal(bench.attemptsMs.length, 2);
    await bench.advance(pauseMs - 600);
    equal(bench.attemptsMs.length, 2, 'not before');
    await bench.advance(600);
    equal(bench.attemptsMs.length, 3);
    deepEqual(bench.timeoutsMs, [100, 200, 100]);
    equal((await registration.result).kind, 'registered');
  });
}

test('31 cancel stops every timer', async () => {
  await using bench = await Bench.open(['refuse']);
  const registration = new RetryingRegistration(bench.target, bench.context);
  registration.start();
  await bench.advance(100);
  const { pendingTimers } = bench.clock;
  registration.cancel();
  equal(bench.clock.pendingTimers, pendingTimers - 1);
  await bench.advance(60_000, 1_000);
  equal(bench.attemptsMs.length, 1);
});

/** What the owner of a connection hears. */
function diary() {
  const lines: string[] = [];
  return {
    lines,
    onRegistrationSuccess: (_gateway: unknown, success: string) => lines.push(success),
    onRegistrationRejection: (rejection: string) => lines.push(rejection),
    onRegistrationFailure: (error: unknown) => lines.push(String(error)),
  };
}

test('32 success and rejection reach the callbacks, in the executor of the owner', async () => {
  for (const [plan, said] of [
    [[], 'welcome, worker'],
    [['reject'], 'never, worker'],
  ] as const) {
    await using bench = await Bench.open([...plan]);
    const heard = diary();
    let isInExecutor = false;
    const { executor, ...rest } = bench.context;
    const execute = (task: () => void): void =>
      executor.execute(() => {
        isInExecutor = true;
        task();
        isInExecutor = false;
      });
    const context = { ...rest, executor: { ...executor, execute } };
    const connection = new RegisteredRpcConnection(bench.target, context, {
      ...heard,
      onRegistrationSuccess: (gateway, success) => {
        ok(isInExecutor);
        heard.onRegistrationSuccess(gateway, success);
      },
    });
    connection.start();
    await bench.advance(50);
    deepEqual(heard.lines, [said]);
    equal(connection.isConnected, plan.length === 0);
    connection.close();
  }
});

test('32 a failure to register at all reaches its callback', async () => {
  await using bench = await Bench.open([]);
  const heard = diary();
  const target = {
    ...bench.target,
    register: (): never => {
      throw new Error('a mistake of the program');
    },
  };
  new RegisteredRpcConnection(target, bench.context, heard).start();
  await bench.advance(50);
  deepEqual(heard.lines, ['Error: a mistake of the program']);
});

test('32 a new leader replaces the connection: the old one says nothing any more', async () => {
  await using bench = await Bench.open(['silence']);
  const [old, next] = [diary(), diary()];
  const first = new RegisteredRpcConnection(bench.target, bench.context, old);
  first.start();
  await bench.advance(50);
  first.close();
  const leader = await bench.service.startServer(Registrar, { args: [[]] });
  await leader.start();
  const target = {
    ...bench.target,
    address: leader.address,
    connect: () => bench.service.connect(leader.address, RegistrarGateway),
  };
  const second = new RegisteredRpcConnection(target, bench.context, next);
  second.start();
  await bench.advance(1_000);
  deepEqual([old.lines, next.lines], [[], ['welcome, worker']]);
  deepEqual([first.isClosed, second.isConnected], [true, true]);
  equal(second.targetAddress, leader.address);
});
