import { Buffer } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';

const SLAB_BYTES = 64 * 1024;
/** Longer buffers get memory of their own. */
const SHARED_BYTES_MAX = 4 * 1024;

let slab = new ArrayBuffer(0);
let used = 0;

/**
 * A Buffer for bytes that have arrived. Up to 4 KiB it lies in memory shared with others, as
 * Node's own small Buffers do: making an `ArrayBuffer` costs a microsecond. That memory cannot be
 * transferred, and lives as long as one of them.
 */
export function allocateBuffer(length: number): Buffer {
  if (length > SHARED_BYTES_MAX) return Buffer.allocUnsafeSlow(length);
  if (used + length > slab.byteLength) {
    slab = new ArrayBuffer(SLAB_BYTES);
    markAsUntransferable(slab);
    used = 0;
  }
  const buffer = Buffer.from(slab, used, length);
  // Views of any element may be laid over it.
  used += (length + 7) & ~7;
  return buffer;
}

/** Up to this many bytes a loop beats making a view to copy from. */
const LOOP_COPY_BYTES = 16;
/** Shared memory is copied in words of this many bytes, when source and target allow it. */
const COPY_WORD_BYTES = 8;
/** From here on two quick copies beat a slow one; past the scratch's size nothing is shared. */
const SCRATCH_COPY_BYTES = 256;

/** Private memory, which V8 copies to and from at full speed however it is aligned. */
const scratch = new Uint8Array(SLAB_BYTES + COPY_WORD_BYTES);

/** Fills `target` with the bytes of `source` from `start` on. */
export function copyInto<T extends Uint8Array>(target: T, source: Buffer, start: number): T {
  const length = target.length;
  if (length > LOOP_COPY_BYTES) {
    copyBytes(target, 0, new Uint8Array(source.buffer, source.byteOffset + start, length));
  } else {
    for (let i = 0; i < length; i++) target[i] = source[start + i]!;
  }
  return target;
}

/**
 * Copies `source` to `target` from byte `at` on. V8 copies into and out of shared memory word by
 * word when both sides are aligned alike, and otherwise byte by byte, which takes five times as
 * long: those go through private memory that is aligned as the shared side is.
 */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array): void {
  const { length } = source;
  const from = source.byteOffset & (COPY_WORD_BYTES - 1);
  const to = (target.byteOffset + at) & (COPY_WORD_BYTES - 1);
  if (from === to || length < SCRATCH_COPY_BYTES || length > SLAB_BYTES) {
    target.set(source, at);
    return;
  }
  const aligned = source.buffer instanceof SharedArrayBuffer ? from : to;
  scratch.set(source, aligned);
  target.set(new Uint8Array(scratch.buffer, aligned, length), at);
}
