import type { Figures } from './cell.js';

const MIB = 1024 * 1024;

/** CPU microseconds, user and system, that all threads of this process have used so far. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Heap of this thread and resident memory of the process, in MiB. */
export function memoryFigures(): Figures {
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMib: heapUsed / MIB, rssMib: rss / MIB };
}
