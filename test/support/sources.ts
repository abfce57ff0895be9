import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseSync, visitorKeys, type Program } from 'oxc-parser';
import { listFiles, REPOSITORY_ROOT } from './repository.js';

/** A TypeScript file of ours, read and parsed. */
export interface Source {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  /** The offset of the first character of each line. */
  readonly lineStarts: readonly number[];
}

/** One broken rule, ready to be printed; the message names the cure. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Any node of the ESTree that oxc-parser answers; rules look at the fields they know of. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A file that is not on the disk, as the self-tests of the rules need it. */
export function parseSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text, { astType: 'ts' });
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]!.message}`);
  const lineStarts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  return { path, text, program, lineStarts };
}

/** Every TypeScript file of the repository, generated ones included. */
export function loadSources(): Source[] {
  return listFiles()
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => parseSource(path, readFileSync(REPOSITORY_ROOT + path, 'utf8')));
}

export function isGenerated(path: string): boolean {
  return path.startsWith('schemas/gen/');
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Visits every node from the outside in; `parents` holds the way to it, innermost last. */
export function walk(
  source: Source,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
): void {
  const parents: SyntaxNode[] = [];
  const step = (node: SyntaxNode): void => {
    visit(node, parents);
    parents.push(node);
    for (const key of visitorKeys[node.type] ?? []) {
      const child = node[key];
      if (Array.isArray(child)) child.filter(isNode).forEach(step);
      else if (isNode(child)) step(child);
    }
    parents.pop();
  };
  step(source.program as unknown as SyntaxNode);
}

/** The number of the line, from 1, that holds the character at `offset`. */
export function lineAt({ lineStarts }: Source, offset: number): number {
  let low = 0;
  let high = lineStarts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lineStarts[middle]! <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** The name of `x`, `this.x`, `this.#x` or `y.x`; undefined for anything else. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') return String(node['name']);
  if (node.type === 'MemberExpression' && !node['computed']) return nameOf(node['property']);
  if (node.type === 'TSNonNullExpression') return nameOf(node['expression']);
  return undefined;
}

/** The text of a string literal; undefined for anything else. */
export function stringOf(node: unknown): string | undefined {
  if (!isNode(node) || node.type !== 'Literal') return undefined;
  return typeof node['value'] === 'string' ? node['value'] : undefined;
}

/** One line a violation. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ path, line, message }) => `${path}:${line} ${message}`).join('\n');
}

/** Fails with the list of them all. */
export function assertNone(violations: readonly Violation[]): void {
  if (violations.length > 0) assert.fail(`\n${describeViolations(violations)}\n`);
}
