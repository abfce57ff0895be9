import { parentPort } from 'node:worker_threads';
import type { Posted } from './post-echo.js';

/** The other end of `PostEcho`. */
parentPort?.on('message', ({ id, value }: Posted) => {
  parentPort?.postMessage({ id, value } satisfies Posted);
});
parentPort?.postMessage('ready');
