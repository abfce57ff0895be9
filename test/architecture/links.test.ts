import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { listFiles, REPOSITORY_ROOT } from '../support/repository.js';

/** Targets of the links of a Markdown text that lead to files, without their anchors. */
function fileLinks(text: string): string[] {
  const targets = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), (match) => match[1]!);
  return targets
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => target.replace(/#.*$/, ''));
}

/** Files of ours that a text names in backticks, with the folder of a room in front. */
function namedFiles(text: string): string[] {
  const file = /`((?:core|cluster|workers|apps|bench|test|schemas|docs)\/[\w./-]+\.(?:ts|md))`/g;
  return Array.from(text.matchAll(file), (match) => match[1]!);
}

test('documents lead only to files that are there', () => {
  const broken = listFiles()
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) => {
      const text = readFileSync(REPOSITORY_ROOT + path, 'utf8');
      const links = fileLinks(text).map((target) => posix.join(posix.dirname(path), target));
      return [...links, ...namedFiles(text)]
        .filter((target) => !existsSync(REPOSITORY_ROOT + target))
        .map((target) => `${path} leads to ${target}`);
    });
  assert.deepEqual(broken, []);
});

test('finds links and named files', () => {
  const text = '[a](x/y.md#z) [b](https://example.org/x.md) [c](#d) `core/x.ts` `npm run x`';
  assert.deepEqual(fileLinks(text), ['x/y.md']);
  assert.deepEqual(namedFiles(text), ['core/x.ts']);
});
