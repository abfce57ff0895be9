/** The other side of the raw `postMessage` measurement: sends back what comes. */
import { parentPort } from 'node:worker_threads';

const port = parentPort!;
port.on('message', (value: number) => port.postMessage(value));
