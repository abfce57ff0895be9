import { posix } from 'node:path';
import {
  lineAt,
  nameOf,
  stringOf,
  walk,
  type Source,
  type SyntaxNode,
} from '../support/sources.js';

/** One reference from a file to a file of ours, to a package, or to Node itself. */
export interface Reference {
  readonly kind: 'import' | 'entry';
  /** The path of the source, the name of the package, or `node:…`. */
  readonly target: string;
  readonly isOurs: boolean;
  readonly line: number;
}

const SPECIFIER_FIELDS: Readonly<Record<string, string>> = {
  ImportDeclaration: 'source',
  ExportAllDeclaration: 'source',
  ExportNamedDeclaration: 'source',
  ImportExpression: 'source',
  TSImportType: 'source',
};

/** `new URL('./x.js', import.meta.url)`, the way in which worker entries are named. */
function isEntryUrl(node: SyntaxNode): boolean {
  if (node.type !== 'NewExpression' || nameOf(node['callee']) !== 'URL') return false;
  const [, base] = node['arguments'] as readonly SyntaxNode[];
  return base?.type === 'MemberExpression' && nameOf(base) === 'url';
}

function resolve(specifier: string, from: string): { target: string; isOurs: boolean } {
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(from), specifier);
    return { target: path.replace(/\.js$/, '.ts'), isOurs: true };
  }
  const [first = '', second] = specifier.split('/');
  return { target: first.startsWith('@') ? `${first}/${second}` : first, isOurs: false };
}

/** All imports of a file (type imports and `import()` too) and the worker entries it names. */
export function referencesOf(source: Source): Reference[] {
  const references: Reference[] = [];
  walk(source, (node) => {
    const isEntry = isEntryUrl(node);
    const field = SPECIFIER_FIELDS[node.type];
    if (field === undefined && !isEntry) return;
    const specifier = stringOf(isEntry ? (node['arguments'] as unknown[])[0] : node[field!]);
    if (specifier === undefined || (isEntry && !/^\.{1,2}\/.*\.js$/.test(specifier))) return;
    const line = lineAt(source, node.start);
    references.push({
      kind: isEntry ? 'entry' : 'import',
      line,
      ...resolve(specifier, source.path),
    });
  });
  return references;
}
