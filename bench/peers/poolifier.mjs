import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';

/** A pool of one thread. */
export async function open() {
  const file = fileURLToPath(new URL('./poolifier-worker.mjs', import.meta.url));
  const pool = new FixedThreadPool(1, file, { errorHandler: (error) => console.error(error) });
  await pool.execute(0);
  return { echo: (value) => pool.execute(value), close: () => pool.destroy() };
}
