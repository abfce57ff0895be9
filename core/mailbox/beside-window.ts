import { LIMITS } from '../config/limits.js';

/** Bytes that left beside a lane, until its reader is past the record that names them. */
interface Sent {
  readonly bytes: number;
  /** Position of the lane behind the record; undefined while it waits in the backlog. */
  position: number | undefined;
}

/** Bounds the bytes that are under way beside a lane, as its capacity bounds those inside. */
export class BesideWindow {
  readonly #sent: Sent[] = [];
  #first = 0;
  #bytes = 0;

  /** True when `bytes` more may leave now; a single value of any size always finds room. */
  hasRoom(bytes: number, head: number): boolean {
    if (this.#bytes === 0 || this.#bytes + bytes <= LIMITS.bytesBeside) return true;
    this.#settle(head);
    return this.#bytes === 0 || this.#bytes + bytes <= LIMITS.bytesBeside;
  }

  /** `bytes` have left; their record ends at `position`, or waits in the backlog. */
  add(bytes: number, position: number | undefined): void {
    this.#sent.push({ bytes, position });
    this.#bytes += bytes;
  }

  /** The backlog is empty: what was in it ends at `position` at the latest. */
  onBacklogEmpty(position: number): void {
    for (let i = this.#sent.length - 1; i >= this.#first; i--) {
      const sent = this.#sent[i]!;
      if (sent.position !== undefined) return;
      sent.position = position;
    }
  }

  clear(): void {
    this.#sent.length = 0;
    this.#first = 0;
    this.#bytes = 0;
  }

  /** Lets go of all that the reader is past; `head` is its position. */
  #settle(head: number): void {
    for (let sent = this.#sent[this.#first]; sent !== undefined; sent = this.#sent[this.#first]) {
      if (sent.position === undefined || ((head - sent.position) | 0) < 0) break;
      this.#bytes -= sent.bytes;
      this.#first++;
    }
    if (this.#first * 2 < this.#sent.length) return;
    this.#sent.splice(0, this.#first);
    this.#first = 0;
  }
}
