import { conform } from './harness/conform.js';
import { MAXIMUM_FRAMESIZE, rules } from './sizes.rules.js';

const module = new URL('./sizes.rules.js', import.meta.url).href;

conform(module, rules, { maximumFramesize: MAXIMUM_FRAMESIZE });
