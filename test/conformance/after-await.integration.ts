import { rules } from './after-await.rules.js';
import { conform } from './harness/conform.js';

const module = new URL('./after-await.rules.js', import.meta.url).href;

conform(module, rules, { validateAfterAwait: true });
