import { conform } from './harness/conform.js';
import { rules } from './values.rules.js';

conform(new URL('./values.rules.js', import.meta.url).href, rules);
