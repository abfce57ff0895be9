import { test } from 'node:test';
import {
  assertFinds,
  assertHolds,
  type Finding,
  type MemoryModel,
} from '../../support/interleaving.js';
import { type RingBug, type RingModel, ringModel } from './ring-model.js';

const NARROW: RingModel = {
  capacity: 2,
  positionBits: 3,
  start: 2,
  sizes: [1, 1, 1, 1, 1],
  batch: 1,
  limit: 8,
};

/** Starts so that both the lane and the 4-bit positions wrap, with padding on the way. */
const WIDE: RingModel = {
  capacity: 4,
  positionBits: 4,
  start: 5,
  sizes: [2, 2, 1, 2, 2, 1],
  batch: 2,
  limit: 8,
};

const MEMORIES: readonly MemoryModel[] = ['sc', 'tso', 'pso'];

for (const memory of MEMORIES) {
  test(`records keep order and content when 3-bit positions wrap under ${memory}`, (context) => {
    for (let start = 0; start < 8; start++) {
      const states = assertHolds(ringModel({ ...NARROW, start, memory }));
      if (start === 0) context.diagnostic(`${states} states a start`);
    }
  });

  test(`records keep order and content across padding and wraps under ${memory}`, (context) => {
    let states = 0;
    for (let start = 0; start < 16; start++) {
      states += assertHolds(ringModel({ ...WIDE, start, memory }));
    }
    context.diagnostic(`${states} states in all starts`);
  });

  test(`a drain with a limit gives back what it read and no more under ${memory}`, () => {
    for (const limit of [1, 2]) assertHolds(ringModel({ ...WIDE, limit, memory }));
  });

  test(`one publication for many records shows all of them or none under ${memory}`, () => {
    for (const batch of [1, 3, 6]) assertHolds(ringModel({ ...WIDE, batch, memory }));
  });
}

function finds(bug: RingBug, model: RingModel, findings: readonly Finding[] = ['violation']): void {
  assertHolds(ringModel(model));
  assertFinds(ringModel({ ...model, bug }), findings);
}

test('the model finds a payload that is written after the publication', () => {
  finds('payload written after publish', WIDE);
});

test('the model finds a tail that overtakes the payload where plain stores are not ordered', () => {
  finds('plain tail store', { ...WIDE, memory: 'pso' });
});

test('the model finds a head that is given back before the payload is read', () => {
  finds('head stored before the payload is read', { ...WIDE, batch: 1 });
});

test('the model finds padding that is left out at the wrap', () => {
  finds('padding omitted at the wrap', WIDE, ['violation']);
});

test('the model finds that room at the start of the lane was not checked', () => {
  finds('room at the start is not checked', { ...WIDE, batch: 1 });
});

test('the model finds a reader that compares positions with <', () => {
  finds('reader compares with <', NARROW, ['trap', 'stuck']);
});

test('the model finds a writer that compares positions with <', () => {
  finds('writer compares with <', NARROW, ['violation']);
});
