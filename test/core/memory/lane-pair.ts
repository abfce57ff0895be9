import { createLane, type LaneMemory, openLane } from '../../../core/memory/lane-descriptor.js';
import { LaneReader, type RecordSource } from '../../../core/memory/lane-reader.js';
import { LaneWriter } from '../../../core/memory/lane-writer.js';

export const OWNERS = { producer: 3, consumer: 5 } as const;

/** Both ends of one lane, in one thread. */
export interface LanePair {
  readonly memory: LaneMemory;
  readonly writer: LaneWriter;
  readonly reader: LaneReader;
}

export function lanePair(capacity: number, initialPosition = 0): LanePair {
  const memory = openLane(createLane(OWNERS, capacity, initialPosition), OWNERS);
  return { memory, writer: new LaneWriter(memory), reader: new LaneReader(memory) };
}

/** A record as a test sees it; `fill` stands in every byte of the body. */
export interface SeenRecord {
  readonly type: number;
  readonly length: number;
  readonly fill: number;
}

/**
 * Claims, fills and commits; false when the lane is full. The whole last word is filled, because
 * a lane keeps whole words: a reader is told the length rounded up.
 */
export function put(writer: LaneWriter, length: number, fill: number, type = 1): boolean {
  const offset = writer.claim(length);
  if (offset < 0) return false;
  writer.bytes.fill(fill, offset, offset - 8 + spaceOf(length));
  writer.commit(length, type);
  return true;
}

/** Drains into a list; a body whose bytes are not all alike is reported as fill -1. */
export function drainAll(reader: LaneReader, limit = Number.POSITIVE_INFINITY): SeenRecord[] {
  const seen: SeenRecord[] = [];
  const onRecord = (source: RecordSource, type: number, offset: number, length: number): void => {
    const body = source.bytes.subarray(offset, offset + length);
    const fill = body[0] ?? 0;
    seen.push({ type, length, fill: body.every((byte) => byte === fill) ? fill : -1 });
  };
  reader.drain({ onRecord }, limit);
  return seen;
}

/** What a reader sees of a record that was put. */
export function seenAs(length: number, fill: number, type = 1): SeenRecord {
  return { type, length: spaceOf(length) - 8, fill: length === 0 ? 0 : fill };
}

/** The bytes a record of `length` takes in a lane. */
export function spaceOf(length: number): number {
  return 8 + Math.ceil(length / 8) * 8;
}
