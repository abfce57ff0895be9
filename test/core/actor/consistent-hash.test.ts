import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConsistentHash } from '../../../core/actor/consistent-hash.js';

const KEYS = Array.from({ length: 2000 }, (_, i) => `key-${i}`);

test('an owner that leaves moves no keys but its own', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
    minLength: 2,
    maxLength: 12,
  });
  fc.assert(
    fc.property(names, fc.nat(), (all, pick) => {
      const gone = all[pick % all.length]!;
      const rest = all.filter((name) => name !== gone);
      const before = new ConsistentHash(all);
      const after = new ConsistentHash(rest);
      for (const key of KEYS.slice(0, 200)) {
        const owner = all[before.ownerOf(key)]!;
        if (owner !== gone) assert.equal(rest[after.ownerOf(key)], owner);
      }
    }),
    { numRuns: 60 },
  );
});

test('the order of the owners means nothing, and the keys are shared evenly', () => {
  const names = Array.from({ length: 8 }, (_, i) => `routee-${i}`);
  const ring = new ConsistentHash(names);
  const turned = new ConsistentHash([...names].reverse());
  const counts = new Map<string, number>();
  for (const key of KEYS) {
    const owner = names[ring.ownerOf(key)]!;
    assert.equal([...names].reverse()[turned.ownerOf(key)], owner);
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  assert.equal(counts.size, 8);
  const [least, most] = [Math.min(...counts.values()), Math.max(...counts.values())];
  assert.ok(least > 150 && most < 400, `of 250 each: ${least} to ${most}`);
});

test('without owners a key has none', () => {
  assert.equal(new ConsistentHash([]).ownerOf('x'), -1);
});
