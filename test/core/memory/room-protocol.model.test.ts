import { test } from 'node:test';
import { assertFinds, assertHolds, type MemoryModel } from '../../support/interleaving.js';
import { type RoomBug, type RoomModel, roomModel } from './room-model.js';

const MODEL: RoomModel = { capacity: 1, messages: 4 };
const WAITS = /producer at "wait for room"/;

for (const memory of ['sc', 'tso'] satisfies MemoryModel[]) {
  for (const capacity of [1, 2]) {
    test(`a full lane of ${capacity} record(s) wakes its producer under ${memory}`, (context) => {
      context.diagnostic(`${assertHolds(roomModel({ ...MODEL, capacity, memory }))} states`);
    });
  }
}

for (const bug of [
  'no look after the announcement',
  'waiting loaded before the head store',
  'consumer rings before it drains',
] satisfies RoomBug[]) {
  test(`the model finds the producer that waits for ever: ${bug}`, () => {
    assertFinds(roomModel({ ...MODEL, bug }), ['stuck'], WAITS);
  });
}

for (const bug of ['announcement by a plain store', 'head by a plain store'] satisfies RoomBug[]) {
  test(`only store buffers show the producer that waits for ever: ${bug}`, () => {
    assertHolds(roomModel({ ...MODEL, bug }));
    assertFinds(roomModel({ ...MODEL, memory: 'tso', bug }), ['stuck'], WAITS);
  });
}
