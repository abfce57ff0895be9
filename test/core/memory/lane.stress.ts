import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { createLane } from '../../../core/memory/lane-descriptor.js';
import type { LaneJob, LaneReport } from './lane-worker.js';
import { runWorkers } from './worker-run.js';

const ENTRY = new URL('./lane-worker.js', import.meta.url);

interface LaneStress {
  readonly lanes: number;
  readonly capacity: number;
  readonly records: number;
  readonly maxWords: number;
  readonly start: number;
}

/** Every lane gets two threads; answers what both ends of each have seen. */
async function stress(o: LaneStress): Promise<LaneReport[]> {
  const jobs: LaneJob[] = [];
  for (let lane = 0; lane < o.lanes; lane++) {
    const owners = { producer: 2 * lane, consumer: 2 * lane + 1 };
    const shared = {
      lane: createLane(owners, o.capacity, o.start),
      owners,
      records: o.records,
      maxWords: o.maxWords,
      seed: (Math.random() * 2 ** 31) | 0,
    };
    jobs.push({ role: 'produce', ...shared }, { role: 'consume', ...shared });
  }
  return runWorkers<LaneReport>(
    ENTRY,
    jobs.map((data) => ({ data })),
  );
}

function compare(reports: readonly LaneReport[], records: number): void {
  for (let lane = 0; lane < reports.length; lane += 2) {
    const { waits: _full, ...produced } = reports[lane]!;
    const { waits: _empty, ...consumed } = reports[lane + 1]!;
    deepEqual(consumed, produced, `lane ${lane / 2}`);
    equal(consumed.records, records);
  }
}

test('two million records of random length cross one lane between two threads', async (context) => {
  const records = 2_000_000;
  const started = performance.now();
  const reports = await stress({
    lanes: 1,
    capacity: 64 * 1024,
    records,
    maxWords: 32,
    start: 2 ** 32 - 4096,
  });
  compare(reports, records);
  const ms = Math.round(performance.now() - started);
  context.diagnostic(`${records} records, ${reports[0]!.bytes} bytes in ${ms} ms`);
});

test('three lanes between six threads carry two million records and a half', async (context) => {
  const records = 850_000;
  const started = performance.now();
  compare(
    await stress({ lanes: 3, capacity: 32 * 1024, records, maxWords: 24, start: 2 ** 31 - 4096 }),
    records,
  );
  context.diagnostic(`${3 * records} records in ${Math.round(performance.now() - started)} ms`);
});

test('a lane that is nearly always full or empty loses nothing', async (context) => {
  const records = 100_000;
  const reports = await stress({
    lanes: 1,
    capacity: 256,
    records,
    maxWords: 30,
    start: 2 ** 31 - 64,
  });
  compare(reports, records);
  context.diagnostic(`waits of writer and reader: ${reports.map((report) => report.waits)}`);
});
