import { createLane, openLane } from '../../core/memory/lane-descriptor.js';
import { LaneReader, type RecordSource } from '../../core/memory/lane-reader.js';
import { LaneWriter } from '../../core/memory/lane-writer.js';
import { BATCH, micro } from './micro.js';

const OWNERS = { producer: 0, consumer: 1 } as const;
const CAPACITY = 1 << 20;
/** Bytes of the body of a call of one number. */
const BODY_BYTES = 64;

/** A lane with both ends in this thread. */
function lane(): { readonly writer: LaneWriter; readonly reader: LaneReader } {
  const memory = openLane(createLane(OWNERS, CAPACITY), OWNERS);
  return { writer: new LaneWriter(memory), reader: new LaneReader(memory) };
}

/** Claim, one word, commit; publish once; drain all of it. */
export const laneThrough = micro(() => {
  const { writer, reader } = lane();
  let next = 0;
  let right = 0;
  const handler = {
    onRecord({ words }: RecordSource, _type: number, offset: number): void {
      if (words[offset >> 2] === next) right++;
      next++;
    },
  };
  return () => {
    next = 0;
    right = 0;
    for (let i = 0; i < BATCH; i++) {
      const offset = writer.claim(BODY_BYTES);
      writer.words[offset >> 2] = i;
      writer.commit(BODY_BYTES, 1);
    }
    writer.publish();
    reader.drain(handler, BATCH);
    return right;
  };
});
