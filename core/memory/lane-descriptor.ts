import { assert } from '../base/assert.js';
import type { Layout } from '../base/layout.js';
import { isPowerOfTwo } from '../base/sequence.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import { RECORD_ALIGNMENT } from './record-descriptor.js';

/** Words that different threads write lie this far apart: two cache lines, because of prefetch. */
export const CACHE_STRETCH = 128;

export const LANE_MAGIC = 0x4c_4e_41_4c;
export const LANE_LAYOUT_VERSION = 1;

const MAGIC_OFFSET = 0;
const VERSION_OFFSET = MAGIC_OFFSET + 4;
const PRODUCER_OFFSET = VERSION_OFFSET + 4;
const CONSUMER_OFFSET = PRODUCER_OFFSET + 4;
const CAPACITY_OFFSET = CONSUMER_OFFSET + 4;
const TAIL_OFFSET = CACHE_STRETCH;
const HEAD_OFFSET = TAIL_OFFSET + CACHE_STRETCH;
const WAITING_OFFSET = HEAD_OFFSET + CACHE_STRETCH;
export const LANE_DATA_OFFSET = WAITING_OFFSET + CACHE_STRETCH;

/** Indexes into the control words of a lane, for `Atomics` only. */
export const LANE_TAIL_INDEX = TAIL_OFFSET >> 2;
export const LANE_HEAD_INDEX = HEAD_OFFSET >> 2;
export const LANE_WAITING_INDEX = WAITING_OFFSET >> 2;

/** One single-producer single-consumer lane (Agrona RingBufferDescriptor, OneToOneRingBuffer). */
export const LANE_LAYOUT: Layout = {
  name: 'lane',
  title: 'Lane: the ring of one ordered pair of threads',
  lengthBytes: LANE_DATA_OFFSET,
  fields: [
    {
      name: 'magic',
      offset: MAGIC_OFFSET,
      lengthBytes: 4,
      note: 'written before the buffer is shared',
    },
    { name: 'version', offset: VERSION_OFFSET, lengthBytes: 4, note: 'layout version' },
    {
      name: 'producer',
      offset: PRODUCER_OFFSET,
      lengthBytes: 4,
      note: 'thread that writes records',
    },
    {
      name: 'consumer',
      offset: CONSUMER_OFFSET,
      lengthBytes: 4,
      note: 'thread that reads records',
    },
    {
      name: 'capacity',
      offset: CAPACITY_OFFSET,
      lengthBytes: 4,
      note: 'bytes of data, power of two',
    },
    {
      name: 'tail',
      offset: TAIL_OFFSET,
      lengthBytes: 4,
      note: 'producer only; storing it publishes every record before that position',
    },
    {
      name: 'head',
      offset: HEAD_OFFSET,
      lengthBytes: 4,
      note: 'consumer only; storing it gives the bytes before that position back',
    },
    {
      name: 'waiting',
      offset: WAITING_OFFSET,
      lengthBytes: 4,
      note: '1 = the producer sleeps until there is room (producer), swapped to 0 by the consumer',
    },
    {
      name: 'data',
      offset: LANE_DATA_OFFSET,
      lengthBytes: 0,
      note: 'records; plain stores by the producer, ordered by the tail',
    },
  ],
};

/** Who shares a lane. */
export interface LaneOwners {
  readonly producer: number;
  readonly consumer: number;
}

/** A lane's memory, opened by one of its two owners. */
export interface LaneMemory extends LaneOwners {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  /** Control words: through `Atomics` only. */
  readonly control: Int32Array;
  /** Data as 32-bit words and as bytes; both begin at data offset 0. */
  readonly words: Int32Array;
  readonly bytes: Buffer;
}

/**
 * Makes the memory of a lane. `initialPosition` lets tests begin just below a 32-bit wrap.
 * The caller hands the buffer to the consumer's thread, which publishes these plain stores.
 */
export function createLane(
  owners: LaneOwners,
  capacity: number,
  initialPosition = 0,
): SharedArrayBuffer {
  const holdsARecord = capacity >= RECORD_ALIGNMENT && capacity <= LIMITS.laneCapacityBytesMax;
  assert(holdsARecord && isPowerOfTwo(capacity), 'lane capacity');
  assert(
    initialPosition % RECORD_ALIGNMENT === 0,
    'a position is a multiple of the record alignment',
  );
  const buffer = new SharedArrayBuffer(LANE_DATA_OFFSET + capacity);
  const control = new Int32Array(buffer, 0, LANE_DATA_OFFSET >> 2);
  control[MAGIC_OFFSET >> 2] = LANE_MAGIC;
  control[VERSION_OFFSET >> 2] = LANE_LAYOUT_VERSION;
  control[PRODUCER_OFFSET >> 2] = owners.producer;
  control[CONSUMER_OFFSET >> 2] = owners.consumer;
  control[CAPACITY_OFFSET >> 2] = capacity;
  Atomics.store(control, LANE_TAIL_INDEX, initialPosition | 0);
  Atomics.store(control, LANE_HEAD_INDEX, initialPosition | 0);
  return buffer;
}

/** Opens a lane, refusing memory of another layout or of other owners (Aeron CncFileDescriptor). */
export function openLane(buffer: SharedArrayBuffer, owners: LaneOwners): LaneMemory {
  if (buffer.byteLength < LANE_DATA_OFFSET) {
    throw new RpcError('PROTOCOL_ERROR', `cannot open a lane: it has ${buffer.byteLength} bytes`);
  }
  const control = new Int32Array(buffer, 0, LANE_DATA_OFFSET >> 2);
  const capacity = Atomics.load(control, CAPACITY_OFFSET >> 2);
  const reason = whyNotALane(control, buffer.byteLength, capacity, owners);
  if (reason) throw new RpcError('PROTOCOL_ERROR', `cannot open a lane: ${reason}`);
  return {
    ...owners,
    buffer,
    capacity,
    control,
    words: new Int32Array(buffer, LANE_DATA_OFFSET, capacity >> 2),
    bytes: Buffer.from(buffer, LANE_DATA_OFFSET, capacity),
  };
}

function whyNotALane(
  control: Int32Array,
  byteLength: number,
  capacity: number,
  owners: LaneOwners,
): string | undefined {
  const magic = Atomics.load(control, MAGIC_OFFSET >> 2);
  if (magic !== LANE_MAGIC) return `magic ${magic} is not ${LANE_MAGIC}`;
  const version = Atomics.load(control, VERSION_OFFSET >> 2);
  if (version !== LANE_LAYOUT_VERSION) return `layout ${version} is not ${LANE_LAYOUT_VERSION}`;
  if (byteLength !== LANE_DATA_OFFSET + capacity) return `capacity ${capacity} does not fit`;
  const producer = Atomics.load(control, PRODUCER_OFFSET >> 2);
  const consumer = Atomics.load(control, CONSUMER_OFFSET >> 2);
  if (producer === owners.producer && consumer === owners.consumer) return undefined;
  return `it joins ${producer} to ${consumer}, not ${owners.producer} to ${owners.consumer}`;
}
