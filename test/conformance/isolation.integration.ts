import { conform } from './harness/conform.js';
import { rules } from './isolation.rules.js';

const module = new URL('./isolation.rules.js', import.meta.url).href;

conform(module, rules, { isolateLocalCalls: true });
