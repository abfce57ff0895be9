import type { MemoryModel, Model } from '../../support/interleaving.js';
import type { Operation, Step, ThreadBody } from '../../support/thread-program.js';

/**
 * The wake-up protocol of core/memory/park-word.ts, one atomic operation a step and in its order.
 * protocol-order.test.ts holds the order of the correct model against what the code really does.
 */
export const AWAKE = 0;
export const PARKED = 1;

/** Deliberate defects, each a known way to lose a wake-up or to ring too often. */
export type ParkBug =
  | 'no re-check'
  | 're-check before PARKED'
  | 'plain tail store'
  | 'plain park store'
  | 'park word loaded before the tail store'
  | 'ring before publish'
  | 'ring without a swap'
  | 'no unpark after the bell'
  | 'unpark after the drain'
  | 'one sleep for all lives';

export interface ParkModel {
  readonly producers: 1 | 2;
  readonly messages: number;
  readonly memory?: MemoryModel;
  readonly bug?: ParkBug;
}

/** How one life of a thread announces its sleep, and what wakes it. */
interface Sleep {
  readonly parked: number;
  readonly bell: string;
}

const ONLY_LIFE: Sleep = { parked: PARKED, bell: 'bell' };

/** Every park allows one ring; the count of what is left must never be negative. */
const ALLOWS_A_RING = { cell: 'rings allowed', by: 1 } as const;

function step(at: string, locals: readonly number[], operation: Operation): Step {
  return { at, locals, operation };
}

type Steps<Result> = Generator<Step, Result, number>;

/** The second half of a publication: looks whether the consumer sleeps, and rings. */
function* mustRing(sent: number, sleep: Sleep, bug: ParkBug | undefined): Steps<void> {
  const seen = yield step('load park word', [sent], { kind: 'load', cell: 'park' });
  if (seen === sleep.parked) yield* swapAndRing(sent, sleep, bug);
}

function* swapAndRing(sent: number, sleep: Sleep, bug: ParkBug | undefined): Steps<void> {
  const { parked, bell } = sleep;
  const swap = { cell: 'park', expected: parked, value: AWAKE } as const;
  const kind = bug === 'ring without a swap' ? 'store' : 'compareExchange';
  const old = yield step('swap park word', [sent], { ...swap, kind });
  if (kind === 'compareExchange' && old !== parked) return;
  const ring = step('ring', [sent], { kind: 'add', cell: bell, value: 1 });
  yield { ...ring, counts: { cell: 'rings allowed', by: -1 } };
}

/** Publishes `messages` records, each with a batch of its own. */
export function producer(
  lane: number,
  messages: number,
  bug?: ParkBug,
  sleep = ONLY_LIFE,
): ThreadBody {
  const cell = `tail ${lane}`;
  const kind = bug === 'plain tail store' ? 'plain-store' : 'store';
  return function* () {
    for (let sent = 1; sent <= messages; sent++) {
      const publish = step('store tail', [sent], { kind, cell, value: sent });
      if (bug === 'ring before publish') {
        yield* mustRing(sent, sleep, bug);
        yield publish;
      } else if (bug === 'park word loaded before the tail store') {
        const seen = yield step('load park word', [sent], { kind: 'load', cell: 'park' });
        yield { ...publish, locals: [sent, seen] };
        if (seen === sleep.parked) yield* swapAndRing(sent, sleep, bug);
      } else {
        yield publish;
        yield* mustRing(sent, sleep, bug);
      }
    }
  };
}

/** Loads every tail; answers whether one moved. `seen` is what was drained so far. */
function* drainAll(at: string, seen: number[]): Steps<void> {
  for (let lane = 0; lane < seen.length; lane++) {
    const cell = `tail ${lane}`;
    seen[lane] = yield step(`${at}: load ${cell}`, [...seen], { kind: 'load', cell });
  }
}

function* recheck(seen: readonly number[]): Steps<boolean> {
  for (const [lane, drained] of seen.entries()) {
    const load = step(`re-check tail ${lane}`, seen, { kind: 'load', cell: `tail ${lane}` });
    if ((yield load) !== drained) return true;
  }
  return false;
}

/** Announces sleep, looks once more, and sleeps until a bell comes. */
function* goToSleep(
  seen: readonly number[],
  { parked, bell }: Sleep,
  bug: ParkBug | undefined,
): Steps<boolean> {
  const early = bug === 're-check before PARKED' && (yield* recheck(seen));
  const kind = bug === 'plain park store' ? 'plain-store' : 'store';
  const park = step('store PARKED', seen, { kind, cell: 'park', value: parked });
  yield { ...park, counts: ALLOWS_A_RING };
  const looks = bug !== 'no re-check' && bug !== 're-check before PARKED';
  if (early || (looks && (yield* recheck(seen)))) {
    yield step('take PARKED back', seen, { kind: 'store', cell: 'park', value: AWAKE });
    return false;
  }
  yield step('sleep until the bell', seen, { kind: 'take', cell: bell });
  return true;
}

