import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { afterEach, test } from 'node:test';
import { callOptions, RpcService, type RpcServiceOptions } from '../../../index.js';
import { failure } from '../../support/failure.js';
import { Mortal, MortalGateway } from '../../support/mortal-endpoints.js';
import { until } from '../../support/until.js';

/** Far beyond what a busy machine keeps a healthy thread waiting. */
const WATCHDOG_MS = 400;
const FOR_EVER_MS = 1e9;

const services: RpcService[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.close()));
});

async function start(options: RpcServiceOptions): Promise<RpcService> {
  const service = await RpcService.start({ watchdogMs: WATCHDOG_MS, ...options });
  services.push(service);
  return service;
}

async function mortal(
  service: RpcService,
  thread: 'home' | number,
  endpointId: string,
): Promise<MortalGateway> {
  const server = await service.startServer(Mortal, { thread, endpointId });
  await server.start();
  return service.connect(server.address, MortalGateway);
}

interface Report {
  readonly thread: number | 'home';
  readonly endpoint: string;
  readonly method: string;
  readonly blockedMs: number;
}

function listen(): { readonly reports: Report[]; stop(): void } {
  const reports: Report[] = [];
  const listener = (report: unknown): void => void reports.push(report as Report);
  const target = channel('ringlane:thread-blocked');
  target.subscribe(listener);
  return { reports, stop: () => target.unsubscribe(listener) };
}

test('an endpoint that blocks its thread is reported; other threads notice nothing', async () => {
  const lines: string[] = [];
  const nothing = (): void => {};
  const warn = (facts: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(facts)}`);
  };
  const logger = { debug: nothing, info: nothing, warn, error: nothing };
  const service = await start({ threads: 2, logger });
  const { reports, stop } = listen();
  const slow = await mortal(service, 0, 'slow');
  const other = await mortal(service, 1, 'other');
  const blocked = slow.block(4 * WATCHDOG_MS);
  while (reports.length === 0) equal(await other.add(0, callOptions({ timeoutMs: 5_000 })), 0);
  stop();
  const [{ blockedMs, ...report }] = reports as [Report];
  deepEqual(report, { thread: 0, endpoint: 'slow', method: 'block' });
  ok(blockedMs >= WATCHDOG_MS, `${blockedMs} ms`);
  equal(service.metrics().workers[0]!.blockedReports, 1);
  equal(service.metrics().workers[1]!.blockedReports, 0);
  match(lines.join(), /a thread is blocked .*"endpoint":"slow","method":"block"/);
  await blocked;
  equal(await slow.add(1), 1, 'it goes on as if nothing had been');
});

test('the home thread is watched by the next worker after the first one died', async () => {
  const service = await start({ threads: 2 });
  const { reports, stop } = listen();
  const first = await mortal(service, 0, 'first');
  const slow = await mortal(service, 'home', 'slow');
  const waiting = first.never();
  first.die('exit');
  await failure('THREAD_TERMINATED', waiting);
  await slow.block(4 * WATCHDOG_MS);
  await until(() => reports.length > 0, 'the report');
  stop();
  deepEqual([reports.length, reports[0]!.thread, reports[0]!.method], [1, 'home', 'block']);
});

test('an endpoint that blocks the home thread is reported when that goes on', async () => {
  const service = await start({ threads: 1 });
  const { reports, stop } = listen();
  const slow = await mortal(service, 'home', 'slow');
  // The one who watches must be seen to watch first.
  const other = await mortal(service, 0, 'other');
  equal(await other.add(0), 0);
  await slow.block(4 * WATCHDOG_MS);
  await until(() => reports.length > 0, 'the report');
  stop();
  const [report] = reports as [Report];
  deepEqual([report.thread, report.endpoint, report.method], ['home', 'slow', 'block']);
});

test('an endless loop: only the callers of that thread time out', async () => {
  const service = await start({ threads: 2, stopTimeoutMs: 100 });
  const { reports, stop } = listen();
  const loops = await mortal(service, 0, 'loops');
  const neighbour = await mortal(service, 0, 'neighbour');
  const other = await mortal(service, 1, 'other');
  const limit = callOptions({ timeoutMs: 2 * WATCHDOG_MS });
  const late = [
    failure('TIMEOUT', loops.block(FOR_EVER_MS, limit)),
    failure('TIMEOUT', neighbour.add(1, limit)),
  ];
  equal(await other.add(1, callOptions({ timeoutMs: 5_000 })), 1);
  for (const error of await Promise.all(late)) match(error.message, /blocked/);
  await until(() => reports.length > 0, 'the report');
  stop();
  equal(reports[0]!.endpoint, 'loops');
  equal(await other.add(1), 2);
  await rejects(service.close(), { code: 'ENDPOINT_STOP_FAILED' });
  services.splice(0);
});

test('watchdogAction terminate: the thread ends, says why, and is started again', async () => {
  const service = await start({
    threads: 2,
    watchdogAction: 'terminate',
    supervision: { strategy: 'restart' },
  });
  const loops = await mortal(service, 0, 'loops');
  const other = await mortal(service, 1, 'other');
  const error = await failure('THREAD_TERMINATED', loops.block(FOR_EVER_MS));
  equal(error.effect, 'unknown');
  match(error.message, /blocked for \d+ ms, last called: loops\.block \(option watchdogMs\)/);
  const again = await service.connect(service.addressOf('loops'), MortalGateway);
  await until(
    () =>
      again.add(0).then(
        () => true,
        () => false,
      ),
    'it runs again',
  );
  equal(await other.addAt(service.addressOf('loops'), 1), 1);
  const { restarts, blockedReports } = service.metrics().workers[0]!;
  deepEqual([restarts, blockedReports], [1, 1]);
});

test('watchdogAction terminate with the strategy stop: it ends for good', async () => {
  const service = await start({ threads: 1, watchdogAction: 'terminate' });
  const server = await service.startServer(Mortal, { endpointId: 'loops' });
  await server.start();
  const loops = await service.connect(server.address, MortalGateway);
  await failure('THREAD_TERMINATED', loops.block(FOR_EVER_MS));
  match((await failure('THREAD_TERMINATED', server.terminationFuture)).message, /loops\.block/);
});

test('the options of the watchdog are checked', async () => {
  for (const options of [{ watchdogMs: -1 }, { watchdogAction: 'kill' as 'report' }]) {
    await rejects(RpcService.start({ threads: 0, ...options }), { code: 'INVALID_ARGUMENT' });
  }
});
