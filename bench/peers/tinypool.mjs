import { Tinypool } from 'tinypool';

/** A pool of one thread. */
export async function open() {
  const filename = new URL('./echo-task.mjs', import.meta.url).href;
  const pool = new Tinypool({ filename, minThreads: 1, maxThreads: 1 });
  await pool.run(0);
  return { echo: (value) => pool.run(value), close: () => pool.destroy() };
}
