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
  | 'unpark after the drain';

export interface ParkModel {
  readonly producers: 1 | 2;
  readonly messages: number;
  readonly memory?: MemoryModel;
  readonly bug?: ParkBug;
}

/** Every park allows one ring; the count of what is left must never be negative. */
const ALLOWS_A_RING = { cell: 'rings allowed', by: 1 } as const;

function step(at: string, locals: readonly number[], operation: Operation): Step {
  return { at, locals, operation };
}

type Steps<Result> = Generator<Step, Result, number>;

/** The second half of a publication: looks whether the consumer sleeps, and rings. */
function* mustRing(sent: number, bug: ParkBug | undefined): Steps<void> {
  if ((yield step('load park word', [sent], { kind: 'load', cell: 'park' })) !== PARKED) return;
  yield* swapAndRing(sent, bug);
}

function* swapAndRing(sent: number, bug: ParkBug | undefined): Steps<void> {
  const kind = bug === 'ring without a swap' ? 'store' : 'exchange';
  const old = yield step('swap park word', [sent], { kind, cell: 'park', value: AWAKE });
  if (kind === 'exchange' && old !== PARKED) return;
  const ring = step('ring', [sent], { kind: 'add', cell: 'bell', value: 1 });
  yield { ...ring, counts: { cell: 'rings allowed', by: -1 } };
}

/** Publishes `messages` records, each with a batch of its own. */
export function producer(lane: number, messages: number, bug?: ParkBug): ThreadBody {
  const cell = `tail ${lane}`;
  const kind = bug === 'plain tail store' ? 'plain-store' : 'store';
  return function* () {
    for (let sent = 1; sent <= messages; sent++) {
      const publish = step('store tail', [sent], { kind, cell, value: sent });
      if (bug === 'ring before publish') {
        yield* mustRing(sent, bug);
        yield publish;
      } else if (bug === 'park word loaded before the tail store') {
        const seen = yield step('load park word', [sent], { kind: 'load', cell: 'park' });
        yield { ...publish, locals: [sent, seen] };
        if (seen === PARKED) yield* swapAndRing(sent, bug);
      } else {
        yield publish;
        yield* mustRing(sent, bug);
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
function* goToSleep(seen: readonly number[], bug: ParkBug | undefined): Steps<boolean> {
  const early = bug === 're-check before PARKED' && (yield* recheck(seen));
  const kind = bug === 'plain park store' ? 'plain-store' : 'store';
  const park = step('store PARKED', seen, { kind, cell: 'park', value: PARKED });
  yield { ...park, counts: ALLOWS_A_RING };
  const looks = bug !== 'no re-check' && bug !== 're-check before PARKED';
  if (early || (looks && (yield* recheck(seen)))) {
    yield step('take PARKED back', seen, { kind: 'store', cell: 'park', value: AWAKE });
    return false;
  }
  yield step('sleep until the bell', seen, { kind: 'take', cell: 'bell' });
  return true;
}

/** Polls as long as it likes, handles bells that come meanwhile, and parks when it likes. */
export function consumer(lanes: number, messages: number, bug?: ParkBug): ThreadBody {
  const unpark = { kind: 'store', cell: 'park', value: AWAKE } as const;
  return function* () {
    const seen = new Array<number>(lanes).fill(0);
    while (true) {
      yield* drainAll('poll', seen);
      if (seen.every((drained) => drained === messages)) return;
      const what = yield step('poll, bell or park', seen, { kind: 'choose', options: 3 });
      if (what === 1) yield step('bell while awake', seen, { kind: 'try-take', cell: 'bell' });
      if (what !== 2 || !(yield* goToSleep(seen, bug))) continue;
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
