import { conform } from './harness/conform.js';
import { rules } from './fencing.rules.js';

conform(new URL('./fencing.rules.js', import.meta.url).href, rules);
