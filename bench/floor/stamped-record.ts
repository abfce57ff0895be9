import { Builder, ByteBuffer } from 'flatbuffers';

/** Fields of the floor's only table, with what a call needs and no more. */
export const FLOOR_FIELDS = {
  call: 0,
  endpoint: 1,
  method: 2,
  kind: 3,
  flags: 4,
  deadline: 5,
  payload: 6,
} as const;

/** A tag and room for a number, as a value codec would write them. */
const PAYLOAD_BYTES = 12;
const NUMBER_TAG = 1;

/**
 * A FlatBuffer that the real Builder wrote once, as words to copy. Its indexes count from the
 * first word of the FlatBuffer; what is copied and patched stays a valid FlatBuffer.
 */
export interface StampedRecord {
  readonly words: Int32Array;
  readonly callIndex: number;
  /** The number inside the payload. */
  readonly valueIndex: number;
  /** The word that says where the vtable lies: another one means another layout. */
  readonly vtableIndex: number;
}

/** A call or an answer of one number. */
export function stampedRecord(): StampedRecord {
  const f = FLOOR_FIELDS;
  const builder = new Builder(256);
  builder.forceDefaults(true);
  builder.startVector(1, PAYLOAD_BYTES, 4);
  for (let i = 0; i < PAYLOAD_BYTES; i++) builder.addInt8(0);
  const payload = builder.endVector();
  builder.startObject(Object.keys(f).length);
  builder.addFieldOffset(f.payload, payload, 0);
  builder.addFieldInt32(f.call, 0, 0);
  builder.addFieldInt32(f.endpoint, 7, 0);
  builder.addFieldInt32(f.deadline, 10_000, 0);
  builder.addFieldInt16(f.method, 3, 0);
  builder.addFieldInt8(f.kind, 1, 0);
  builder.addFieldInt8(f.flags, 0, 0);
  builder.finish(builder.endObject());
  return toRecord(builder.asUint8Array());
}

function toRecord(bytes: Uint8Array): StampedRecord {
  const padded = new Uint8Array((bytes.length + 7) & -8);
  padded.set(bytes);
  const buffer = new ByteBuffer(padded);
  const root = buffer.readInt32(0);
  const at = (field: number): number => root + buffer.__offset(root, 4 + 2 * field);
  const payload = buffer.__vector(at(FLOOR_FIELDS.payload)) >> 2;
  const words = new Int32Array(padded.buffer);
  words[payload] = NUMBER_TAG;
  return {
    words,
    callIndex: at(FLOOR_FIELDS.call) >> 2,
    valueIndex: payload + 1,
    vtableIndex: root >> 2,
  };
}