/** Polls as long as it likes, handles bells that come meanwhile, and parks when it likes. */
export function consumer(
  lanes: number,
  messages: number,
  bug?: ParkBug,
  sleep = ONLY_LIFE,
): ThreadBody {
  const unpark = { kind: 'store', cell: 'park', value: AWAKE } as const;
  return function* () {
    const seen = new Array<number>(lanes).fill(0);
    while (true) {
      yield* drainAll('poll', seen);
      if (seen.every((drained) => drained === messages)) return;
      const what = yield step('poll, bell or park', seen, { kind: 'choose', options: 3 });
      if (what === 1) {
        yield step('bell while awake', seen, { kind: 'try-take', cell: sleep.bell });
      }
      if (what !== 2 || !(yield* goToSleep(seen, sleep, bug))) continue;
      if (bug === 'no unpark after the bell') continue;
      if (bug === 'unpark after the drain') yield* drainAll('late', seen);
      yield step('unpark', seen, unpark);
    }
  };
}

function threadsOf(model: ParkModel, reader: ThreadBody): Record<string, ThreadBody> {
  const threads: Record<string, ThreadBody> = { consumer: reader };
  for (let lane = 0; lane < model.producers; lane++) {
    threads[`producer ${lane}`] = producer(lane, model.messages, model.bug);
  }
  return threads;
}

function cellsOf(model: ParkModel, park: number): Record<string, number> {
  const cells: Record<string, number> = { park, bell: 0, 'rings allowed': park };
  for (let lane = 0; lane < model.producers; lane++) cells[`tail ${lane}`] = 0;
  return cells;
}

/** A consumer that polls, parks and is woken; at most one ring a park. */
export function parkModel(model: ParkModel): Model {
  return {
    cells: cellsOf(model, AWAKE),
    threads: threadsOf(model, consumer(model.producers, model.messages, model.bug)),
    memory: model.memory ?? 'sc',
    invariant: (state) => (state.cell('rings allowed') < 0 ? 'more rings than parks' : undefined),
  };
}

/**
 * A consumer that lives on bells alone and opens the bell again either before or after it drains.
 * Opening is storing PARKED; it is the doorbell of an event loop without the re-check.
 */
export function doorbellModel(model: ParkModel, opens: 'before' | 'after'): Model {
  const { producers, messages } = model;
  const open = { kind: 'store', cell: 'park', value: PARKED } as const;
  const reader: ThreadBody = function* () {
    const seen = new Array<number>(producers).fill(0);
    while (seen.some((drained) => drained < messages)) {
      yield step('sleep until the bell', seen, { kind: 'take', cell: 'bell' });
      if (opens === 'before') yield { ...step('open the bell', seen, open), counts: ALLOWS_A_RING };
      yield* drainAll('drain', seen);
      if (opens === 'after') yield { ...step('open the bell', seen, open), counts: ALLOWS_A_RING };
    }
  };
  return {
    ...parkModel(model),
    cells: cellsOf(model, PARKED),
    threads: threadsOf(model, reader),
  };
}

/**
 * A consumer that dies, awake or asleep, and lives again under its number, with one producer for
 * each life. Who writes to the first life may still do so when the second one sleeps.
 */
export function livesModel({ messages, memory, bug }: Omit<ParkModel, 'producers'>): Model {
  const isOneForAll = bug === 'one sleep for all lives';
  const first: Sleep = { parked: PARKED + 4, bell: 'bell of the first life' };
  const next: Sleep = { parked: isOneForAll ? first.parked : PARKED + 8, bell: 'bell' };
  const asleep = { kind: 'store', cell: 'park', value: first.parked } as const;
  return {
    cells: {
      park: AWAKE,
      bell: 0,
      [first.bell]: 0,
      'rings allowed': 0,
      'next life': 0,
      'tail 0': 0,
      'tail 1': 0,
    },
    threads: {
      consumer: function* () {
        const isAsleep = yield step('die awake or asleep', [], { kind: 'choose', options: 2 });
        if (isAsleep) yield { ...step('die asleep', [], asleep), counts: ALLOWS_A_RING };
        yield step('live again', [], { kind: 'add', cell: 'next life', value: 1 });
        yield* consumer(1, messages, bug, next)();
      },
      'producer 0': function* () {
        yield step('wait for the next life', [], { kind: 'take', cell: 'next life' });
        yield* producer(0, messages, bug, next)();
      },
      'producer to the first life': producer(1, messages, bug, first),
    },
    memory: memory ?? 'sc',
  };
}
