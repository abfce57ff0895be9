import { conform } from './harness/conform.js';
import { rules } from './lifecycle.rules.js';

const module = new URL('./lifecycle.rules.js', import.meta.url).href;

conform(module, rules, { stopTimeoutMs: 300 });
