import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { listFiles, REPOSITORY_ROOT } from '../support/repository.js';
import { findUntestedRules, RULE_COUNT } from './semantics-doc.js';

const DOCUMENT = 'docs/SEMANTICS.md';

function read(path: string): string {
  return readFileSync(REPOSITORY_ROOT + path, 'utf8');
}

test('every rule of docs/SEMANTICS.md leads to tests whose names begin with its number', () => {
  const textOf = (link: string): string | undefined => {
    const path = posix.join(posix.dirname(DOCUMENT), link);
    return existsSync(REPOSITORY_ROOT + path) ? read(path) : undefined;
  };
  assert.deepEqual(findUntestedRules(read(DOCUMENT), textOf), []);
});

test('every numbered test of the suite belongs to a rule, and its file is linked there', () => {
  const document = read(DOCUMENT);
  const strays = listFiles('test/conformance').flatMap((path) => {
    const numbers = Array.from(read(path).matchAll(/['"`]([1-9]\d*) [a-zA-Z]/g), ([, n]) =>
      Number(n),
    );
    const unknown = numbers.filter((number) => number > RULE_COUNT);
    const isLinked = numbers.length === 0 || document.includes(`../${path})`);
    return [...unknown.map((n) => `${path} has ${n}`), ...(isLinked ? [] : [`${path}: no link`])];
  });
  assert.deepEqual(strays, []);
});

test('a missing rule, a rule without a link, a dead link and a missing test are found', () => {
  const rules = Array.from({ length: RULE_COUNT }, (_, i) => `${i + 1}. Rule. [t](x.ts)`);
  const all = Array.from({ length: RULE_COUNT }, (_, i) => `test('${i + 1} holds')`).join('\n');
  const problems = (edit: (lines: string[]) => void, tests = all): string[] => {
    const lines = [...rules];
    edit(lines);
    return findUntestedRules(lines.join('\n'), (link) => (link === 'x.ts' ? tests : undefined));
  };
  assert.deepEqual(
    problems(() => {}),
    [],
  );
  assert.match(problems((lines) => lines.splice(3, 1)).join(), /rule 4 is missing/);
  assert.match(problems((lines) => (lines[4] = '5. Rule.')).join(), /rule 5 .* no link/);
  assert.match(problems((lines) => (lines[5] = '6. R [t](y.ts)')).join(), /rule 6 .*y\.ts/);
  assert.match(problems(() => {}, all.replace("'7 ", "'70 ")).join(), /rule 7: x\.ts has no test/);
});
