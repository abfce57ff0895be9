import type { Violation } from '../support/sources.js';

/** A file of any kind, as text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** What no file may carry. The words are put together here, so that this file may be read too. */
const LEFTOVERS: readonly (readonly [pattern: RegExp, message: string])[] = [
  [
    new RegExp(`\\b(${'TO'}DO|${'FIX'}ME|${'XX'}X)\\b`),
    'is unfinished: finish it, or open an issue',
  ],
  [
    /(?<![\w.~\-/])\/(work|root|home|Users|mnt)\/[\w.-]/,
    'names a path of one machine: say it relative to the repository',
  ],
  [
    /\bregistry\.[a-z0-9-]+\.(org|com|net|io|dev)\b|[a-z]\/(artifactory|nexus|verdaccio)\b/i,
    'names a registry host: the setting of whoever installs decides',
  ],
];

/** Lines with leftover marks of work or of one machine. */
export function findLeftovers(files: readonly TextFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((content, index) =>
      LEFTOVERS.filter(([pattern]) => pattern.test(content)).map(([, message]) => ({
        path,
        line: index + 1,
        message,
      })),
    ),
  );
}
