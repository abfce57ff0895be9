import { rules } from './cancellation.rules.js';
import { conform } from './harness/conform.js';

conform(new URL('./cancellation.rules.js', import.meta.url).href, rules);
