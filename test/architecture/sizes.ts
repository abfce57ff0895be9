import { posix } from 'node:path';
import {
  isGenerated,
  lineAt,
  nameOf,
  walk,
  type Source,
  type SyntaxNode,
  type Violation,
} from '../support/sources.js';

/** The house numbers. */
const MAX = { functionLines: 70, fileLines: 500, lineColumns: 100, parameters: 4 } as const;

const WITH_PARAMETERS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'TSDeclareFunction',
  'TSEmptyBodyFunctionExpression',
  'TSMethodSignature',
  'TSFunctionType',
]);

/** A folder of tests is not a piece of work that somebody has to hold in the head at once. */
const TEST_GROUPS = new Set(['describe', 'suite']);

const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+){0,2}\.ts$/;
const FOLDER_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Functions, files, lines, parameters and names beyond the house numbers; generated code aside. */
export function findSizeViolations(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => !isGenerated(path))
    .flatMap((source) => [
      ...findNameViolations(source),
      ...findLineViolations(source),
      ...findSyntaxViolations(source),
    ]);
}

function findNameViolations({ path }: Source): Violation[] {
  const folders = posix.dirname(path).split('/');
  const isKebab =
    FILE_NAME.test(posix.basename(path)) &&
    folders.every((folder) => folder === '.' || FOLDER_NAME.test(folder));
  return isKebab ? [] : [{ path, line: 1, message: 'is not named in kebab-case' }];
}

function findLineViolations({ path, text }: Source): Violation[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const long = lines.flatMap((content, index) => {
    const columns = Array.from(content).length;
    // A single import cannot be broken: its length is that of a path.
    if (columns <= MAX.lineColumns || /^import .* from '[^']+';$/.test(content)) return [];
    const message = `has ${columns} columns, more than ${MAX.lineColumns}`;
    return [{ path, line: index + 1, message }];
  });
  if (lines.length <= MAX.fileLines) return long;
  const message = `has ${lines.length} lines, more than ${MAX.fileLines}: split it by subject`;
  return [...long, { path, line: lines.length, message }];
}

function isTestGroup(parent: SyntaxNode | undefined): boolean {
  return parent?.type === 'CallExpression' && TEST_GROUPS.has(nameOf(parent['callee']) ?? '');
}

function findSyntaxViolations(source: Source): Violation[] {
  const violations: Violation[] = [];
  walk(source, (node, parents) => {
    const line = lineAt(source, node.start);
    const report = (message: string): unknown =>
      violations.push({ path: source.path, line, message });
    if (node.type === 'TSEnumDeclaration') report('uses `enum`: take an `as const` table');
    if (node.type === 'TSModuleDeclaration' && node['kind'] !== 'global') {
      report('uses `namespace`: a file is a namespace');
    }
    if (!WITH_PARAMETERS.has(node.type)) return;
    const parameters = (node['params'] as readonly SyntaxNode[]).filter(
      (parameter) => nameOf(parameter) !== 'this',
    );
    if (parameters.length > MAX.parameters) {
      report(`takes ${parameters.length} parameters, more than ${MAX.parameters}: take an object`);
    }
    const lines = lineAt(source, node.end) - line + 1;
    if (lines > MAX.functionLines && !isTestGroup(parents.at(-1))) {
      report(`has a function of ${lines} lines, more than ${MAX.functionLines}`);
    }
  });
  return violations;
}
