/** V8 13 lost its limit of 32 MB for the buffers behind young objects: ballast alone is left. */
const HAS_YOUNG_LIMIT = Number.parseInt(process.versions.v8, 10) < 13;
/** Bytes of a buffer for each array of ballast. */
const BUFFER_BYTES = (HAS_YOUNG_LIMIT ? 16 : 4) * 1024;
/** With its header a little over 4 KiB: a quarter of the buffer, or all of it. */
const BALLAST_LENGTH = 512;

/** Buffers past this size are rare enough. */
const NOTED_BYTES_MAX = 4 * 1024 * 1024;

/** Holds the last piece, so that no compiler finds out that nobody reads it. */
const ballast = { last: [] as unknown[] };

/**
 * Says to V8 that a short-lived buffer of `bytes` was allocated. V8 collects young objects when
 * their own memory fills up, or at 32 MB of buffers behind them; in a small heap the limit of the
 * old generation comes first, at the price of marking everything: 20 ms for every 25 buffers of
 * 1 MiB. Ballast that dies at once makes the cheap collection come first. With it, calls that
 * carry 1 MiB each way take a third less CPU; with more of it they take longer again.
 */
export function noteYoungBuffer(bytes: number): void {
  let left = Math.min(bytes, NOTED_BYTES_MAX);
  for (; left > 0; left -= BUFFER_BYTES) ballast.last = new Array(BALLAST_LENGTH);
}
