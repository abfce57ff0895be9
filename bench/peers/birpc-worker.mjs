import { parentPort } from 'node:worker_threads';
import { createBirpc } from 'birpc';

createBirpc(
  { echo: (value) => value },
  {
    post: (data) => parentPort.postMessage(data),
    on: (receive) => parentPort.on('message', receive),
  },
);
