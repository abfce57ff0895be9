import { performance } from 'node:perf_hooks';
import { MiniCluster } from '../../cluster/index.js';
import { type Cell, WrongReply } from '../harness/cell.js';
import { memoryFigures } from '../harness/usage.js';

const TASK_EXECUTORS = 4;

/** From nothing to four registered TaskExecutors, each on a thread, with their slots reported. */
export const clusterStart: Cell = async () => {
  const startMs = performance.now();
  const cluster = await MiniCluster.start({ taskExecutors: TASK_EXECUTORS });
  try {
    const durationMs = performance.now() - startMs;
    const { taskExecutors, slots } = await cluster.requestClusterOverview();
    if (taskExecutors.length !== TASK_EXECUTORS || slots !== TASK_EXECUTORS) {
      throw new WrongReply(`${taskExecutors.length} TaskExecutors with ${slots} slots`);
    }
    return { durationMs, ...memoryFigures() };
  } finally {
    await cluster.close();
  }
};
