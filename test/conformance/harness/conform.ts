import { after, describe, test } from 'node:test';
import { PATHS } from './paths.js';
import type { Rules } from './scene.js';
import type { StageOptions } from './far-process.js';
import { Stage } from './stage.js';

/** How long one rule may take over one path; a rule that waits for ever fails, and says which. */
const RULE_LIMIT_MS = 30_000;

/**
 * Runs every rule over every path: one test each, named `<number> <rule> [<path>]`. `module` is
 * the module that exports `rules`, so that the caller's thread can load them. The options are
 * those of all services.
 */
export function conform(module: string, rules: Rules, options: StageOptions = {}): void {
  const stage = new Stage(options);
  describe(new URL(module).pathname.replace(/^.*\/|\.rules\.js$/g, ''), () => {
    after(() => stage.close());
    for (const path of PATHS) {
      const names = Object.keys(rules).filter((name) => rules[name]!.paths?.includes(path) ?? true);
      if (names.length > 0) test(`the path opens [${path.name}]`, () => stage.prepare(path));
      for (const name of names) {
        test(`${name} [${path.name}]`, { timeout: RULE_LIMIT_MS }, () =>
          stage.run(path, module, name),
        );
      }
    }
  });
}

/** As {@link conform}, for rules that leave ruins behind: each gets services of its own. */
export function conformAnew(module: string, rules: Rules, options: StageOptions = {}): void {
  for (const [name, rule] of Object.entries(rules)) {
    for (const path of rule.paths ?? PATHS) {
      test(`${name} [${path.name}]`, { timeout: RULE_LIMIT_MS }, async () => {
        const stage = new Stage(options);
        try {
          await stage.run(path, module, name);
        } finally {
          await stage.close();
        }
      });
    }
  }
}
