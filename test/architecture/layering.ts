import type { Source, Violation } from '../support/sources.js';
import { referencesOf, type Reference } from './imports.js';
import { PACKAGE_IMPORTERS, roomOf, SIDES } from './rooms.js';

/** Each import, type imports included, goes to the own room or to one that the room may import. */
export function findWrongImports(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    const room = roomOf(source.path);
    if (!room) return [{ path: source.path, line: 1, message: 'is in no room of rooms.ts' }];
    return referencesOf(source).flatMap((reference) => {
      const message = reference.isOurs
        ? whyNotARoom(room.path, room.mayImport, reference)
        : whyNotAPackage(source.path, room.path, reference);
      return message === undefined ? [] : [{ path: source.path, line: reference.line, message }];
    });
  });
}

function whyNotARoom(
  from: string,
  mayImport: readonly string[],
  reference: Reference,
): string | undefined {
  const to = roomOf(reference.target)?.path;
  if (to === from || (to !== undefined && mayImport.includes(to))) return undefined;
  return `imports ${reference.target}: ${from} may not import ${to ?? 'outside of the house'}`;
}

function whyNotAPackage(path: string, room: string, reference: Reference): string | undefined {
  if (reference.target.startsWith('node:') || SIDES.includes(room)) return undefined;
  const importers = PACKAGE_IMPORTERS[reference.target] ?? [];
  if (importers.some((importer) => importer === path || importer === room)) return undefined;
  const allowed = importers.join(', ') || 'nobody';
  return `imports the package ${reference.target}, which only ${allowed} may`;
}

/** Circles between files; one violation each, at the file of the circle that sorts first. */
export function findCircles(sources: readonly Source[]): Violation[] {
  const targets = new Map<string, readonly string[]>();
  for (const source of sources) {
    const ours = referencesOf(source).filter(({ isOurs, kind }) => isOurs && kind === 'import');
    targets.set(source.path, [...new Set(ours.map(({ target }) => target))]);
  }
  const circles = new Map<string, Violation>();
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) {
      const circle = way.slice(start);
      const message = `imports in a circle: ${[...circle, path].join(' -> ')}`;
      const members = circle.sort();
      circles.set(members.join(), { path: members[0]!, line: 1, message });
    } else if (!done.has(path)) {
      for (const target of targets.get(path) ?? []) visit(target, [...way, path]);
      done.add(path);
    }
  };
  for (const path of targets.keys()) visit(path, []);
  return [...circles.values()];
}
