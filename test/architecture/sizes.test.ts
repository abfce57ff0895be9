import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNone, describeViolations, loadSources, parseSource } from '../support/sources.js';
import { findSizeViolations } from './sizes.js';

function messagesFor(text: string, path = 'core/base/x.ts'): string {
  return describeViolations(findSizeViolations([parseSource(path, text)]));
}

const functionOf = (lines: number): string => `function f() {\n${'f();\n'.repeat(lines - 2)}}\n`;

test('functions, files, lines, parameters and names keep the house numbers', () => {
  assertNone(findSizeViolations(loadSources()));
});

test('finds a function of more than 70 lines', () => {
  assert.equal(messagesFor(functionOf(70)), '');
  assert.match(messagesFor(functionOf(71)), /x\.ts:1 has a function of 71 lines/);
  assert.match(messagesFor(`class C { m = () => {${'\n'.repeat(70)}} }`), /a function of 71 lines/);
  assert.match(messagesFor(`class C { m() {${'\n'.repeat(70)}} }`), /a function of 71 lines/);
});

test('lets a group of tests be longer, but not a test', () => {
  assert.equal(messagesFor(`describe('x', () => {${'\n'.repeat(90)}});`), '');
  assert.match(messagesFor(`test('x', () => {${'\n'.repeat(90)}});`), /a function of 91 lines/);
});

test('finds a file of more than 500 lines, generated ones aside', () => {
  assert.equal(messagesFor('f();\n'.repeat(500)), '');
  assert.match(messagesFor('f();\n'.repeat(501)), /has 501 lines/);
  assert.equal(messagesFor('f();\n'.repeat(501), 'schemas/gen/x.ts'), '');
});

test('finds a line of more than 100 columns', () => {
  assert.equal(messagesFor(`// ${'é'.repeat(97)}\n`), '');
  assert.match(messagesFor(`\n// ${'x'.repeat(98)}\n`), /x\.ts:2 has 101 columns/);
});

test('finds a fifth parameter wherever parameters are', () => {
  assert.equal(messagesFor('function f(this: object, a, b, c, d) {}'), '');
  const forms = [
    'function f(a, b, c, d, e) {}',
    'const f = (a, b, c, d, ...e) => 1;',
    'class C { constructor(a, b, c, d, e) {} }',
    'abstract class C { abstract m(a, b, c, d, e): void; }',
    'interface I { m(a, b, c, d, e): void }',
    'type F = (a, b, c, d, e) => void;',
    'declare function f(a, b, c, d, e): void;',
  ];
  for (const form of forms) assert.match(messagesFor(form), /takes 5 parameters/, form);
});

test('finds names that are not kebab-case', () => {
  for (const path of ['core/base/laneWriter.ts', 'core/Base/x.ts', 'core/base/lane_x.ts']) {
    assert.match(messagesFor('', path), /kebab-case/, path);
  }
  assert.equal(messagesFor('', 'core/base/lane-writer-2.test.ts'), '');
});

test('finds enums and namespaces', () => {
  assert.match(messagesFor('enum E { A }'), /`enum`/);
  assert.match(messagesFor('export const enum E { A }'), /`enum`/);
  assert.match(messagesFor('namespace N { let x = 1; }'), /`namespace`/);
  assert.equal(messagesFor('declare global { interface X {} }'), '');
});
