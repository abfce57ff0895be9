import { parentPort } from 'node:worker_threads';
import type { PostedNumber } from './post-echo.js';

/** The other end of `PostEcho`. */
parentPort?.on('message', ({ id, value }: PostedNumber) => {
  parentPort?.postMessage({ id, value } satisfies PostedNumber);
});
parentPort?.postMessage('ready');
