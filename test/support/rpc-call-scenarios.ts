import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { BroadcastChannel } from 'node:worker_threads';
import { callOptions, isRpcError, type RpcService } from '../../index.js';
import { failure } from './failure.js';
import { randomId } from '../../core/base/ids.js';
import {
  type CallReport,
  type CallsGateway,
  CallsGateway as Contract,
} from './rpc-call-fixtures.js';
import { ProbeGateway, type Scenario, type Target } from './rpc-contracts.js';
import { until } from './until.js';

async function gatewayOf(service: RpcService, { probe }: Target): Promise<CallsGateway> {
  const gateway = await service.connect(probe.replace('probe_', 'calls_'), Contract);
  await gateway.diary();
  return gateway;
}

/** Reads the diary until it holds `line`; it must be the only one. */
async function onlyLine(gateway: CallsGateway, line: string): Promise<void> {
  const lines: string[] = [];
  await until(async () => {
    lines.push(...(await gateway.diary()));
    return lines.length > 0;
  }, line);
  deepEqual(lines, [line]);
}

/** Calls a handler that blocks, and resolves once it has begun. */
async function blocked(
  gateway: CallsGateway,
  signal: AbortSignal,
): Promise<{ readonly answer: Promise<unknown> }> {
  const name = randomId();
  const channel = new BroadcastChannel(name);
  const begun = once(channel as unknown as EventTarget, 'message');
  const answer = gateway.untilCancelled('poll', name, callOptions({ signal, timeoutMs: 8_000 }));
  answer.catch(() => {});
  await begun;
  channel.close();
  return { answer };
}

