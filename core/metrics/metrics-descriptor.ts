import type { Layout } from '../base/layout.js';
import { align } from '../base/sequence.js';
import { RpcError } from '../errors/rpc-error.js';
import { CACHE_STRETCH } from '../memory/lane-descriptor.js';

/** What one thread of a service has counted since the service started; restarts go on counting. */
export interface ThreadMetrics {
  /** Messages that reached nobody, for whatever reason. */
  readonly deadLetters: number;
  /** Of these, tells to endpoints that were not started. */
  readonly tellsNotStarted: number;
  /** Of these, messages that an actor got but did not handle. */
  readonly unhandledMessages: number;
  /** Tells, tasks and timers whose handler threw or rejected: nobody waited for the failure. */
  readonly failedTells: number;
  /** Answers that came after their ask had ended. */
  readonly lateAnswers: number;
  /** Calls that were not run because their deadline had passed before their turn. */
  readonly expiredCalls: number;
  /** Calls refused for their fencing token. */
  readonly fencingRefusals: number;
  /** Times that a sleeping thread found, by a timer, records for which nobody had rung. */
  readonly timeoutWakeUps: number;
  /** Loggers, listeners and tasks of the user that threw; they were caught and changed nothing. */
  readonly callbackErrors: number;
  /** Times that the thread was started again after it had died. */
  readonly restarts: number;
  /** Times that the watchdog found the thread blocked. */
  readonly blockedReports: number;
  /** Connections that ended because one of the two sides found the other breaking the protocol. */
  readonly protocolErrors: number;
}

/** The name of a counter. */
export type CounterName = keyof ThreadMetrics;

/** In the order of their places; new ones go to the end. */
export const COUNTER_NAMES = [
  'deadLetters',
  'tellsNotStarted',
  'unhandledMessages',
  'failedTells',
  'lateAnswers',
  'expiredCalls',
  'fencingRefusals',
  'timeoutWakeUps',
  'callbackErrors',
  'restarts',
  'blockedReports',
  'protocolErrors',
] as const satisfies readonly CounterName[];

const METRICS_MAGIC = 0x4d_45_54_52;
const METRICS_LAYOUT_VERSION = 1;

const MAGIC_OFFSET = 0;
const VERSION_OFFSET = MAGIC_OFFSET + 4;
const THREADS_OFFSET = VERSION_OFFSET + 4;
const LISTENERS_OFFSET = THREADS_OFFSET + 4;
const BLOCKS_OFFSET = CACHE_STRETCH;
const COUNTER_BYTES = 8;
const BLOCK_BYTES = align(COUNTER_NAMES.length * COUNTER_BYTES, CACHE_STRETCH);

const COUNTER_NOTE = `of thread 0; the next is ${BLOCK_BYTES} bytes on. Any thread adds atomically`;

/** The counters of a service (Aeron's CountersManager, with fixed places). */
export const METRICS_LAYOUT: Layout = {
  name: 'metrics',
  title: 'Metrics: one per service, a block of counters a thread',
  lengthBytes: BLOCKS_OFFSET + BLOCK_BYTES,
  fields: [
    { name: 'magic', offset: MAGIC_OFFSET, lengthBytes: 4, note: 'written before sharing' },
    { name: 'version', offset: VERSION_OFFSET, lengthBytes: 4, note: 'layout version' },
    { name: 'threads', offset: THREADS_OFFSET, lengthBytes: 4, note: 'how many blocks follow' },
    {
      name: 'listeners',
      offset: LISTENERS_OFFSET,
      lengthBytes: 4,
      note: 'dead letter listeners (home); above 0 every thread reports its dead letters to home',
    },
    ...COUNTER_NAMES.map((name, index) => ({
      name,
      offset: BLOCKS_OFFSET + index * COUNTER_BYTES,
      lengthBytes: COUNTER_BYTES,
      note: COUNTER_NOTE,
    })),
  ],
};

/** Opened memory of the counters of one service. */
export interface MetricsMemory {
  readonly buffer: SharedArrayBuffer;
  readonly threads: number;
  readonly header: Int32Array;
  /** Through `Atomics` only: several threads add. */
  readonly counters: BigInt64Array;
}

/** Makes the memory for `threads` threads, the home thread included. */
export function createMetricsMemory(threads: number): MetricsMemory {
  const buffer = new SharedArrayBuffer(BLOCKS_OFFSET + threads * BLOCK_BYTES);
  const header = new Int32Array(buffer, 0, BLOCKS_OFFSET >> 2);
  header[MAGIC_OFFSET >> 2] = METRICS_MAGIC;
  header[VERSION_OFFSET >> 2] = METRICS_LAYOUT_VERSION;
  header[THREADS_OFFSET >> 2] = threads;
  return memoryOver(buffer, threads);
}

/** Opens memory made by {@link createMetricsMemory}, refusing another layout. */
export function openMetricsMemory(buffer: SharedArrayBuffer): MetricsMemory {
  const isLong = buffer.byteLength >= BLOCKS_OFFSET;
  const header = new Int32Array(buffer, 0, isLong ? BLOCKS_OFFSET >> 2 : 0);
  const [magic = 0, version = 0, threads = 0] = header;
  const isOurs = magic === METRICS_MAGIC && version === METRICS_LAYOUT_VERSION;
  if (isOurs && buffer.byteLength === BLOCKS_OFFSET + threads * BLOCK_BYTES) {
    return memoryOver(buffer, threads);
  }
  const text = `not counters: ${buffer.byteLength} bytes, magic ${magic}, layout ${version}`;
  throw new RpcError('PROTOCOL_ERROR', text);
}

export const METRICS_LISTENERS_INDEX = LISTENERS_OFFSET >> 2;

/** Index of the first counter of a thread. */
export function blockIndex(thread: number): number {
  return (thread * BLOCK_BYTES) / COUNTER_BYTES;
}

function memoryOver(buffer: SharedArrayBuffer, threads: number): MetricsMemory {
  return {
    buffer,
    threads,
    header: new Int32Array(buffer, 0, BLOCKS_OFFSET >> 2),
    counters: new BigInt64Array(buffer, BLOCKS_OFFSET),
  };
}
