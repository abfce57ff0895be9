import { openPiscina } from './piscina-pool.mjs';

/** A pool of one thread, as it comes: its worker waits on shared memory. */
export const open = () => openPiscina('sync');
