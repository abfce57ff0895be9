import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { isRpcError, type Logger, RpcService, type RpcServiceOptions } from '../../index.js';
import { failure } from '../support/failure.js';
import { Mortal, MortalGateway } from '../support/mortal-endpoints.js';
import { until } from '../support/until.js';
import { Probe, ProbeGateway } from './fixtures/probe.js';

/*
 * What a thread does when it runs out of memory or is blocked, and what user callbacks do, is the
 * same whoever calls: these need no matrix. Deaths as callers see them are in `death.rules.ts`.
 */

async function mortal(service: RpcService, thread: number | 'home'): Promise<MortalGateway> {
  const server = await service.startServer(Mortal, { thread, args: [0] });
  await server.start();
  return service.connect(server.address, MortalGateway);
}

const SMALL: RpcServiceOptions = {
  threads: 2,
  workerResourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
};

test('28 out of memory within its limits, a worker fails alone', async () => {
  await using service = await RpcService.start(SMALL);
  const [doomed, other] = [await mortal(service, 0), await mortal(service, 1)];
  const waiting = failure('THREAD_TERMINATED', doomed.never());
  doomed.die('memory');
  match((await waiting).message, /memory/i);
  equal(await other.add(1), 1);
});

test('28 escalate: the service stops, and says why', async () => {
  const service = await RpcService.start({ threads: 2, supervision: { strategy: 'escalate' } });
  const [doomed, other] = [await mortal(service, 0), await mortal(service, 1)];
  doomed.die('exit');
  match((await failure('THREAD_TERMINATED', service.terminationFuture)).message, /exit 3/);
  const outcome = await other.add(1).catch((error: unknown) => error);
  ok(isRpcError(outcome) && outcome.effect === 'none', String(outcome));
  await service.close().catch(() => {});
});

/** A logger whose every line is given to `hear`. */
function loggerTo(hear: (line: string) => void): Logger {
  const write = (facts: object, message: string): void =>
    hear(`${message} ${JSON.stringify(facts)}`);
  return { debug() {}, info() {}, warn: write, error: write };
}

test('29 a blocked thread is reported with endpoint and method; others do not notice', async () => {
  const lines: string[] = [];
  const logger = loggerTo((line) => lines.push(line));
  await using service = await RpcService.start({ threads: 2, watchdogMs: 500, logger });
  const server = await service.startServer(Mortal, { thread: 0, endpointId: 'slow', args: [0] });
  await server.start();
  const slow = await service.connect(server.address, MortalGateway);
  const other = await mortal(service, 1);
  const blocked = slow.block(2_500);
  await until(async () => {
    equal(await other.add(0), 0);
    return service.metrics().workers[0]!.blockedReports > 0;
  }, 'the report');
  ok(
    lines.some((line) => line.includes('slow') && line.includes('block')),
    lines.join('\n'),
  );
  await blocked;
  equal(await slow.add(1), 1, 'reported, not harmed');
  equal(service.metrics().workers[1]!.blockedReports, 0);
});

test('30 loggers and listeners that throw are counted and change nothing', async () => {
  const logger = loggerTo(() => {
    throw new Error('the logger fails');
  });
  await using service = await RpcService.start({ threads: 1, logger });
  service.onDeadLetter(() => {
    throw new Error('the listener fails');
  });
  const heard: string[] = [];
  service.onDeadLetter(({ method }) => heard.push(String(method)));
  for (const thread of ['home', 0] as const) {
    const server = await service.startServer(Probe, { thread });
    const early = await service.connect(server.address, ProbeGateway);
    early.runTold(1);
    await server.start();
    early.failTold('error');
    equal(await early.add(1, 2), 3, 'the endpoint serves');
  }
  await until(() => heard.length === 2, 'the other listener');
  deepEqual(heard, ['runTold', 'runTold']);
  await until(() => service.metrics().total.callbackErrors >= 4, 'what was caught');
  service.execute(() => {
    throw new Error('a task of the service fails');
  });
  const server = await service.startServer(Probe, { thread: 0 });
  await server.start();
  equal(await server.getSelfGateway(ProbeGateway).add(1, 2), 3);
});
