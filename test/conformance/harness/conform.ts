import { after, describe, test } from 'node:test';
import { type Path, PATHS } from './paths.js';
import type { Rules } from './scene.js';
import type { StageOptions } from './far-process.js';
import { Stage } from './stage.js';

/** How long one rule may take over one path; a rule that waits for ever fails, and says which. */
const RULE_LIMIT_MS = 30_000;

/** Which paths to run rules over, and on what services. */
export interface Matrix {
  readonly paths?: readonly Path[];
  readonly options?: StageOptions;
}

/**
 * Runs every rule over every path: one test each, named `<number> <rule> [<path>]`. `module` is
 * the module that exports `rules`, so that the caller's thread can load them.
 */
export function conform(module: string, rules: Rules, matrix: Matrix = {}): void {
  const stage = new Stage(matrix.options ?? {});
  describe(new URL(module).pathname.replace(/^.*\/|\.rules\.js$/g, ''), () => {
    after(() => stage.close());
    for (const path of matrix.paths ?? PATHS) {
      test(`0 the path opens [${path.name}]`, () => stage.prepare(path));
      for (const rule of Object.keys(rules)) {
        test(`${rule} [${path.name}]`, { timeout: RULE_LIMIT_MS }, () =>
          stage.run(path, module, rule),
        );
      }
    }
  });
}
