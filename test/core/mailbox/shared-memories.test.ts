import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../core/config/limits.js';
import { BesideWindow } from '../../../core/mailbox/beside-window.js';
import { SharedMemories } from '../../../core/mailbox/shared-memories.js';

function tickets(): () => number {
  let last = 0;
  return () => ++last;
}

test('shared memory is handed over once and keeps its ticket', () => {
  const table = new SharedMemories();
  const next = tickets();
  const [a, b] = [new SharedArrayBuffer(8), new SharedArrayBuffer(8)];
  const named = [a, a, b, a, b, b].map((memory) => table.ticketOf(memory, next));
  deepEqual(named, [1, 1, 2, 1, 2, 2]);
  deepEqual(table.takeForgotten(), []);
});

test('of 100 000 memories no more are kept than the limit, and each other one is forgotten', () => {
  const table = new SharedMemories();
  const next = tickets();
  const forgotten = new Set<number>();
  for (let i = 1; i <= 100_000; i++) {
    equal(table.ticketOf(new SharedArrayBuffer(1), next), i);
    for (const ticket of table.takeForgotten()) forgotten.add(ticket);
  }
  equal(forgotten.size, 100_000 - LIMITS.sharedMemories);
  ok(!forgotten.has(100_000));
});

test('the least recently used is forgotten, also when another was used many times in a row', () => {
  const table = new SharedMemories();
  const next = tickets();
  const favourite = new SharedArrayBuffer(1);
  for (let i = 0; i < 3 * LIMITS.sharedMemories; i++) {
    for (let k = 0; k < 3; k++) equal(table.ticketOf(favourite, next), 1);
    notEqual(table.ticketOf(new SharedArrayBuffer(1), next), 1);
  }
  ok(!table.takeForgotten().includes(1));
});

test('big ones are forgotten sooner: their bytes are bounded, but one always fits', () => {
  const table = new SharedMemories();
  const next = tickets();
  const quarter = LIMITS.sharedMemoryBytes / 4;
  for (let i = 0; i < 4; i++) table.ticketOf(new SharedArrayBuffer(quarter), next);
  deepEqual(table.takeForgotten(), []);
  table.ticketOf(new SharedArrayBuffer(quarter), next);
  deepEqual(table.takeForgotten(), [1]);
  table.ticketOf(new SharedArrayBuffer(LIMITS.sharedMemoryBytes + 8), next);
  deepEqual(table.takeForgotten(), [2, 3, 4, 5]);
});

test('bytes beside a lane are bounded until its reader is past their records', () => {
  const window = new BesideWindow();
  const half = LIMITS.bytesBeside / 2;
  window.add(half, 100);
  window.add(half, 0x7fff_fff8);
  equal(window.hasRoom(1, 99), false);
  equal(window.hasRoom(half + 1, 100), false);
  equal(window.hasRoom(half, 100), true);
  // Positions wrap at 32 bits.
  window.add(half, -0x7fff_fff0);
  equal(window.hasRoom(1, 0x7fff_fff0), false);
  equal(window.hasRoom(half, 0x7fff_fff8), true);
  equal(window.hasRoom(LIMITS.bytesBeside * 2, -0x7fff_fff0), true);
});

test('what waits in the backlog counts until it was in the lane and is read', () => {
  const window = new BesideWindow();
  window.add(LIMITS.bytesBeside, undefined);
  equal(window.hasRoom(1, 1_000_000), false);
  window.onBacklogEmpty(2_000_000);
  equal(window.hasRoom(1, 1_999_999), false);
  equal(window.hasRoom(1, 2_000_000), true);
});

test('a single value of any size finds room', () => {
  ok(new BesideWindow().hasRoom(LIMITS.bytesBeside * 4, 0));
});
