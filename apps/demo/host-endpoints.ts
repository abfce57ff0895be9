import { deferred, ignoreRejection } from '../../core/internal.js';
import { type MiniCluster, randomJobId, type TaskExecutorInfo } from '../../cluster/index.js';
import type { HostedEndpoint } from './host-task.js';

/** An endpoint class by the place where any process finds it. */
export interface EndpointSource {
  readonly name: string;
  readonly module: string;
}

/** Endpoints that a job keeps running in slots of the cluster. */
export interface HostedEndpoints {
  /** In the order of the TaskExecutors. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

/** Hosts one endpoint of `source` on each of `taskExecutors`, as tasks of one job. */
export async function hostEndpoints(
  cluster: MiniCluster,
  source: EndpointSource,
  taskExecutors: readonly TaskExecutorInfo[],
): Promise<HostedEndpoints> {
  const jobId = randomJobId();
  const tasks = taskExecutors.map(({ resourceId, thread }) => {
    const argument: HostedEndpoint = {
      module: source.module,
      exportName: source.name,
      endpointId: `${source.name}-${resourceId}-${jobId.slice(0, 8)}`,
      thread: thread ?? 'home',
    };
    return {
      taskId: `${source.name}-${resourceId}`,
      module: new URL('./host-task.js', import.meta.url).href,
      exportName: 'hostEndpoint',
      argument,
      preferredTaskExecutor: resourceId,
    };
  });
  const client = await cluster.submitJob({ jobId, name: `host ${source.name}`, tasks });
  const close = async (): Promise<void> => {
    await client.cancel();
    await client.result();
  };
  const addresses = new Map<string, string>();
  const allUp = deferred<void>();
  ignoreRejection(allUp.promise);
  const following = client.followProgress(({ taskId, value }) => {
    addresses.set(taskId, String(value));
    if (addresses.size === tasks.length) allUp.resolve();
  });
  ignoreRejection(following);
  client.result().then(
    ({ state, error }) =>
      allUp.reject(new Error(`hosting ${source.name} ended ${state}: ${error}`)),
    (error: unknown) => allUp.reject(error),
  );
  await allUp.promise;
  return { addresses: tasks.map(({ taskId }) => addresses.get(taskId)!), close };
}
