import type { ActorRef, AnyActorRef, Asker } from './actor-ref.js';

/** A place in the tree of actors. */
export interface ActorNode {
  readonly parent: ActorNode | undefined;
  /** Undefined at the root, where nobody lives. */
  readonly self: ActorRef<unknown> | undefined;
  /** Those who live below it, by name. */
  readonly childNodes: ReadonlyMap<string, ActorNode>;
  /** For a place on another thread or in another process: goes on with a walk there. */
  readonly walkOn?: (walk: Walk) => void;
}

/** A message on its way through the tree. */
export interface Walk {
  /** Names, `..`, or patterns with `*` and `?`. */
  readonly steps: readonly string[];
  /** Only this incarnation, when the path names one. */
  readonly uid: number | undefined;
  readonly message: unknown;
  readonly sender: AnyActorRef;
}

/** Another system, as far as it can be seen from here. */
export interface DistantSystem {
  readonly root: ActorNode;
  readonly asker: Asker;
}
