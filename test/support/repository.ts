import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository with a `/` at its end; this file runs as `dist/test/support/…`. */
export const REPOSITORY_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** By name, be it a folder or a file: in a second work tree `.git` is a file. */
const SKIPPED = new Set(['node_modules', 'dist', '.git', 'ringlane-report']);

/** Every file below `folder`, as sorted paths from the root; build products are left out. */
export function listFiles(folder = '', root = REPOSITORY_ROOT): string[] {
  if (!existsSync(root + folder)) return [];
  const paths: string[] = [];
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory()) paths.push(...listFiles(path, root));
  }
  return paths.sort();
}
