import type { Piscina } from 'piscina';
import type { OffloadPool } from '../core/worker.js';

/** Loaded on the first `offload`: most programs never need it. */
let pool: Promise<Piscina> | undefined;

async function createPool(): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  // Idle workers end after a second, so that the pool never keeps a thread or a process.
  return new Piscina({ idleTimeout: 1_000, minThreads: 0 });
}

/**
 * CPU work outside the endpoint threads (Flink ioExecutor), by piscina; one pool a thread that uses
 * it. The module's default export is called with the argument, which is cloned.
 */
export const offloadPool: OffloadPool = {
  async run(module, argument, signal) {
    pool ??= createPool();
    return (await pool).run(argument, { filename: module, signal }) as Promise<unknown>;
  },
};
