import { InvocationEnvelope } from '../../core/codec/envelope.js';
import { checkRecord } from '../../core/codec/frame-check.js';
import { countAndFlags, InvocationStamp, RECORD_INVOCATION } from '../../core/codec/stamps.js';
import { INVOCATION_SPEC } from '../../core/codec/table-specs.js';
import { ValueDecoder, ValueEncoder } from '../../core/codec/value-codec.js';
import { verify } from '../../core/codec/verifier.js';
import { BATCH, micro, type Work } from './micro.js';

const STAMP = { recipient: 7, incarnation: 1, method: 3, token: undefined } as const;
const PAYLOAD_BYTES = 12;
const MEMORY_BYTES = 8_192;

interface Memory {
  readonly words: Int32Array;
  readonly bytes: Buffer;
}

function sharedMemory(): Memory {
  const memory = new SharedArrayBuffer(MEMORY_BYTES);
  return { words: new Int32Array(memory), bytes: Buffer.from(memory) };
}

/** A stamped call in private memory, as a frame from a peer is. */
function stampedCall(): Memory & { readonly lengthBytes: number } {
  const memory = new ArrayBuffer(MEMORY_BYTES);
  const words = new Int32Array(memory);
  const stamp = new InvocationStamp(STAMP);
  const payload = stamp.stamp(words, 0, 1, 10_000);
  stamp.finish(words, 0, countAndFlags(1, 0), PAYLOAD_BYTES);
  return { words, bytes: Buffer.from(memory), lengthBytes: payload + PAYLOAD_BYTES };
}

/** Stamps a call; reads it through the envelope. */
export const stampAndRead = micro(() => {
  const memory = sharedMemory();
  const stamp = new InvocationStamp(STAMP);
  const envelope = new InvocationEnvelope();
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      stamp.stamp(memory.words, 0, i, 10_000);
      stamp.finish(memory.words, 0, countAndFlags(1, 0), PAYLOAD_BYTES);
      envelope.wrap(memory, RECORD_INVOCATION, 0);
      if (envelope.call === i && envelope.method === 3 && envelope.recipient === 7) right++;
    }
    return right;
  };
});

/** Judges a frame that a peer's stamp wrote: its shape, word by word. */
export const checkStamped = micro(() => {
  const call = stampedCall();
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      if (typeof checkRecord(call, RECORD_INVOCATION, 0, call.lengthBytes) !== 'string') right++;
    }
    return right;
  };
});

/** Judges the same frame as any FlatBuffer: every offset and length. */
export const verifyGeneric = micro(() => {
  const { bytes, lengthBytes } = stampedCall();
  const record = bytes.subarray(0, lengthBytes);
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) if (verify(record, INVOCATION_SPEC) === undefined) right++;
    return right;
  };
});

function valueWork(
  valueOf: (index: number) => unknown,
  isEqual: (value: unknown, index: number) => boolean,
): Work {
  const { words, bytes } = sharedMemory();
  const encoder = new ValueEncoder();
  const decoder = new ValueDecoder();
  const values: unknown[] = [undefined];
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      values[0] = valueOf(i);
      encoder.measure(values, 1, 'arguments');
      const length = encoder.write(words, bytes, 0);
      decoder.start(words, bytes, 0, length);
      if (isEqual(decoder.next(), i)) right++;
    }
    return right;
  };
}

/** A number there and back. */
export const valueNumber = micro(() =>
  valueWork(
    (index) => index,
    (value, index) => value === index,
  ),
);

/** A short text there and back. */
export const valueText = micro(() =>
  valueWork(
    () => 'worker-7.example.internal',
    (value) => value === 'worker-7.example.internal',
  ),
);

/** A small record there and back. */
export const valueRecord = micro(() =>
  valueWork(
    (id) => ({ id, slots: [1, 2, 3], host: 'worker-7', port: 6123, hw: { cpu: 8, mem: 1024 } }),
    (value, index) => (value as { readonly id: number }).id === index,
  ),
);

const KIB_OF_BYTES = Buffer.alloc(1024, 'ringlane ');

/** 1 KiB of bytes there and back. */
export const valueBytes = micro(() =>
  valueWork(
    () => KIB_OF_BYTES,
    (value) => (value as Uint8Array).length === KIB_OF_BYTES.length,
  ),
);
