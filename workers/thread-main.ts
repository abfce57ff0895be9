import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { assert, runWorkerThread, type ThreadBirth, type ThreadMessage } from '../core/worker.js';
import { offloadPool } from './offload-pool.js';

/** The code that every worker thread of a service runs first. */
const port = parentPort;
assert(port !== null, 'thread-main runs in a worker thread');
const { ringlaneBirth } = workerData as { readonly ringlaneBirth: ThreadBirth };

runWorkerThread(
  ringlaneBirth,
  {
    post: (message, transfer) => port.postMessage(message, [...transfer]),
    take: () => receiveMessageOnPort(port)?.message as ThreadMessage | undefined,
    onMessage: (listener) => port.on('message', (message: ThreadMessage) => listener(message)),
  },
  offloadPool,
);
