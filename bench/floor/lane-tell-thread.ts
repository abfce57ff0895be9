import { parentPort, workerData } from 'node:worker_threads';
import type { Received } from '../harness/drive-tells.js';
import { BareLane } from './bare-lane.js';
import { spinFor } from './spin.js';

/** The other end of `LaneTell`: counts and adds up. */
const lane = new BareLane(workerData as SharedArrayBuffer, 0);
let count = 0;
let sum = 0;

function onRecord(call: number, value: number): void {
  if (call === 0) {
    parentPort?.postMessage({ count, sum } satisfies Received);
    return;
  }
  count++;
  sum += value;
}

const drain = (): number => lane.drain(onRecord);

function poll(): void {
  if (drain() === 0) spinFor(drain);
  setImmediate(poll);
}

parentPort?.postMessage('ready');
poll();
