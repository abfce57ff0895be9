import * as death from './death.rules.js';
import { conformAnew } from './harness/conform.js';
import * as restart from './restart.rules.js';

conformAnew(new URL('./death.rules.js', import.meta.url).href, death.rules);

conformAnew(new URL('./restart.rules.js', import.meta.url).href, restart.rules, {
  supervision: { strategy: 'restart' },
});
