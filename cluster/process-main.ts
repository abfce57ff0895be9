import { deferred, describeThrown, StandaloneHaServices, systemClock } from '../core/internal.js';
import { RpcService } from '../index.js';
import type { ComponentOrder, FromProcess, ToProcess } from './component-process.js';
import { dispatcherRunner, resourceManagerRunner } from './component-runners.js';
import { remoteReporter } from './event-reporter.js';
import { COMPONENT_IDS } from './gateways.js';
import {
  PinnedTaskExecutor,
  TASK_EXECUTOR_FATAL_EXIT_CODE,
  type TaskExecutorConfiguration,
} from './task-executor-runner.js';

/** The code of a process that runs one component of a cluster (Flink ClusterEntrypoint). */

const LAST_WORDS_MS = 100;

function say(message: FromProcess): void {
  if (process.connected) process.send!(message);
}

async function end(service: RpcService | undefined, exitCode: number): Promise<never> {
  await service?.close().catch(() => {});
  process.exit(exitCode);
}

/** A process that cannot serve must not look alive; its `fatal` event still has to be written. */
function endAfterLastWords(): void {
  systemClock.schedule(() => process.exit(TASK_EXECUTOR_FATAL_EXIT_CODE), LAST_WORDS_MS);
}

/** A TaskExecutor that ends by itself takes its process along. */
async function startTaskExecutor(
  service: RpcService,
  configuration: TaskExecutorConfiguration,
): Promise<string> {
  const server = await service.startServer(PinnedTaskExecutor, {
    endpointId: configuration.resourceId,
    args: [configuration, endAfterLastWords],
    thread: 'home',
  });
  server.terminationFuture.then(
    () => {},
    () => process.exit(TASK_EXECUTOR_FATAL_EXIT_CODE),
  );
  await server.start();
  return server.address;
}

/** Answers the address of the component once it serves. */
function startComponent(service: RpcService, order: ComponentOrder): Promise<string> {
  if (order.component === 'taskExecutor') return startTaskExecutor(service, order.configuration);
  const confirmed = deferred<string>();
  const isResourceManager = order.component === 'resourceManager';
  const addresses: Record<string, string> = isResourceManager
    ? {}
    : { [COMPONENT_IDS.resourceManager]: order.resourceManagerAddress };
  const parts = {
    rpcService: service,
    highAvailability: new StandaloneHaServices(addresses),
    times: order.times,
    onConfirmed: confirmed.resolve,
    onFatalError: (error: unknown) => void fail(service, error),
  };
  const runner = isResourceManager
    ? resourceManagerRunner({
        ...parts,
        driver: { isKnownWorker: () => true },
        clusterInformation: order.clusterInformation,
        events: remoteReporter(service, order.eventAddress, 'home'),
      })
    : dispatcherRunner(parts);
  runner.start();
  return confirmed.promise;
}

async function fail(service: RpcService | undefined, error: unknown): Promise<void> {
  say({ kind: 'failed', reason: describeThrown(error) });
  await end(service, RUNTIME_FAILURE_EXIT_CODE);
}

async function start(systemName: string, order: ComponentOrder): Promise<void> {
  try {
    service = await RpcService.start({ systemName, threads: 0, listen: { port: 0 } });
    say({ kind: 'ready', address: await startComponent(service, order) });
  } catch (error) {
    await fail(service, error);
  }
}

/** As in Flink: 1 while starting is up to Node, 2 is a failure of the component. */
const RUNTIME_FAILURE_EXIT_CODE = 2;
let service: RpcService | undefined;

process.on('message', (message: ToProcess) => {
  if (message.kind === 'start') void start(message.systemName, message.order);
  else void end(service, 0);
});
// Whoever started us is gone: nobody would ever end us.
process.on('disconnect', () => void end(service, 0));
process.on('SIGTERM', () => void end(service, 0));
// Ctrl-C reaches the whole group; the parent decides when we end.
process.on('SIGINT', () => {});
