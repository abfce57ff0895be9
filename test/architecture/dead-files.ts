import { isGenerated, type Source, type Violation } from '../support/sources.js';
import { referencesOf } from './imports.js';
import { roomOf, SIDES } from './rooms.js';

/** What this rule reads of `package.json`. */
export interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const COMPILED_FILE = /dist\/([\w./-]+?)(?:\.d\.ts|\.js)\b/g;
const RUN_BY_ITSELF = /\.(test|stress|fuzz|sim|integration|types|bench)\.ts$/;

/** Files that `package.json` names, as sources: doors, bins, and what scripts start. */
function entriesOf(manifest: Manifest): string[] {
  const { exports, bin, scripts } = manifest;
  const matches = JSON.stringify({ exports, bin, scripts }).matchAll(COMPILED_FILE);
  return Array.from(matches, (match) => `${match[1]}.ts`);
}

function reachable(sources: readonly Source[], starts: readonly string[]): Set<string> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (!source || reached.has(path)) return;
    reached.add(path);
    for (const { target, isOurs } of referencesOf(source)) if (isOurs) visit(target);
  };
  starts.forEach(visit);
  return reached;
}

/**
 * Sources that nobody reaches. A file of the product is alive only when a door, a bin or a worker
 * entry leads to it: a test alone does not keep it. Files beside it also live by running alone;
 * what is generated lives by its schema.
 */
export function findDeadFiles(sources: readonly Source[], manifest: Manifest): Violation[] {
  const isSide = (path: string): boolean => SIDES.includes(roomOf(path)?.path ?? '');
  const entries = entriesOf(manifest);
  const examples = sources.filter(({ path }) => path.startsWith('examples/'));
  const alone = sources.filter(({ path }) => isSide(path) && RUN_BY_ITSELF.test(path));
  const product = reachable(sources, entries);
  const all = reachable(sources, [...entries, ...[...alone, ...examples].map(({ path }) => path)]);
  return sources
    .filter(({ path }) => !isGenerated(path) && !(isSide(path) ? all : product).has(path))
    .map(({ path }) => ({ path, line: 1, message: 'is reached by no door, bin, worker or test' }));
}
