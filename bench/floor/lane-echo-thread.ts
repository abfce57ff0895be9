import { parentPort, workerData } from 'node:worker_threads';
import { BARE_LANE_BYTES, BareLane } from './bare-lane.js';
import { spinFor } from './spin.js';

/** The other end of `LaneEcho`: answers each number with itself, for ever. */
const memory = workerData as SharedArrayBuffer;
const calls = new BareLane(memory, 0);
const replies = new BareLane(memory, BARE_LANE_BYTES);
const methods: readonly ((value: number) => number)[] = [(value) => value];

function onCall(call: number, value: number): void {
  const result = methods[0]!(value);
  while (!replies.write(call, result)) replies.publish();
}

const drain = (): number => calls.drain(onCall);

function poll(): void {
  if (drain() > 0 || spinFor(drain) > 0) replies.publish();
  setImmediate(poll);
}

parentPort?.postMessage('ready');
poll();
