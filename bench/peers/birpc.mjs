import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createBirpc } from 'birpc';

/** Functions of a worker over its message port. */
export async function open() {
  const worker = new Worker(new URL('./birpc-worker.mjs', import.meta.url));
  await once(worker, 'online');
  const rpc = createBirpc(
    {},
    {
      post: (data) => worker.postMessage(data),
      on: (receive) => worker.on('message', receive),
    },
  );
  await rpc.echo(0);
  return {
    echo: (value) => rpc.echo(value),
    async close() {
      rpc.$close();
      await worker.terminate();
    },
  };
}
