import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';

/** A pool of one thread with a dedicated worker script. */
export async function open() {
  const script = fileURLToPath(new URL('./workerpool-worker.mjs', import.meta.url));
  const pool = workerpool.pool(script, { maxWorkers: 1, workerType: 'thread' });
  await pool.exec('echo', [0]);
  return { echo: (value) => pool.exec('echo', [value]), close: () => pool.terminate() };
}
