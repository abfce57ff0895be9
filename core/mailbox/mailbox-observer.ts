import type { InboundLane } from './inbound-lane.js';
import type { TakingHandler } from './inbound-lanes.js';

/** A wait on the spot: what ends it, and what is done meanwhile. */
export interface WaitOnTheSpot extends TakingHandler {
  /** The thread whose lane the answer comes through. */
  readonly from: number;
  /** How long it may still last. */
  readonly leftMs: number;
  /** Called before each sleep, which lasts a tick of the shared time at most. */
  onTick(): void;
}

/** What the mailbox asks of the layer above. */
export interface MailboxObserver {
  /** True while answers are expected: then polling pays. */
  expectsReplies(): boolean;
  /** True when an ask was made since the last look, whose answer may be near. */
  takeHasAsked(): boolean;
  /** What this turn sent is on its way. */
  onFlushed(): void;
  /** A thread was met in a later life than this one: that one has ended. */
  onThreadReplaced(thread: number, life: number): void;
  /** In a turn of its own: a lane has come whose producer ended before. */
  onLateLane(lane: InboundLane): void;
}
