import type { Layout } from '../base/layout.js';
import { RpcError } from '../errors/rpc-error.js';
import { CACHE_STRETCH } from './lane-descriptor.js';

const REGION_MAGIC = 0x52_49_4e_47;
const REGION_LAYOUT_VERSION = 3;

const MAGIC_OFFSET = 0;
const VERSION_OFFSET = MAGIC_OFFSET + 4;
const THREADS_OFFSET = VERSION_OFFSET + 4;
const ASKS_OFFSET = THREADS_OFFSET + 4;
const POLLERS_OFFSET = CACHE_STRETCH;
const TIME_OFFSET = POLLERS_OFFSET + CACHE_STRETCH;
const PARK_OFFSET = TIME_OFFSET + CACHE_STRETCH;
const POLLING_OFFSET = PARK_OFFSET + 4;
const LIFE_OFFSET = POLLING_OFFSET + 4;
/** Not beside the park word, which others read at every publication. */
const PROGRESS_OFFSET = PARK_OFFSET + CACHE_STRETCH;
const RECIPIENT_OFFSET = PROGRESS_OFFSET + 4;
const METHOD_OFFSET = RECIPIENT_OFFSET + 4;
const THREAD_BYTES = 2 * CACHE_STRETCH;

/** The memory that all threads of one service share: who is asleep, and what is cancelled. */
export const REGION_LAYOUT: Layout = {
  name: 'region',
  title: 'Region: one per service, shared by all its threads',
  lengthBytes: PARK_OFFSET + THREAD_BYTES,
  fields: [
    { name: 'magic', offset: MAGIC_OFFSET, lengthBytes: 4, note: 'written before sharing' },
    { name: 'version', offset: VERSION_OFFSET, lengthBytes: 4, note: 'layout version' },
    { name: 'threads', offset: THREADS_OFFSET, lengthBytes: 4, note: 'how many park words follow' },
    {
      name: 'asks',
      offset: ASKS_OFFSET,
      lengthBytes: 4,
      note: 'how many cancel bits a thread has',
    },
    {
      name: 'pollers',
      offset: POLLERS_OFFSET,
      lengthBytes: 4,
      note: 'threads that are awake; each adds itself when it wakes and leaves before it parks',
    },
    {
      name: 'time',
      offset: TIME_OFFSET,
      lengthBytes: 4,
      note: 'milliseconds of the time line, stored every 16 ms by threads with pending asks',
    },
    {
      name: 'park word 0 ...',
      offset: PARK_OFFSET,
      lengthBytes: 4,
      note:
        'one a thread, 256 bytes apart: 4 times its life + 1 = parked, + 2 = blocked (owner), ' +
        '0 = awake (or ringer)',
    },
    {
      name: 'polling 0 ...',
      offset: POLLING_OFFSET,
      lengthBytes: 4,
      note: '1 = counted in pollers (owner); home takes it back when the thread has died',
    },
    {
      name: 'life 0 ...',
      offset: LIFE_OFFSET,
      lengthBytes: 4,
      note: 'number of the life of the thread, negative when it has ended; home only',
    },
    {
      name: 'progress 0 ...',
      offset: PROGRESS_OFFSET,
      lengthBytes: 4,
      note: 'with a watchdog: grows with each call and each timer tick (owner, plain stores)',
    },
    {
      name: 'recipient 0 ...',
      offset: RECIPIENT_OFFSET,
      lengthBytes: 4,
      note: 'with a watchdog: recipient number of the last call (owner, plain store)',
    },
    {
      name: 'method 0 ...',
      offset: METHOD_OFFSET,
      lengthBytes: 4,
      note: 'with a watchdog: method of the last call (owner, plain store)',
    },
    {
      name: 'cancel bits 0 ...',
      offset: PARK_OFFSET + THREAD_BYTES,
      lengthBytes: 0,
      note:
        'behind the last park word, for each thread one bit a pending ask, in stretches of 128 ' +
        'bytes: 1 = cancelled (asker only), set before the Cancel record is published',
    },
  ],
};

/** Opened region. */
export interface Region {
  readonly buffer: SharedArrayBuffer;
  readonly threads: number;
  /** Pending asks that a thread may have at most: its cancel bits. */
  readonly asks: number;
  /** Control words: through `Atomics` only. */
  readonly control: Int32Array;
}

/** Bytes of the cancel bits of one thread: whole stretches, so that no two threads share a line. */
function cancelBytes(asks: number): number {
  return Math.ceil(asks / (8 * CACHE_STRETCH)) * CACHE_STRETCH;
}

function regionBytes(threads: number, asks: number): number {
  return PARK_OFFSET + threads * (THREAD_BYTES + cancelBytes(asks));
}

/**
 * Makes the region of a service with `threads` threads, the home thread included, each of which
 * may have `asks` pending asks that can be cancelled.
 */
export function createRegion(threads: number, asks = 0): Region {
  const buffer = new SharedArrayBuffer(regionBytes(threads, asks));
  const control = new Int32Array(buffer);
  control[MAGIC_OFFSET >> 2] = REGION_MAGIC;
  control[VERSION_OFFSET >> 2] = REGION_LAYOUT_VERSION;
  control[THREADS_OFFSET >> 2] = threads;
  control[ASKS_OFFSET >> 2] = asks;
  return { buffer, threads, asks, control };
}

/** Opens a region made by {@link createRegion}, refusing another layout. */
export function openRegion(buffer: SharedArrayBuffer): Region {
  if (buffer.byteLength < PARK_OFFSET || buffer.byteLength % CACHE_STRETCH !== 0) {
    throw new RpcError('PROTOCOL_ERROR', `not a region: ${buffer.byteLength} bytes`);
  }
  const control = new Int32Array(buffer);
  const magic = Atomics.load(control, MAGIC_OFFSET >> 2);
  const version = Atomics.load(control, VERSION_OFFSET >> 2);
  const threads = Atomics.load(control, THREADS_OFFSET >> 2);
  const asks = Atomics.load(control, ASKS_OFFSET >> 2);
  if (magic !== REGION_MAGIC || version !== REGION_LAYOUT_VERSION) {
    throw new RpcError('PROTOCOL_ERROR', `not a region: magic ${magic}, layout ${version}`);
  }
  if (buffer.byteLength !== regionBytes(threads, asks)) {
    throw new RpcError('PROTOCOL_ERROR', `not a region: ${threads} threads do not fit`);
  }
  return { buffer, threads, asks, control };
}

export const REGION_POLLERS_INDEX = POLLERS_OFFSET >> 2;
export const REGION_TIME_INDEX = TIME_OFFSET >> 2;

export function parkWordIndex(thread: number): number {
  return (PARK_OFFSET + thread * THREAD_BYTES) >> 2;
}

export function pollingWordIndex(thread: number): number {
  return (POLLING_OFFSET + thread * THREAD_BYTES) >> 2;
}

/** Count, recipient and method lie side by side. */
export function progressWordIndex(thread: number): number {
  return (PROGRESS_OFFSET + thread * THREAD_BYTES) >> 2;
}

export function lifeWordIndex(thread: number): number {
  return (LIFE_OFFSET + thread * THREAD_BYTES) >> 2;
}

/** First word of the cancel bits of a thread. */
export function cancelBitsIndex({ threads, asks }: Region, thread: number): number {
  return (PARK_OFFSET + threads * THREAD_BYTES + thread * cancelBytes(asks)) >> 2;
}
