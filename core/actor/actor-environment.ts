import type { ActorSystem } from './actor.js';
import type { ActorRef, Asker } from './actor-ref.js';
import type { ActorNode, ActorSelection } from './actor-selection.js';
import type { ActorThread } from './actor-thread.js';

/** What the cells of one system share. */
export interface ActorEnvironment {
  readonly thread: ActorThread;
  readonly system: ActorSystem;
  readonly asker: Asker;
  /** The place above the guardian. */
  readonly root: ActorNode;
  /** Stands in for the sender of messages that have none. */
  readonly nobody: ActorRef<unknown>;
  /** A number that no other incarnation of this system has. */
  nextUid(): number;
  select(path: string, anchor: ActorNode): ActorSelection;
  /** Throws `SERVICE_CLOSED` when no more actors can be made. */
  checkOpen(): void;
  /** All actors have stopped; `failure` is what was escalated to the top. */
  onGuardianStopped(failure: unknown): void;
}
