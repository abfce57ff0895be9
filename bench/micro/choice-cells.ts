import { Builder, ByteBuffer } from 'flatbuffers';
import { createLane, openLane } from '../../core/memory/lane-descriptor.js';
import { LaneReader, type RecordSource } from '../../core/memory/lane-reader.js';
import { LaneWriter } from '../../core/memory/lane-writer.js';
import { Invocation } from '../../schemas/gen/index.js';
import { RECORD } from '../harness/payloads.js';
import { BATCH, micro } from './micro.js';

// What the engine does not do: beside these its own way shows what it is worth.

/** A call written by the FlatBuffers Builder, reused, and read by the generated accessors. */
export const buildAndRead = micro(() => {
  const builder = new Builder(256);
  const table = new Invocation();
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      builder.clear();
      const values = Invocation.createArgumentsVector(builder, [1, 0, 0, 0]);
      Invocation.startInvocation(builder);
      Invocation.addArguments(builder, values);
      Invocation.addDeadline(builder, 10_000);
      Invocation.addIncarnation(builder, 1);
      Invocation.addRecipient(builder, 7);
      Invocation.addCall(builder, i);
      Invocation.addMethod(builder, 3);
      Invocation.addArgumentCount(builder, 1);
      builder.finish(Invocation.endInvocation(builder));
      const read = Invocation.getRootAsInvocation(new ByteBuffer(builder.asUint8Array()), table);
      if (read.call() === i && read.method() === 3 && read.recipient() === 7) right++;
    }
    return right;
  };
});

const OWNERS = { producer: 0, consumer: 1 } as const;
const CAPACITY = 1 << 20;
const BODY_BYTES = 64;

/** A lane whose tail is published after every record instead of once a batch. */
export const publishEach = micro(() => {
  const memory = openLane(createLane(OWNERS, CAPACITY), OWNERS);
  const writer = new LaneWriter(memory);
  const reader = new LaneReader(memory);
  let next = 0;
  const handler = {
    onRecord({ words }: RecordSource, _type: number, offset: number): void {
      if (words[offset >> 2] === next) next++;
    },
  };
  return () => {
    next = 0;
    for (let i = 0; i < BATCH; i++) {
      const offset = writer.claim(BODY_BYTES);
      writer.words[offset >> 2] = i;
      writer.commit(BODY_BYTES, 1);
      writer.publish();
    }
    reader.drain(handler, BATCH);
    return next;
  };
});

const TIMEOUT_MS = 10_000;

/** An ask noted in a Map with a timer of its own, then answered. */
export const mapAndTimer = micro(() => {
  interface Waiting {
    readonly resolve: (value: number) => void;
    readonly timer: NodeJS.Timeout;
  }
  const pending = new Map<number, Waiting>();
  let first = 0;
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      void new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('late')), TIMEOUT_MS);
        pending.set(first + i, { resolve, timer });
      });
    }
    for (let i = 0; i < BATCH; i++) {
      const waiting = pending.get(first + i);
      if (waiting === undefined) continue;
      pending.delete(first + i);
      clearTimeout(waiting.timer);
      waiting.resolve(i);
      right++;
    }
    first += BATCH;
    return right;
  };
});

/** The small record by structured clone, which is what `postMessage` does to it. */
export const recordCloned = micro(() => () => {
  let right = 0;
  for (let i = 0; i < BATCH; i++) {
    const copy = structuredClone(RECORD.valueOf(i));
    if (RECORD.isReply(copy, i)) right++;
  }
  return right;
});

/** The small record as text. */
export const recordAsJson = micro(() => () => {
  let right = 0;
  for (let i = 0; i < BATCH; i++) {
    const copy = JSON.parse(JSON.stringify(RECORD.valueOf(i))) as ReturnType<typeof RECORD.valueOf>;
    if (RECORD.isReply(copy, i)) right++;
  }
  return right;
});
