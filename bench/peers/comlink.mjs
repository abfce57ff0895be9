import { Worker } from 'node:worker_threads';
import { releaseProxy, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';

/** An object of a worker, called through a proxy. */
export async function open() {
  const worker = new Worker(new URL('./comlink-worker.mjs', import.meta.url));
  const remote = wrap(nodeEndpoint(worker));
  await remote.echo(0);
  return {
    echo: (value) => remote.echo(value),
    async close() {
      remote[releaseProxy]();
      await worker.terminate();
    },
  };
}
