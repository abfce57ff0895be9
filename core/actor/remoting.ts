import type { Address } from '../base/address.js';
import type { Placement, Props } from './actor.js';
import type { DistantSystem } from './actor-node.js';
import type { ActorRef } from './actor-ref.js';
import type { Child } from './children.js';

/** An actor to be made on another thread. */
export interface SpawnRequest {
  readonly parent: ActorRef<unknown>;
  /** The parent's path without system and uid. */
  readonly parentPath: string;
  readonly props: Props<never>;
  readonly name: string;
  readonly thread: number;
  /** Called once when it has started, before the promise resolves. */
  readonly onMade: (child: Child) => void;
  /** Called once after that, when the child has stopped or its thread has. */
  readonly onGone: (child: Child) => void;
}

/** What a system needs of other threads and processes: the port that remoting implements. */
export interface Remoting {
  /** The number of a thread by placement; throws `INVALID_ARGUMENT`. */
  place(placement: Placement): number;
  /** Makes a child on another thread. */
  spawn(request: SpawnRequest): Promise<ActorRef<unknown>>;
  /** The system at an address that is not ours. */
  systemAt(address: Address): DistantSystem;
}
