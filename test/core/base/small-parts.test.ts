import { equal, match, notEqual, ok, rejects, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailed, assert, unreachable } from '../../../core/base/assert.js';
import { deferred, ignoreRejection, isThenable } from '../../../core/base/deferred.js';
import {
  createRandomName,
  createWildcardName,
  randomId,
  randomIncarnation,
} from '../../../core/base/ids.js';

test('a random id is a version 4 UUID and never the same', () => {
  const ids = new Set(Array.from({ length: 1000 }, randomId));
  equal(ids.size, 1000);
  for (const id of ids) match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
});

test('an incarnation is a 32-bit number and never 0', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 10_000; i++) {
    const incarnation = randomIncarnation();
    equal(incarnation | 0, incarnation);
    notEqual(incarnation, 0);
    seen.add(incarnation);
  }
  equal(seen.size > 9_900, true, `${seen.size} of 10000 are different`);
  const values = [...seen];
  ok(values.some((value) => value < 0) && values.some((value) => value > 0));
  ok(values.some((value) => value % 2 === 0) && values.some((value) => value % 2 !== 0));
});

test('random names count up for each prefix of its own', () => {
  equal(createRandomName('first'), 'first_0');
  equal(createRandomName('first'), 'first_1');
  equal(createRandomName('second'), 'second_0');
  equal(createRandomName('__proto__'), '__proto___0');
  equal(createWildcardName('first'), 'first_*');
});

test('an assertion that fails says what was wrong', () => {
  assert(true, 'never');
  throws(() => assert(false, 'the lane is broken'), AssertionFailed);
  throws(() => assert(false, 'the lane is broken'), /^AssertionFailed: the lane is broken$/);
  throws(() => unreachable('x' as never), /unexpected value: x/);
});

test('a deferred promise is settled from outside, once', async () => {
  const good = deferred<number>();
  good.resolve(1);
  good.resolve(2);
  good.reject(new Error('late'));
  equal(await good.promise, 1);
  const bad = deferred<number>();
  ignoreRejection(bad.promise);
  bad.reject(new Error('no'));
  await rejects(bad.promise, /no/);
});

test('a thenable is what await follows', () => {
  const withThen = Object.assign(() => {}, { then() {} });
  for (const value of [Promise.resolve(), { then() {} }, withThen]) equal(isThenable(value), true);
  for (const value of [null, undefined, 1, 'then', {}, { then: 1 }, () => {}]) {
    equal(isThenable(value), false, String(value));
  }
});
