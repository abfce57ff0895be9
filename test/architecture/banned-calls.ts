import {
  isGenerated,
  lineAt,
  nameOf,
  stringOf,
  walk,
  type Source,
  type SyntaxNode,
  type Violation,
} from '../support/sources.js';

/** A call that is not allowed outside some places, and what to take instead. */
interface Ban {
  readonly what: string;
  readonly instead: string;
  readonly matches: (node: SyntaxNode) => boolean;
  readonly isAllowedIn: (path: string) => boolean;
}

const nowhere = (): boolean => false;
const outsideCore = (path: string): boolean => !path.startsWith('core/');

/** In one of the folders or files. */
function within(...places: readonly string[]): (path: string) => boolean {
  return (path) => places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** `object.property`, whoever calls or passes it on. */
function member(object: string, property?: string): (node: SyntaxNode) => boolean {
  return (node) =>
    node.type === 'MemberExpression' &&
    (node['object'] as SyntaxNode).type === 'Identifier' &&
    nameOf(node['object']) === object &&
    (property === undefined || nameOf(node['property']) === property);
}

function callOf(name: string, type = 'CallExpression'): (node: SyntaxNode) => boolean {
  return (node) => {
    const callee = node['callee'] as SyntaxNode | undefined;
    return node.type === type && callee?.type === 'Identifier' && nameOf(callee) === name;
  };
}

function importOf(module: RegExp, name?: string): (node: SyntaxNode) => boolean {
  return (node) =>
    node.type === 'ImportDeclaration' &&
    module.test(stringOf(node['source']) ?? '') &&
    (name === undefined ||
      (node['specifiers'] as SyntaxNode[]).some(({ imported }) => nameOf(imported) === name));
}

function anyOf(...tests: readonly Ban['matches'][]): Ban['matches'] {
  return (node) => tests.some((test) => test(node));
}

const BANS: readonly Ban[] = [
  {
    what: 'Date.now',
    instead: 'clock.nowMs(), which no jump of the wall clock moves; new Date() for people',
    matches: member('Date', 'now'),
    isAllowedIn: nowhere,
  },
  {
    what: 'eval',
    instead: 'a closure',
    matches: callOf('eval'),
    isAllowedIn: nowhere,
  },
  {
    what: 'new Function',
    instead: 'a closure; services run under --disallow-code-generation-from-strings',
    matches: anyOf(callOf('Function', 'NewExpression'), callOf('Function')),
    isAllowedIn: nowhere,
  },
  {
    what: 'Math.random',
    instead: 'randomId() or randomIncarnation() of core/base/ids.ts',
    matches: member('Math', 'random'),
    isAllowedIn: (path) => outsideCore(path) || path === 'core/base/ids.ts',
  },
  {
    what: 'a bare timer',
    instead: 'clock.schedule() of core/base/clock.ts, which tests can turn',
    matches: anyOf(
      callOf('setTimeout'),
      callOf('setInterval'),
      importOf(/^(node:)?timers(\/promises)?$/),
    ),
    isAllowedIn: (path) => outsideCore(path) || path === 'core/base/clock.ts',
  },
  {
    what: 'console',
    instead: 'the logger of the service',
    matches: member('console'),
    isAllowedIn: within('apps', 'bench', 'examples', 'test'),
  },
  {
    what: 'process.exit',
    instead: 'an error, or process.exitCode: a library never ends its process',
    matches: member('process', 'exit'),
    isAllowedIn: within('apps', 'workers', 'cluster/process-main.ts', 'examples', 'bench', 'test'),
  },
  {
    what: 'v8.deserialize',
    instead: 'the value codec of core/codec, which knows who is trusted',
    matches: anyOf(member('v8', 'deserialize'), importOf(/^(node:)?v8$/, 'deserialize')),
    isAllowedIn: within('core/codec'),
  },
];

/** Calls that the house does without; the message names what to call instead. */
export function findBannedCalls(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => !isGenerated(path))
    .flatMap((source) => {
      const violations: Violation[] = [];
      const bans = BANS.filter((ban) => !ban.isAllowedIn(source.path));
      walk(source, (node) => {
        for (const { what, instead, matches } of bans) {
          if (!matches(node)) continue;
          const line = lineAt(source, node.start);
          violations.push({ path: source.path, line, message: `uses ${what}: take ${instead}` });
        }
      });
      return violations;
    });
}

const PLAIN_ACCESS = new Set(['at', 'copyWithin', 'fill', 'set', 'slice', 'subarray', 'with']);

function functionName(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  if (!node.type.includes('Function')) return undefined;
  return nameOf(node['id']) ?? nameOf(parent?.['key'] ?? parent?.['id']) ?? '';
}

/** Before sharing nobody else looks: a function that creates the memory may store plainly. */
function isInCreator(parents: readonly SyntaxNode[]): boolean {
  return parents.some((node, index) =>
    functionName(node, parents[index - 1])?.startsWith('create'),
  );
}

/** Arrays named `control` in core/memory hold words of two threads: only `Atomics` touches them. */
export function findPlainControlAccess(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => path.startsWith('core/memory/'))
    .flatMap((source) => {
      const violations: Violation[] = [];
      walk(source, (node, parents) => {
        if (node.type !== 'MemberExpression' || nameOf(node['object']) !== 'control') return;
        const isPlain = node['computed'] === true || PLAIN_ACCESS.has(nameOf(node) ?? '');
        if (!isPlain || isInCreator(parents)) return;
        const message = 'touches a control word plainly: take Atomics.load or Atomics.store';
        violations.push({ path: source.path, line: lineAt(source, node.start), message });
      });
      return violations;
    });
}
