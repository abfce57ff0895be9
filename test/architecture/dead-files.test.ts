import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { assertNone, loadSources, parseSource } from '../support/sources.js';
import { findDeadFiles, type Manifest } from './dead-files.js';

const manifest: Manifest = {
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
  bin: { tool: './dist/apps/cli.js' },
  scripts: { test: 'node dist/test/run.js' },
};

function deadOf(files: Readonly<Record<string, string>>): string[] {
  const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return findDeadFiles(sources, manifest).map(({ path }) => path);
}

test('every file is reached by a door, a bin, a worker entry, a test or a bench', () => {
  const own = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, 'utf8')) as Manifest;
  assertNone(findDeadFiles(loadSources(), own));
});

test('follows doors, bins, scripts, type imports and worker entries', () => {
  const files = {
    'index.ts': `export type { A } from './core/rpc/a.js';`,
    'core/rpc/a.ts': `new Worker(new URL('./b.js', import.meta.url));`,
    'core/rpc/b.ts': '',
    'apps/cli.ts': `await import('./demo.js');`,
    'apps/demo.ts': '',
    'test/run.ts': '',
    'test/core/x.test.ts': `import '../support/y.js';`,
    'test/support/y.ts': '',
    'examples/hello.ts': '',
  };
  assert.deepEqual(deadOf(files), []);
});

test('finds what nobody reaches, and what only a test reaches', () => {
  const files = {
    'index.ts': '',
    'core/rpc/lost.ts': '',
    'core/rpc/tested.ts': '',
    'test/core/tested.test.ts': `import '../../core/rpc/tested.js';`,
    'test/support/unused.ts': '',
  };
  assert.deepEqual(deadOf(files), [
    'core/rpc/lost.ts',
    'core/rpc/tested.ts',
    'test/support/unused.ts',
  ]);
});
