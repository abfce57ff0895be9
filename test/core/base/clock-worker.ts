import { parentPort } from 'node:worker_threads';
import { systemClock } from '../../../core/base/clock.js';

/** Answers every message with this thread's time; clock.test.ts starts it. */
parentPort?.on('message', () => parentPort?.postMessage(systemClock.nowMs()));
