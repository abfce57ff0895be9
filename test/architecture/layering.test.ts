import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNone, describeViolations, loadSources, parseSource } from '../support/sources.js';
import { findCircles, findWrongImports } from './layering.js';
import { ROOMS, roomOf } from './rooms.js';

const sources = loadSources();

function messagesFor(path: string, text: string): string {
  return describeViolations(findWrongImports([parseSource(path, text)]));
}

test('every import goes to the own room or to one above it', () => {
  assertNone(findWrongImports(sources));
});

test('no file imports itself through others', () => {
  assertNone(findCircles(sources));
});

test('the rooms name only rooms, and none that imports it back', () => {
  for (const room of ROOMS) {
    for (const path of room.mayImport) {
      const other = ROOMS.find((candidate) => candidate.path === path);
      assert.ok(other, `${room.path} may import ${path}, which is no room`);
      const isDoorPair = [room.path, path].every((name) => /^(index|actor)\.ts$/.test(name));
      assert.ok(isDoorPair || !other.mayImport.includes(room.path), `${room.path} and ${path}`);
    }
  }
});

test('the longest path names the room', () => {
  assert.equal(roomOf('core/internal.ts')?.path, 'core/internal.ts');
  assert.equal(roomOf('schemas/gen/reply.ts')?.path, 'schemas/gen');
  assert.equal(roomOf('core/based/x.ts'), undefined);
});

test('finds an import of a room below, in each form that an import has', () => {
  const forms = [
    `import { x } from '../rpc/x.js';`,
    `import type { X } from '../rpc/x.js';`,
    `export * from '../rpc/x.js';`,
    `export { x } from '../rpc/x.js';`,
    `let x: import('../rpc/x.js').X;`,
    `await import('../rpc/x.js');`,
    `new Worker(new URL('../rpc/x.js', import.meta.url));`,
  ];
  for (const form of forms) {
    assert.match(messagesFor('core/memory/lane.ts', form), /core\/memory may not import core\/rpc/);
  }
});

test('finds sisters that import one another, and a room that imports the product', () => {
  const sister = messagesFor('core/ha/a.ts', `import { x } from '../heartbeat/b.js';`);
  assert.match(sister, /core\/ha may not import core\/heartbeat/);
  const side = messagesFor('cluster/a.ts', `import { x } from '../test/support/b.js';`);
  assert.match(side, /cluster may not import test/);
  const outside = messagesFor('cluster/a.ts', `import { x } from '../lost/b.js';`);
  assert.match(outside, /outside of the house/);
  assert.match(messagesFor('lost/a.ts', ''), /is in no room/);
});

test('finds a package outside of its only importers', () => {
  const piscina = `import { Piscina } from 'piscina';`;
  assert.match(messagesFor('workers/thread-host.ts', piscina), /only workers\/offload-pool.ts may/);
  assert.equal(messagesFor('workers/offload-pool.ts', piscina), '');
  assert.match(
    messagesFor('apps/cli.ts', `import x from '@scope/x/y';`),
    /@scope\/x, which only nob/,
  );
  assert.equal(messagesFor('core/base/x.ts', `import { hash } from 'node:crypto';`), '');
});

test('finds a circle, made of type imports too', () => {
  const circle = findCircles([
    parseSource('core/rpc/a.ts', `import type { B } from './b.js';`),
    parseSource('core/rpc/b.ts', `import { c } from './c.js';`),
    parseSource('core/rpc/c.ts', `import { a } from './a.js';`),
    parseSource('core/rpc/d.ts', `import { a } from './a.js';`),
  ]);
  assert.equal(circle.length, 1);
  assert.match(circle[0]!.message, /a\.ts -> core\/rpc\/b\.ts -> core\/rpc\/c\.ts -> core\/rpc\/a/);
});
