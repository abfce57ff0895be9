import type { ActorThread } from '../actor/actor-thread.js';
import { encodeFailure } from '../codec/failure-codec.js';
import type { RpcCell } from './rpc-cell.js';
import type { EndNotice, HomeGateway } from './system-contracts.js';
import { withRoom } from './with-room.js';

/** Ends that one notice tells of. */
const ENDS_PER_NOTICE = 256;

/** Their failures together, but one alone may be longer: far below what travels beside the lane. */
const FAILURE_BYTES_PER_NOTICE = 1024 * 1024;

/**
 * Tells the home thread that endpoints of this thread have ended. One notice is under way at a
 * time, and the next one tells of all that end meanwhile: so many endpoints may end at once, and
 * no endpoint keeps anything open before it ends.
 */
export class EndNotices {
  readonly #thread: Pick<ActorThread, 'clock' | 'logger'>;
  readonly #home: () => HomeGateway;
  /** What the next notice tells; undefined: nobody has ended since the last one was sent. */
  #next: EndNotice[] | undefined;
  /** Bytes of the failures that it tells. */
  #failureBytes = 0;
  /** When home knows what the newest notice tells. */
  #heard: Promise<void> = Promise.resolve();

  constructor(thread: Pick<ActorThread, 'clock' | 'logger'>, home: () => HomeGateway) {
    this.#thread = thread;
    this.#home = home;
  }

  /**
   * Resolves when home has freed the id and knows of the end: nobody may hear of it before, also
   * who hears of it on a third thread. It does not fail.
   */
  add({ endpointId, recipient, incarnation }: RpcCell, error: unknown): Promise<void> {
    const failure = error === undefined ? null : encodeFailure(error);
    const bytes = failure?.length ?? 0;
    const isFull =
      this.#next?.length === ENDS_PER_NOTICE ||
      this.#failureBytes + bytes > FAILURE_BYTES_PER_NOTICE;
    if (this.#next === undefined || isFull) {
      const ends: EndNotice[] = [];
      this.#next = ends;
      this.#failureBytes = 0;
      this.#heard = this.#heard.then(() => this.#send(ends));
    }
    this.#failureBytes += bytes;
    this.#next.push({ endpointId, recipient, incarnation, failure });
    return this.#heard;
  }

  async #send(ends: EndNotice[]): Promise<void> {
    if (this.#next === ends) this.#next = undefined;
    const { clock, logger } = this.#thread;
    try {
      await withRoom(clock, () => this.#home().ended(ends));
    } catch (error) {
      // Home is gone, and this thread will be too.
      const endpoints = ends.map(({ endpointId }) => endpointId);
      logger.error({ endpoints, error }, 'the home thread was not told of ends');
    }
  }
}
