/** Resolution of all deadlines of calls. */
export const TICK_MS = 16;
const TICK_SHIFT = 4;
/** 1024 buckets of 16 ms: one round is 16 s, longer than the default deadline. */
const BUCKETS = 1024;
const NONE = -1;

/**
 * The deadlines of all pending asks of a thread in one hashed timer wheel (Agrona
 * DeadlineTimerWheel): no timer per call, insertion and removal are a few stores. Times are
 * 32-bit milliseconds of the service's time line, which wrap.
 */
export class DeadlineWheel {
  readonly #heads = new Int32Array(BUCKETS).fill(NONE);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #deadlines = new Int32Array(0);
  /** Tick up to which everything due was taken out. */
  #tick = 0;

  /** Makes room for slots `0` to `capacity - 1`. */
  grow(capacity: number): void {
    this.#next = grown(this.#next, capacity);
    this.#previous = grown(this.#previous, capacity);
    this.#deadlines = grown(this.#deadlines, capacity);
  }

  insert(slot: number, deadlineMs: number): void {
    const bucket = (deadlineMs >>> TICK_SHIFT) & (BUCKETS - 1);
    const head = this.#heads[bucket]!;
    this.#deadlines[slot] = deadlineMs;
    this.#next[slot] = head;
    // A head's predecessor is its bucket, marked by being below NONE.
    this.#previous[slot] = -2 - bucket;
    if (head !== NONE) this.#previous[head] = slot;
    this.#heads[bucket] = slot;
  }

  remove(slot: number): void {
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous >= 0) this.#next[previous] = next;
    else this.#heads[-2 - previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
  }

  deadlineOf(slot: number): number {
    return this.#deadlines[slot]!;
  }

  /** Removes every slot whose deadline has passed and hands it to `onExpired`. */
  expire(nowMs: number, onExpired: (slot: number) => void): void {
    const nowTick = nowMs >>> TICK_SHIFT;
    const span = Math.min((nowTick - this.#tick) >>> 0, BUCKETS - 1);
    for (let back = span; back >= 0; back--) {
      this.#expireBucket((nowTick - back) & (BUCKETS - 1), nowMs, onExpired);
    }
    this.#tick = nowTick;
  }

  #expireBucket(bucket: number, nowMs: number, onExpired: (slot: number) => void): void {
    let slot = this.#heads[bucket]!;
    while (slot !== NONE) {
      const next = this.#next[slot]!;
      if (((this.#deadlines[slot]! - nowMs) | 0) <= 0) {
        this.remove(slot);
        onExpired(slot);
      }
      slot = next;
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>, capacity: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
}
