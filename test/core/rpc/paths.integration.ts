import { after, before, describe, test } from 'node:test';
import { PATHS, Paths } from '../../support/rpc-paths.js';
import { SCENARIOS } from '../../support/rpc-scenarios.js';

/** Everything that must hold on every path holds on every path. */
for (const path of PATHS) {
  describe(path.name, () => {
    let paths: Paths;
    before(async () => {
      paths = await Paths.start();
    });
    after(() => paths.close());
    for (const name of Object.keys(SCENARIOS)) test(name, () => paths.run(path, name));
  });
}
