import type { Clock } from '../base/clock.js';
import { encodeFailure } from '../codec/failure-codec.js';
import type { RpcCell } from './rpc-cell.js';
import type { EndNotice, HomeGateway } from './system-contracts.js';
import { withRoom } from './with-room.js';

/** Ends that one notice tells of: it stays far below what travels beside the lane. */
const ENDS_PER_NOTICE = 256;

/**
 * Tells the home thread that endpoints of this thread have ended. One notice is under way at a
 * time, and the next one tells of all that end meanwhile: so many endpoints may end at once, and
 * no endpoint keeps anything open before it ends.
 */
export class EndNotices {
  readonly #clock: Clock;
  readonly #home: () => HomeGateway;
  /** What the next notice tells; undefined: nobody has ended since the last one was sent. */
  #next: EndNotice[] | undefined;
  /** When home knows what the newest notice tells. */
  #heard: Promise<void> = Promise.resolve();

  constructor(clock: Clock, home: () => HomeGateway) {
    this.#clock = clock;
    this.#home = home;
  }

  /**
   * Resolves when home has freed the id and knows of the end: nobody may hear of it before, also
   * who hears of it on a third thread. It does not fail.
   */
  add({ endpointId, recipient, incarnation }: RpcCell, failure: unknown): Promise<void> {
    const isWell = failure === undefined;
    if (this.#next === undefined || this.#next.length === ENDS_PER_NOTICE) {
      const ends: EndNotice[] = [];
      this.#next = ends;
      this.#heard = this.#heard.then(() => this.#send(ends));
    }
    this.#next.push({
      endpointId,
      recipient,
      incarnation,
      failure: isWell ? null : encodeFailure(failure),
    });
    return this.#heard;
  }

  async #send(ends: EndNotice[]): Promise<void> {
    if (this.#next === ends) this.#next = undefined;
    try {
      await withRoom(this.#clock, () => this.#home().ended(ends));
    } catch {
      // Home is gone, and this thread will be too.
    }
  }
}
