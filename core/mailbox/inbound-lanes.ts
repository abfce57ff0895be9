import { openLane } from '../memory/lane-descriptor.js';
import { LaneReader, type RecordHandler } from '../memory/lane-reader.js';
import { InboundLane, type WaitingHandler } from './inbound-lane.js';
import type { LanePort } from './lane-port.js';
import type { LaneSender } from './lane-sender.js';
import type { LaneOffer } from './lane-senders.js';
import type { Pace } from './pace.js';

/** Records per lane and round, so that no producer starves another. */
export const BATCH = 256;

/** A handler that may be satisfied before everything was looked at. */
export interface TakingHandler extends WaitingHandler {
  readonly isOver: boolean;
}

/** What takes the records of all lanes; must not throw. */
export interface InboundHandler extends RecordHandler<InboundLane> {
  /** A lane broke its layout; nothing more is read from it. */
  onLaneFailure(producer: number, error: unknown): void;
}

/** The lanes into one thread, in the order in which they came. */
export class InboundLanes {
  readonly #lanes: InboundLane[] = [];
  readonly #handler: InboundHandler;
  readonly #pace: Pace;

  constructor(handler: InboundHandler, pace: Pace) {
    this.#handler = handler;
    this.#pace = pace;
  }

  add(offer: LaneOffer, port: LanePort, replyTo: LaneSender): InboundLane {
    const reader = new LaneReader(openLane(offer.buffer, offer));
    const lane = new InboundLane(reader, port, replyTo, this.#pace);
    this.#lanes.push(lane);
    return lane;
  }

  /** A field, not a method: the idle strategy calls it hundreds of times in a row. */
  readonly hasRecords = (): boolean => {
    const lanes = this.#lanes;
    for (let i = 0; i < lanes.length; i++) if (lanes[i]!.hasRecords()) return true;
    return false;
  };

  /** True when {@link takeNews} may find something. */
  readonly hasNews = (): boolean => this.#lanes.some((lane) => lane.hasNews());

  /** True while messages wait that came during a wait on the spot. */
  get hasKept(): boolean {
    return this.#lanes.some((lane) => lane.hasKept);
  }

  /** True inside of a message that came from `producer`. */
  isHandingOver(producer: number): boolean {
    return this.#lanes.some((lane) => lane.producer === producer && lane.isHandingOver);
  }

  /** True when there is a lane from `producer`. */
  isFrom(producer: number): boolean {
    return this.#lanes.some((lane) => lane.producer === producer);
  }

  /** Remembers what has arrived by now, for {@link isBehind}. */
  mark(): void {
    for (const lane of this.#lanes) lane.mark();
  }

  /** True while some of what had arrived at the last {@link mark} is left. */
  get isBehind(): boolean {
    return this.#lanes.some((lane) => lane.isBehind);
  }

  /** One round over all lanes, a {@link BATCH} of each at most; how many records came. */
  drainRound(): number {
    let count = 0;
    for (let i = 0; i < this.#lanes.length; i++) count += this.#drain(this.#lanes[i]!, BATCH);
    return count;
  }

  /** While this thread waits on the spot: takes what `handler` takes; true when that was any. */
  takeNews(handler: TakingHandler): boolean {
    let hasTaken = false;
    for (let i = 0; i < this.#lanes.length && !handler.isOver; i++) {
      const lane = this.#lanes[i]!;
      try {
        if (lane.take(handler)) hasTaken = true;
      } catch (error) {
        this.#dropBroken(lane, error);
      }
    }
    return hasTaken;
  }

  /** A life of `producer` has ended: what it published is taken, then its lanes are closed. */
  drop(producer: number, life: number): void {
    for (const lane of [...this.#lanes]) {
      if (lane.producer !== producer || lane.replyTo.life > life) continue;
      while (this.#drain(lane, Number.MAX_SAFE_INTEGER) > 0);
      // A lane that broke while it was drained is off the list already.
      if (this.#remove(lane)) lane.close();
    }
  }

  closeAll(): void {
    for (const lane of this.#lanes) lane.close();
  }

  #drain(lane: InboundLane, limit: number): number {
    try {
      return lane.drain(this.#handler, limit);
    } catch (error) {
      this.#dropBroken(lane, error);
      return 0;
    }
  }

  /** Nothing after a broken record can be trusted; the other lanes go on. */
  #dropBroken(lane: InboundLane, error: unknown): void {
    if (!this.#remove(lane)) return;
    lane.close();
    this.#handler.onLaneFailure(lane.producer, error);
  }

  #remove(lane: InboundLane): boolean {
    const at = this.#lanes.indexOf(lane);
    if (at >= 0) this.#lanes.splice(at, 1);
    return at >= 0;
  }
}
