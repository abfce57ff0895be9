import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import {
  LANE_HEAD_INDEX,
  LANE_TAIL_INDEX,
  LANE_WAITING_INDEX,
} from '../../../core/memory/lane-descriptor.js';
import { ParkWord } from '../../../core/memory/park-word.js';
import { createRegion, parkWordIndex } from '../../../core/memory/region-descriptor.js';
import { runAlone, type ThreadBody } from '../../support/thread-program.js';
import { lanePair, put } from './lane-pair.js';
import { AWAKE, consumer, PARKED, producer } from './park-model.js';
import { drainingConsumer, waitingProducer } from './room-model.js';

/**
 * The models prove an order of atomic operations; this file holds the code to that order. The
 * real classes run with `Atomics` watched, the models run alone on the same values.
 */
const region = createRegion(1);
const WATCHED = ['load', 'store', 'exchange', 'compareExchange'] as const;

const laneWords: ReadonlyMap<number, string> = new Map([
  [LANE_TAIL_INDEX, 'tail'],
  [LANE_HEAD_INDEX, 'head'],
  [LANE_WAITING_INDEX, 'waiting'],
]);

function nameOf(array: Int32Array, index: number): string {
  if (array.buffer !== region.buffer) return laneWords.get(index) ?? `lane word ${index}`;
  return index === parkWordIndex(0) ? 'park' : `region word ${index}`;
}

/** The atomic operations of `action`, as `<operation> <word>`. */
function watch(action: () => void): string[] {
  const seen: string[] = [];
  const originals = WATCHED.map((name) => [name, Atomics[name]] as const);
  for (const [name, original] of originals) {
    const watched = (array: Int32Array, index: number, ...rest: number[]): number => {
      seen.push(`${name} ${nameOf(array, index)}`);
      return Reflect.apply(original, Atomics, [array, index, ...rest]);
    };
    Object.defineProperty(Atomics, name, { value: watched, configurable: true, writable: true });
  }
  try {
    action();
  } finally {
    for (const [name, value] of originals) {
      Object.defineProperty(Atomics, name, { value, configurable: true, writable: true });
    }
  }
  return seen;
}

/** The same of a model that runs alone; bells and choices are no words of memory. */
function modelled(body: ThreadBody, cells: Record<string, number>, until: string): string[] {
  const seen: string[] = [];
  for (const { at, operation } of runAlone(body, cells, 40)) {
    if (at.startsWith(until)) return seen;
    if (!('cell' in operation) || operation.cell.includes('bell')) continue;
    seen.push(`${operation.kind} ${operation.cell.replace(/ \d+$/, '')}`);
  }
  return seen;
}

const cells = (park: number): Record<string, number> => ({ 'tail 0': 0, park, bell: 0 });

for (const [name, state] of [
  ['sleeps', PARKED],
  ['is awake', AWAKE],
] as const) {
  test(`a publication to a consumer that ${name} takes the steps of the model`, () => {
    const { writer } = lanePair(64);
    const word = new ParkWord(region, 0);
    if (state === PARKED) word.park();
    else word.unpark();
    put(writer, 8, 1);
    let rings = false;
    const real = watch(() => {
      writer.publish();
      rings = word.mustRing();
    });
    equal(rings, state === PARKED);
    deepEqual(real, modelled(producer(0, 1), cells(state), 'never'));
    equal(real[0], 'store tail', 'a publication is one atomic store of tail');
  });
}

test('parking and the look after it take the steps of the model', () => {
  const { reader } = lanePair(64);
  const word = new ParkWord(region, 0);
  const real = watch(() => {
    word.park();
    reader.hasRecords();
  });
  const polledBefore = ['load tail'];
  const model = modelled(consumer(1, 1), cells(AWAKE), 'sleep until');
  deepEqual([...polledBefore, ...real], model);
  deepEqual(
    watch(() => word.unpark()),
    ['store park'],
  );
});

test('a record and its header are in memory when the tail is stored', () => {
  const { writer, memory } = lanePair(64);
  put(writer, 8, 0x11, 77);
  deepEqual([...memory.words.subarray(0, 4)], [16, 77, 0x11111111, 0x11111111]);
  deepEqual(
    watch(() => writer.publish()),
    ['store tail'],
  );
});

test('a drain and the bell for room take the steps of the model', () => {
  const { writer, reader } = lanePair(16);
  put(writer, 8, 1);
  writer.publish();
  writer.announceWaiting();
  let rings = false;
  const real = watch(() => {
    reader.drain({ onRecord() {} }, 10);
    rings = reader.mustRingProducer();
  });
  equal(rings, true);
  const model = { tail: 1, head: 0, park: 0, waiting: 1, bell: 0, 'room bell': 0 };
  deepEqual(real, modelled(drainingConsumer({ capacity: 1, messages: 1 }), model, 'never'));
});

test('waiting for room takes the steps of the model', () => {
  const { writer } = lanePair(16);
  put(writer, 8, 1);
  writer.publish();
  const real = watch(() => {
    writer.claim(8);
    writer.announceWaiting();
    writer.usedBytes();
  });
  const full = { tail: 1, head: 0, park: 0, waiting: 0, bell: 0, 'room bell': 0 };
  const model = modelled(waitingProducer({ capacity: 1, messages: 2 }), full, 'wait for room');
  deepEqual(real, model.slice(-3));
});
