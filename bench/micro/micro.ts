import { Bench } from 'tinybench';
import { type Cell, WrongReply } from '../harness/cell.js';
import { memoryFigures } from '../harness/usage.js';

/** Operations between two readings of the clock, which costs more than most of them. */
export const BATCH = 1_000;
/** A part of the engine needs less time than the whole of it. */
const TIME_SHARE = 0.25;

/** Runs {@link BATCH} operations and answers how many came out right. */
export type Work = () => number;

/** One part of the engine alone, in one thread; `prepare` makes what it works on. */
export function micro(prepare: () => Work): Cell {
  return async (budget) => {
    const work = prepare();
    const bench = new Bench({
      time: budget.measureMs * TIME_SHARE,
      warmupTime: budget.warmUpMs * TIME_SHARE,
      iterations: 1,
      warmupIterations: 1,
      throws: true,
    });
    bench.add('work', () => {
      const right = work();
      if (right !== BATCH) throw new WrongReply(`${right} of ${BATCH} operations came out right`);
    });
    await bench.run();
    const result = bench.tasks[0]!.result;
    if (result.state !== 'completed') throw new Error(`tinybench ended ${result.state}`);
    return {
      nsPerOperation: (result.latency.p50 * 1e6) / BATCH,
      calls: result.latency.samplesCount * BATCH,
      ...memoryFigures(),
    };
  };
}
