import { lineAt, type Source, type Violation, walk } from '../support/sources.js';
import { referencesOf } from './imports.js';

/** The declaration files that a door leads to, itself first; packages of others are theirs. */
export function declarationsBehind(
  doors: readonly string[],
  load: (path: string) => Source,
): Source[] {
  const found = new Map<string, Source>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const source = load(path);
    found.set(path, source);
    for (const { target, isOurs } of referencesOf(source)) {
      if (isOurs) visit(target.replace(/(\.d)?\.ts$/, '.d.ts'));
    }
  };
  doors.forEach(visit);
  return [...found.values()];
}

/** Every `any` in these files: what it touches is checked by nobody. */
export function findAny(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const source of sources) {
    walk(source, (node) => {
      if (node.type !== 'TSAnyKeyword') return;
      const line = lineAt(source, node.start);
      violations.push({ path: source.path, line, message: 'has `any`: take `unknown`' });
    });
  }
  return violations;
}
