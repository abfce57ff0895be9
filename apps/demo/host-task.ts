/** A task that keeps an endpoint on its TaskExecutor's thread until it is cancelled. */
import { once } from 'node:events';
import type { TaskContext } from '../../cluster/index.js';
import { loadEndpointClass } from '../load/endpoint-class.js';

/** Which endpoint to host, and on which thread of the TaskExecutor's service. */
export interface HostedEndpoint {
  readonly module: string;
  readonly exportName: string;
  readonly endpointId: string;
  readonly thread: number | 'home';
}

/** Starts the endpoint, reports its address as progress, ends it when the task is cancelled. */
export async function hostEndpoint(argument: HostedEndpoint, context: TaskContext): Promise<void> {
  const { module, exportName, endpointId, thread } = argument;
  const endpointClass = await loadEndpointClass(module, exportName);
  const { rpcService, signal } = context;
  const server = await rpcService.startServer(endpointClass, { endpointId, thread });
  try {
    await server.start();
    context.reportProgress(server.address);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
  }
}
