import { conform } from './harness/conform.js';
import { NARROW, rules } from './pressure.rules.js';

conform(new URL('./pressure.rules.js', import.meta.url).href, rules, NARROW);
