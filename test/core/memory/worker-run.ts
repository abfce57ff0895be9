import { once } from 'node:events';
import { Worker, type Transferable } from 'node:worker_threads';

/** A stress that takes longer than this is stuck; the machine is slow, not that slow. */
const DEADLINE_MS = 60_000;

export interface WorkerJob {
  readonly data: object;
  readonly transfer?: readonly Transferable[];
}

/**
 * Runs one thread a job and answers the one report that each of them posts, in the order of the
 * jobs. Fails with the first failure of a thread, and ends all of them in every case.
 */
export async function runWorkers<Report>(
  entry: URL,
  jobs: readonly WorkerJob[],
  deadlineMs = DEADLINE_MS,
): Promise<Report[]> {
  const workers = jobs.map(
    ({ data, transfer }) =>
      new Worker(entry, { workerData: data, transferList: [...(transfer ?? [])] }),
  );
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const reports = workers.map((worker) => reportOf<Report>(worker));
    const late = once(signal, 'abort').then(() => {
      throw new Error(`no report of every thread after ${deadlineMs} ms: stuck`);
    });
    return await Promise.race([Promise.all(reports), late]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** One promise for all three ends: a message and the exit after it may come in one turn. */
function reportOf<Report>(worker: Worker): Promise<Report> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and no report`)));
  });
}
