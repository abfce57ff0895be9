import { openPiscina } from './piscina-pool.mjs';

/** The same with `atomics: 'async'`: its worker keeps its event loop. */
export const open = () => openPiscina('async');
