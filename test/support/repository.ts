import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root of the repository with a `/` at its end; this file runs as `dist/test/support/…`. */
export const REPOSITORY_ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', 'ringlane-report']);

/** Every file below `folder`, as sorted paths from the root; build products are left out. */
export function listFiles(folder = '', root = REPOSITORY_ROOT): string[] {
  if (!existsSync(root + folder)) return [];
  const paths: string[] = [];
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) {
      paths.push(...listFiles(path, root));
    }
  }
  return paths.sort();
}
