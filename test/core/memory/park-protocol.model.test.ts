import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertFinds,
  assertHolds,
  type Finding,
  type MemoryModel,
} from '../../support/interleaving.js';
import {
  doorbellModel,
  livesModel,
  type ParkBug,
  type ParkModel,
  parkModel,
} from './park-model.js';

/** A lost wake-up ends with a consumer that sleeps for ever. */
const ASLEEP = /consumer at "sleep until the bell"/;
const LOST: readonly Finding[] = ['stuck'];

const SIZES: readonly ParkModel[] = [
  { producers: 1, messages: 2 },
  { producers: 1, messages: 4 },
  { producers: 2, messages: 2 },
  { producers: 2, messages: 3 },
];

for (const memory of ['sc', 'tso'] satisfies MemoryModel[]) {
  for (const size of SIZES) {
    const name = `${size.producers} producer(s) with ${size.messages} messages under ${memory}`;
    test(`publish, park, re-check and ring lose no wake-up: ${name}`, (context) => {
      context.diagnostic(`${assertHolds(parkModel({ ...size, memory }))} states`);
    });
  }
}

function finds(bug: ParkBug, model: ParkModel): void {
  assertFinds(parkModel({ ...model, bug }), LOST, ASLEEP);
}

test('two producers with four messages each lose no wake-up either', (context) => {
  context.diagnostic(`${assertHolds(parkModel({ producers: 2, messages: 4 }))} states`);
});

test('the model finds the wake-up that is lost without a re-check', () => {
  finds('no re-check', { producers: 1, messages: 2 });
});

test('the model finds the wake-up that is lost when the last look comes before PARKED', () => {
  finds('re-check before PARKED', { producers: 1, messages: 2 });
});

test('the model finds the wake-up that is lost when the park word is loaded too early', () => {
  finds('park word loaded before the tail store', { producers: 1, messages: 2 });
});

test('the model finds the wake-up that is lost when the bell rings before the publication', () => {
  finds('ring before publish', { producers: 1, messages: 2 });
});

test('a tail that is stored plainly loses a wake-up, which only store buffers show', () => {
  assertHolds(parkModel({ producers: 1, messages: 2, memory: 'sc', bug: 'plain tail store' }));
  finds('plain tail store', { producers: 1, messages: 2, memory: 'tso' });
});

test('a park word that is stored plainly loses a wake-up, which only store buffers show', () => {
  assertHolds(parkModel({ producers: 1, messages: 2, memory: 'sc', bug: 'plain park store' }));
  finds('plain park store', { producers: 1, messages: 2, memory: 'tso' });
});

test('two producers that do not swap ring twice for one park', () => {
  const model: ParkModel = { producers: 2, messages: 2, bug: 'ring without a swap' };
  assertFinds(parkModel(model), ['violation'], /more rings than parks/);
});

for (const memory of ['sc', 'tso'] satisfies MemoryModel[]) {
  test(`who still writes to a dead life takes no wake-up of the next: ${memory}`, (context) => {
    for (const messages of [1, 2, 3]) {
      context.diagnostic(`${assertHolds(livesModel({ messages, memory }))} states`);
    }
  });
}

test('the model finds the wake-up that is lost when all lives announce the same sleep', () => {
  const bug = 'one sleep for all lives';
  assertFinds(livesModel({ messages: 1, bug }), LOST, ASLEEP);
});

test('a doorbell that opens before it drains loses nothing', () => {
  for (const memory of ['sc', 'tso'] satisfies MemoryModel[]) {
    assertHolds(doorbellModel({ producers: 2, messages: 2, memory }, 'before'));
  }
});

test('a doorbell that opens after it drained loses a wake-up', () => {
  assertFinds(doorbellModel({ producers: 2, messages: 2 }, 'after'), LOST, ASLEEP);
  assertFinds(doorbellModel({ producers: 1, messages: 2 }, 'after'), LOST, ASLEEP);
});

test('the re-check makes a late or forgotten unpark harmless but for needless bells', () => {
  for (const bug of ['unpark after the drain', 'no unpark after the bell'] satisfies ParkBug[]) {
    assertHolds(parkModel({ producers: 2, messages: 2, memory: 'tso', bug }));
  }
});

test('a bell under way to a consumer that took its announcement back does no harm', () => {
  const model = parkModel({ producers: 2, messages: 2, memory: 'tso' });
  assertHolds(model);
  // The model must reach what it calls harmless, or it proves nothing about it.
  const { trace } = assertFinds(
    {
      ...model,
      invariant: (state) => {
        const polls = state.at('consumer').startsWith('poll');
        return polls && state.cell('bell') > 0 ? 'awake with a bell under way' : undefined;
      },
    },
    ['violation'],
    /awake with a bell under way/,
  );
  ok(
    trace.some((line) => line.includes('take PARKED back')),
    trace.join('\n'),
  );
});

test('a bell of an earlier park may end a later sleep, which then finds nothing', () => {
  const model = parkModel({ producers: 1, messages: 3, memory: 'tso' });
  assertFinds(
    {
      ...model,
      invariant: (state) => {
        const slept = state.at('consumer') === 'unpark';
        return slept && state.cell('park') === 1 ? 'woken although nobody swapped' : undefined;
      },
    },
    ['violation'],
    /woken although nobody swapped/,
  );
  assertHolds(model);
});
