import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';

export async function openPiscina(atomics) {
  const filename = fileURLToPath(new URL('./echo-task.mjs', import.meta.url));
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, atomics });
  await pool.run(0);
  return { echo: (value) => pool.run(value), close: () => pool.close() };
}
