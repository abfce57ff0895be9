import { LIMITS } from '../config/limits.js';

/** A lane as its producer sees it. */
export interface LaneExtent {
  /** Its end, as a position that wraps at 32 bits. */
  readonly position: number;
  /** How much in front of the end is not read. */
  usedBytes(): number;
}

/** Bytes that left beside a lane, until its reader is past the record that names them. */
interface Sent {
  readonly bytes: number;
  /** Position of the lane behind the record; undefined while it waits in the backlog. */
  position: number | undefined;
}

/** Bounds the bytes that are under way beside a lane, as its capacity bounds those inside. */
export class BesideWindow {
  readonly #lane: LaneExtent;
  readonly #sent: Sent[] = [];
  #first = 0;
  #bytes = 0;

  constructor(lane: LaneExtent) {
    this.#lane = lane;
  }

  /** True when `bytes` more may leave now; a single value of any size always finds room. */
  hasRoom(bytes: number): boolean {
    if (this.#bytes === 0 || this.#bytes + bytes <= LIMITS.bytesBeside) return true;
    this.#settle();
    return this.#bytes === 0 || this.#bytes + bytes <= LIMITS.bytesBeside;
  }

  /** True while half of what may be under way can leave. */
  hasHalf(): boolean {
    if (this.#bytes * 2 <= LIMITS.bytesBeside) return true;
    this.#settle();
    return this.#bytes * 2 <= LIMITS.bytesBeside;
  }

  /** `bytes` have left; their record will end at `position`, or waits in the backlog. */
  add(bytes: number, position: number | undefined): void {
    // Answers ask for no room, so what is read must be let go of here as well.
    this.#settle();
    this.#sent.push({ bytes, position });
    this.#bytes += bytes;
  }

  /** The backlog is empty: what was in it ends where the lane does at the latest. */
  onBacklogEmpty(): void {
    for (let i = this.#sent.length - 1; i >= this.#first; i--) {
      const sent = this.#sent[i]!;
      if (sent.position !== undefined) return;
      sent.position = this.#lane.position;
    }
  }

  clear(): void {
    this.#sent.length = 0;
    this.#first = 0;
    this.#bytes = 0;
  }

  /** Lets go of all that the reader is past. */
  #settle(): void {
    const unread = this.#lane.usedBytes();
    const end = this.#lane.position;
    for (let sent = this.#sent[this.#first]; sent !== undefined; sent = this.#sent[this.#first]) {
      // Under way is only what ends in the unread stretch, however often positions wrapped since.
      if (sent.position === undefined || (end - sent.position) >>> 0 < unread) break;
      this.#bytes -= sent.bytes;
      this.#first++;
    }
    if (this.#first * 2 < this.#sent.length) return;
    this.#sent.splice(0, this.#first);
    this.#first = 0;
  }
}
