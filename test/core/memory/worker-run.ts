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
    const first = workers.map((worker) => Promise.race([report<Report>(worker), ended(worker)]));
    const late = once(signal, 'abort').then(() => {
      throw new Error(`no report of every thread after ${deadlineMs} ms: stuck`);
    });
    return await Promise.race([Promise.all(first), late]);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** `once` also fails with the `error` event of the thread. */
async function report<Report>(worker: Worker): Promise<Report> {
  const [message] = await once(worker, 'message');
  return message as Report;
}

function ended(worker: Worker): Promise<never> {
  return new Promise((_, reject) => {
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and no report`)));
  });
}
