import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { assertNone, parseSource, type Source } from '../support/sources.js';
import { declarationsBehind, findAny } from './door-types.js';

interface Door {
  readonly types: string;
}

test('what users see of the types, as the compiler wrote them, is nowhere `any`', () => {
  const manifest = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, 'utf8')) as {
    readonly exports: Readonly<Record<string, Door | string>>;
  };
  const doors = Object.entries(manifest.exports).flatMap(([name, door]) =>
    typeof door === 'string' || name === './internal' ? [] : [door.types.replace(/^\.\//, '')],
  );
  assert.ok(doors.length >= 3, doors.join());
  const load = (path: string): Source =>
    parseSource(path, readFileSync(REPOSITORY_ROOT + path, 'utf8'));
  const declarations = declarationsBehind(doors, load);
  assert.ok(declarations.length > 20, `only ${declarations.length} files are behind the doors`);
  assertNone(findAny(declarations));
});

test('finds `any` behind a door, however it is written, and only there', () => {
  const files: Readonly<Record<string, string>> = {
    'door.d.ts': `export { type A } from './a.js';\nimport type { B } from './b/b.js';\n`,
    'a.d.ts': `export type A = readonly any[];\nexport declare const a: 'any';\n`,
    'b/b.d.ts': `export interface B { call(x: Map<string, any>): unknown }\nimport 'node:fs';\n`,
    'elsewhere.d.ts': `export type X = any;\n`,
  };
  const load = (path: string): Source => parseSource(path, files[path]!);
  const found = findAny(declarationsBehind(['door.d.ts'], load));
  assert.deepEqual(
    found.map(({ path, line }) => `${path}:${line}`),
    ['a.d.ts:1', 'b/b.d.ts:1'],
  );
});
