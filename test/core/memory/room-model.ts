import type { MemoryModel, Model } from '../../support/interleaving.js';
import type { Operation, Step, ThreadBody } from '../../support/thread-program.js';

/**
 * Both sleeps of one lane at once: the consumer parks while the lane is empty, the producer waits
 * while it is full (`announceWaiting`, look at head once more; `drain`, `mustRingProducer`).
 */
export type RoomBug =
  | 'no look after the announcement'
  | 'announcement by a plain store'
  | 'waiting loaded before the head store'
  | 'head by a plain store'
  | 'consumer rings before it drains';

export interface RoomModel {
  readonly capacity: number;
  readonly messages: number;
  readonly memory?: MemoryModel;
  readonly bug?: RoomBug;
}

type Steps<Result> = Generator<Step, Result, number>;

function step(at: string, locals: readonly number[], operation: Operation): Step {
  return { at, locals, operation };
}

function* ringIf(word: 'park' | 'waiting', bell: string, locals: readonly number[]): Steps<void> {
  if ((yield step(`load ${word}`, locals, { kind: 'load', cell: word })) !== 1) return;
  const swap = { kind: 'exchange', cell: word, value: 0 } as const;
  if ((yield step(`swap ${word}`, locals, swap)) !== 1) return;
  yield step(`ring ${bell}`, locals, { kind: 'add', cell: bell, value: 1 });
}

/** Sends one message a publication and sleeps while the lane is full. */
export function waitingProducer({ capacity, messages, bug }: RoomModel): ThreadBody {
  const kind = bug === 'announcement by a plain store' ? 'plain-store' : 'store';
  return function* () {
    let head = 0;
    for (let sent = 1; sent <= messages; sent++) {
      while (sent - head > capacity) {
        const locals = [sent, head];
        head = yield step('load head', locals, { kind: 'load', cell: 'head' });
        if (sent - head <= capacity) break;
        yield step('announce waiting', [sent, head], { kind, cell: 'waiting', value: 1 });
        if (bug !== 'no look after the announcement') {
          head = yield step('look again', [sent, head], { kind: 'load', cell: 'head' });
          if (sent - head <= capacity) break;
        }
        yield step('wait for room', [sent, head], { kind: 'take', cell: 'room bell' });
      }
      yield step('store tail', [sent, head], { kind: 'store', cell: 'tail', value: sent });
      yield* ringIf('park', 'bell', [sent, head]);
    }
  };
}

/** Stores head after a drain, and rings a producer that waits for room. */
function* giveBack(tail: number, bug: RoomBug | undefined): Steps<void> {
  const kind = bug === 'head by a plain store' ? 'plain-store' : 'store';
  const store = step('store head', [tail], { kind, cell: 'head', value: tail });
  if (bug === 'consumer rings before it drains') {
    yield* ringIf('waiting', 'room bell', [tail]);
    yield store;
  } else if (bug === 'waiting loaded before the head store') {
    const seen = yield step('load waiting', [tail], { kind: 'load', cell: 'waiting' });
    yield { ...store, locals: [tail, seen] };
    if (seen === 1) yield* ringIf('waiting', 'room bell', [tail, seen]);
  } else {
    yield store;
    yield* ringIf('waiting', 'room bell', [tail]);
  }
}

/** Drains, gives the bytes back, rings the producer, and parks when nothing is left. */
export function drainingConsumer({ messages, bug }: RoomModel): ThreadBody {
  return function* () {
    let head = 0;
    while (true) {
      const tail = yield step('load tail', [head], { kind: 'load', cell: 'tail' });
      if (tail !== head) yield* giveBack(tail, bug);
      head = tail;
      if (head === messages) return;
      if ((yield step('poll or park', [head], { kind: 'choose', options: 2 })) === 0) continue;
      yield step('store PARKED', [head], { kind: 'store', cell: 'park', value: 1 });
      const again = yield step('re-check', [head], { kind: 'load', cell: 'tail' });
      if (again === head) {
        yield step('sleep until the bell', [head], { kind: 'take', cell: 'bell' });
      }
      yield step('unpark', [head], { kind: 'store', cell: 'park', value: 0 });
    }
  };
}

export function roomModel(model: RoomModel): Model {
  return {
    cells: { tail: 0, head: 0, park: 0, waiting: 0, bell: 0, 'room bell': 0 },
    threads: { producer: waitingProducer(model), consumer: drainingConsumer(model) },
    memory: model.memory ?? 'sc',
    invariant: (state) => {
      const used = state.cell('tail') - state.cell('head');
      return used < 0 || used > model.capacity ? `${used} records are in the lane` : undefined;
    },
  };
}
