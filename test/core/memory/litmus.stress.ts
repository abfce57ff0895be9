import { deepEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createRegion } from '../../../core/memory/region-descriptor.js';
import { LITMUS_GATE_BYTES, type LitmusJob, litmusLane, type Race } from './litmus-worker.js';
import { runWorkers } from './worker-run.js';

const ENTRY = new URL('./litmus-worker.js', import.meta.url);
const ROUNDS = 150_000;
const ROUNDS_AT_LEAST = 1_000;

interface Row {
  readonly race: Race;
  /** What the two answers of an outcome are. */
  readonly answers: string;
  /** Pairs of answers that may be seen, and what each means. */
  readonly legal: Readonly<Record<string, string>>;
}

/** As in jcstress: what may be seen is written down, everything else is a defect. */
const TABLE: readonly Row[] = [
  {
    race: 'park against publish',
    answers: 'the look after PARKED finds the record, the producer must ring',
    legal: {
      '1 0': 'published before PARKED: the consumer stays awake',
      '0 1': 'published after the look: the bell wakes it',
      '1 1': 'between the two: the bell is needless and harmless',
      // '0 0' is the lost wake-up.
    },
  },
  {
    race: 'two ringers',
    answers: 'the first must ring, the second must ring',
    legal: { '1 0': 'the first swapped', '0 1': 'the second swapped' },
  },
  {
    race: 'unpark against a ringer',
    answers: 'nothing, the producer must ring',
    legal: { '0 0': 'awake before the swap', '0 1': 'swapped before: a needless bell' },
  },
  {
    race: 'drain against two publications',
    answers: 'records seen, nothing',
    legal: { '0 0': 'before both', '1 0': 'between', '2 0': 'after both' },
  },
  {
    race: 'announcement against a drain',
    answers: 'the consumer must ring, the look after the announcement finds room',
    legal: {
      '0 1': 'drained before: the producer goes on',
      '1 0': 'drained after the look: the bell wakes it',
      '1 1': 'between the two: the bell is needless and harmless',
      // '0 0' is a producer that waits for ever.
    },
  },
];

for (const { race, answers, legal } of TABLE) {
  test(`${race}, in two threads, has only its legal outcomes`, async (context) => {
    const shared = {
      race,
      rounds: ROUNDS,
      region: createRegion(2).buffer,
      lane: litmusLane(race),
      gate: new SharedArrayBuffer(LITMUS_GATE_BYTES),
    };
    const jobs: LitmusJob[] = [
      { ...shared, side: 0 },
      { ...shared, side: 1 },
    ];
    const [seen] = await runWorkers<Record<string, number>>(
      ENTRY,
      jobs.map((data) => ({ data })),
    );
    const outcomes = Object.entries(seen!);
    const illegal = outcomes.filter(([outcome]) => !(outcome in legal));
    deepEqual(illegal, [], `${answers}: ${JSON.stringify(seen)}`);
    const total = outcomes.reduce((sum, [, count]) => sum + count, 0);
    ok(total >= ROUNDS_AT_LEAST, `${total} rounds`);
    context.diagnostic(`${answers}: ${JSON.stringify(seen)}`);
  });
}
