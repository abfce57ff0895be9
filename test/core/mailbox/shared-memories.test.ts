import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../core/config/limits.js';
import { BesideWindow } from '../../../core/mailbox/beside-window.js';
import { SharedMemories } from '../../../core/mailbox/shared-memories.js';
import { collectGarbage } from '../../support/collect-garbage.js';

function tickets(): () => number {
  let last = 0;
  return () => ++last;
}

/** A lane with nothing but its positions. */
class Lane {
  end: number;
  #head: number;

  constructor(start = 0) {
    this.end = start;
    this.#head = start;
  }

  get position(): number {
    return this.end;
  }

  usedBytes(): number {
    return (this.end - this.#head) | 0;
  }

  readTo(position: number): void {
    this.#head = position;
  }
}

/** As a sender does: the window hears of the record before the lane ends behind it. */
function send(window: BesideWindow, lane: Lane, bytes: number, position: number): void {
  window.add(bytes, position);
  lane.end = position;
}

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
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
  const lane = new Lane();
  const window = new BesideWindow(lane);
  const half = LIMITS.bytesBeside / 2;
  send(window, lane, half, 100);
  send(window, lane, half, 1000);
  lane.readTo(99);
  equal(window.hasRoom(1), false);
  lane.readTo(100);
  equal(window.hasRoom(half + 1), false);
  equal(window.hasRoom(half), true);
  lane.readTo(1000);
  equal(window.hasRoom(LIMITS.bytesBeside * 2), true);
});

test('they are let go of wherever the positions of the lane wrap', () => {
  const lane = new Lane(0x7fff_fff0);
  const window = new BesideWindow(lane);
  send(window, lane, LIMITS.bytesBeside, -0x7fff_fff0);
  lane.readTo(0x7fff_fff8);
  equal(window.hasRoom(1), false);
  lane.readTo(-0x7fff_fff0);
  equal(window.hasRoom(1), true);
});

test('what was read gigabytes ago takes no room beside a lane', () => {
  const lane = new Lane();
  const window = new BesideWindow(lane);
  send(window, lane, LIMITS.bytesBeside, 100);
  for (let i = 0; i < 9; i++) {
    lane.end = (lane.end + 2 ** 28) | 0;
    lane.readTo(lane.end);
  }
  equal(window.hasRoom(1), true);
});

test('nothing is remembered of answers that were read', () => {
  const lane = new Lane();
  const window = new BesideWindow(lane);
  const before = heapBytes();
  for (let i = 1; i <= 200_000; i++) {
    send(window, lane, LIMITS.besideBytes, i * 64);
    lane.readTo(i * 64);
  }
  const grown = heapBytes() - before;
  ok(grown < 2 ** 20, `${grown} bytes more`);
  equal(window.hasRoom(LIMITS.bytesBeside * 2), true);
});

test('what waits in the backlog counts until it was in the lane and is read', () => {
  const lane = new Lane();
  const window = new BesideWindow(lane);
  window.add(LIMITS.bytesBeside, undefined);
  equal(window.hasRoom(1), false);
  lane.end = 2_000_000;
  window.onBacklogEmpty();
  lane.readTo(1_999_999);
  equal(window.hasRoom(1), false);
  lane.readTo(2_000_000);
  equal(window.hasRoom(1), true);
});

test('a single value of any size finds room', () => {
  ok(new BesideWindow(new Lane()).hasRoom(LIMITS.bytesBeside * 4));
});
