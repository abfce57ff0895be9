import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { listFiles, REPOSITORY_ROOT } from '../support/repository.js';
import { assertNone, describeViolations } from '../support/sources.js';
import { findLeftovers } from './leftovers.js';

function leftoversIn(text: string): string {
  return describeViolations(findLeftovers([{ path: 'x', text }]));
}

test('no file carries marks of unfinished work, of one machine or of one registry', () => {
  const files = listFiles().map((path) => ({
    path,
    text: readFileSync(REPOSITORY_ROOT + path, 'utf8'),
  }));
  assertNone(findLeftovers(files));
});

test('finds unfinished work', () => {
  assert.match(leftoversIn(`\n// ${'TO'}DO: later`), /x:2 is unfinished/);
  assert.match(leftoversIn(`// ${'FIX'}ME`), /is unfinished/);
  assert.equal(leftoversIn('const toDo = MASTODON;'), '');
});

test('finds paths of one machine', () => {
  assert.match(leftoversIn(`open('${'/wo'}rk/main')`), /a path of one machine/);
  assert.match(leftoversIn(`see ${'/ho'}me/somebody/x`), /a path of one machine/);
  assert.equal(leftoversIn('../work/x, https://example.org/home/x, /tmp/ringlane.sock'), '');
});

test('finds registry hosts', () => {
  assert.match(leftoversIn(`https://${'registry'}.npmjs.org/x`), /a registry host/);
  assert.match(leftoversIn(`https://example.org/${'artifactory'}/x`), /a registry host/);
  assert.equal(leftoversIn('the registry of task executors; registry.register(x)'), '');
});
