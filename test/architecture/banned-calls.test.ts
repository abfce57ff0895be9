import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNone, describeViolations, loadSources, parseSource } from '../support/sources.js';
import { findBannedCalls, findPlainControlAccess } from './banned-calls.js';

const sources = loadSources();

function bannedIn(path: string, text: string): string {
  return describeViolations(findBannedCalls([parseSource(path, text)]));
}

function plainIn(text: string, path = 'core/memory/x.ts'): number {
  return findPlainControlAccess([parseSource(path, text)]).length;
}

test('nobody calls what the house does without', () => {
  assertNone(findBannedCalls(sources));
});

test('control words are touched through Atomics alone', () => {
  assertNone(findPlainControlAccess(sources));
});

test('finds each banned call and names what to take instead', () => {
  const examples: readonly (readonly [text: string, expected: RegExp])[] = [
    ['Date.now();', /Date\.now: take clock\.nowMs/],
    ['const now = Date.now;', /Date\.now/],
    [`eval('1');`, /uses eval: take a closure/],
    [`new Function('return 1');`, /new Function/],
    [`Function('return 1');`, /new Function/],
    ['Math.random();', /Math\.random: take randomId/],
    ['setTimeout(f, 1);', /a bare timer: take clock\.schedule/],
    ['setInterval(f, 1);', /a bare timer/],
    [`import { setTimeout } from 'node:timers/promises';`, /a bare timer/],
    [`console.log('x');`, /console: take the logger/],
    ['process.exit(1);', /process\.exit: take an error/],
    ['v8.deserialize(bytes);', /v8\.deserialize: take the value codec/],
    [`import { deserialize } from 'node:v8';`, /v8\.deserialize/],
  ];
  for (const [text, expected] of examples) assert.match(bannedIn('core/rpc/x.ts', text), expected);
});

test('allows a call where it belongs, and names that only look alike', () => {
  assert.equal(bannedIn('core/base/clock.ts', 'setTimeout(f, 1);'), '');
  assert.equal(bannedIn('core/base/ids.ts', 'Math.random();'), '');
  assert.equal(bannedIn('apps/cli.ts', `console.log('x'); process.exit(1); setTimeout(f, 1);`), '');
  assert.equal(bannedIn('core/codec/v8.ts', 'v8.deserialize(bytes);'), '');
  assert.equal(
    bannedIn('core/rpc/x.ts', 'clock.setTimeout(f); this.eval(); x.Date; Math.max();'),
    '',
  );
  assert.match(bannedIn('workers/x.ts', `console.log('x');`), /console/);
});

test('finds plain access to control words', () => {
  const plain = [
    'control[0] = 1;',
    'const f = () => control[0];',
    'class C { m() { return this.control[0]; } }',
    'class C { #control; m() { this.#control[0]++; } }',
    'lane.control!.fill(0);',
    'control.set([1]);',
  ];
  for (const text of plain) assert.equal(plainIn(text), 1, text);
});

test('allows Atomics, plain stores before sharing, and other rooms', () => {
  assert.equal(plainIn('Atomics.load(control, 0); use(this.control, control.length);'), 0);
  assert.equal(plainIn('function createLane() { control[0] = 1; }'), 0);
  assert.equal(plainIn('class C { static create() { control[0] = 1; } }'), 0);
  assert.equal(plainIn('const createLane = () => { control[0] = 1; };'), 0);
  assert.equal(plainIn('control[0] = 1;', 'core/rpc/x.ts'), 0);
});
