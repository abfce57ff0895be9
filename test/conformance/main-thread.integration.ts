import { conform } from './harness/conform.js';
import { rules } from './main-thread.rules.js';

conform(new URL('./main-thread.rules.js', import.meta.url).href, rules);