/** What must hold of calls on every path, beside `SCENARIOS`. */
export const CALL_SCENARIOS: Record<string, Scenario> = {
  async theCurrentCall(service, target) {
    const gateway = await gatewayOf(service, target);
    const report: CallReport = await gateway.describe(callOptions({ timeoutMs: 5_000 }));
    ok(report.deadlineMs > 1_000 && report.deadlineMs <= 5_032, `${report.deadlineMs} ms left`);
    equal(report.isCancelled, false);
    equal(report.isAborted, false);
    equal(report.isOneObject, true, 'asked twice, it is one object');
    equal(report.sender.isRemote, target.isRemote);
    ok(report.sender.thread === 'home' || report.sender.thread >= 0);
    const free = await gateway.describe(callOptions({ timeoutMs: 0 }));
    equal(free.deadlineMs, Number.POSITIVE_INFINITY);
    gateway.markTold('told');
    await onlyLine(gateway, 'told Infinity false');
    const codes = await gateway.outside();
    deepEqual(codes, ['INVALID_STATE', 'INVALID_STATE', 'INVALID_STATE']);
  },

  async cancellingAborts(service, target) {
    const gateway = await gatewayOf(service, target);
    const controller = new AbortController();
    const options = callOptions({ signal: controller.signal, timeoutMs: 0 });
    const answer = failure('CANCELLED', gateway.untilAborted('a', options));
    await onlyLine(gateway, 'a waits');
    controller.abort(new Error('enough'));
    const error = await answer;
    equal(error.effect, 'unknown');
    equal((error.cause as Error).message, 'enough');
    await onlyLine(gateway, 'a CANCELLED');
    const finished = new AbortController();
    await gateway.mark('done', callOptions({ signal: finished.signal }));
    finished.abort();
    await onlyLine(gateway, 'done');
  },

  async cancellingTwentyAtOnce(service, target) {
    const gateway = await gatewayOf(service, target);
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const answers = controllers.map(({ signal }, i) =>
      gateway.untilAborted(`${i}`, callOptions({ signal })).catch((e: unknown) => e),
    );
    const lines: string[] = [];
    const has = (count: number) => async (): Promise<boolean> => {
      lines.push(...(await gateway.diary()));
      return lines.length >= count;
    };
    await until(has(20), 'all wait');
    lines.length = 0;
    controllers.forEach((controller, i) => void (i % 2 === 0 && controller.abort()));
    await until(has(10), 'ten are aborted');
    await gateway.mark('between');
    await until(has(11), 'nothing else is');
    const even = controllers.flatMap((_, i) => (i % 2 === 0 ? [`${i} CANCELLED`] : []));
    deepEqual(lines, [...even, 'between']);
    for (const controller of controllers) controller.abort();
    for (const error of await Promise.all(answers)) {
      ok(isRpcError(error) && error.code === 'CANCELLED', String(error));
    }
  },

  async aDeadlineAborts(service, target) {
    const gateway = await gatewayOf(service, target);
    const lines: string[] = [];
    const look = async (): Promise<number> => lines.push(...(await gateway.diary()));
    // On a busy machine a call may be too late to begin; then it is tried again.
    await until(async () => {
      // The handler ends when it is aborted: its answer may still come before the caller's tick.
      await gateway.untilAborted('a', callOptions({ timeoutMs: 60 })).catch(() => {});
      return (await look()) > 0;
    }, 'a call that begins');
    await until(async () => (await look()) === 2, 'its signal aborts');
    deepEqual(lines, ['a waits', 'a TIMEOUT']);
  },

  async blockedHandlersCanPoll(service, target) {
    // Nobody can cancel on a thread that is blocked, and home is the one that reads the frames.
    if (target.isSameThread || (target.isRemote && target.probe.endsWith('home'))) return;
    const gateway = await gatewayOf(service, target);
    const controller = new AbortController();
    const { answer } = await blocked(gateway, controller.signal);
    controller.abort();
    await failure('CANCELLED', answer);
    await onlyLine(gateway, 'poll true true');
  },

  async queuedCallsDoNotRun(service, target) {
    if (target.isRemote && target.probe.endsWith('home')) return;
    const gateway = await gatewayOf(service, target);
    const first = new AbortController();
    const second = new AbortController();
    const ahead = target.isSameThread ? undefined : await blocked(gateway, first.signal);
    const { signal } = second;
    const queued = ['x', 'y', 'z'].map((line) =>
      failure('CANCELLED', gateway.mark(line, callOptions({ signal }))),
    );
    const other = gateway.mark('runs');
    second.abort();
    await Promise.all(queued);
    first.abort();
    await ahead?.answer.catch(() => {});
    await other;
    const lines = (await gateway.diary()).filter((line) => !line.startsWith('poll'));
    deepEqual(lines, ['runs']);
  },

  async hostilePromises(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    const haste = ['twiceThenable', 'promiseOfItsOwn', 'callableThenable', 'nestedThenable'];
    for (const kind of haste) equal(await gateway.giveOdd(kind), 'first', kind);
    const failing = { throwingThenMethod: /then itself fails/, odderConstructor: /constructor/ };
    for (const [kind, message] of Object.entries(failing)) {
      const error = await failure('HANDLER_FAILED', gateway.giveOdd(kind));
      match(error.message, message);
    }
    equal(await gateway.add(2, 2), 4, 'the endpoint lives on');
  },

  async hostileErrors(service, { probe }) {
    const gateway = await service.connect(probe, ProbeGateway);
    const all = await failure('HANDLER_FAILED', gateway.fail('aggregate'));
    ok(all.cause instanceof AggregateError);
    const [one, two] = all.cause.errors as [Error, unknown];
    equal(one.message, 'one');
    match(String(two), /two/);
    const round = await failure('HANDLER_FAILED', gateway.fail('circular'));
    equal(((round.cause as Error).cause as Error).message, 'second');
    for (const kind of ['error', 'null', 'uninspectable', 'revoked', 'proxy', 'getters']) {
      gateway.failTell(kind);
      gateway.failTell(`late-${kind}`);
    }
    equal(await gateway.add(2, 2), 4, 'the endpoint lives on');
  },
};
