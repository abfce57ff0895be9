import type { ActorSystem } from './actor.js';
import type { ActorRef, AnyActorRef, Asker } from './actor-ref.js';
import type { ActorNode } from './actor-node.js';
import type { ActorSelection } from './actor-selection.js';
import type { ActorThread } from './actor-thread.js';
import type { Remoting } from './remoting.js';

/** Somebody on this thread who can be told something: an actor, or an ask that waits. */
export interface Recipient {
  readonly self: ActorRef<unknown>;
  /** Takes a message in a turn of the thread; never throws. */
  deliver(message: unknown, sender: AnyActorRef): void;
}

/** What the cells of one system share on one thread. */
export interface ActorEnvironment {
  readonly thread: ActorThread;
  readonly system: ActorSystem;
  readonly asker: Asker;
  /** The place above the guardians. */
  readonly root: ActorNode;
  /** Stands in for the sender of messages that have none. */
  readonly nobody: ActorRef<unknown>;
  /** By uid; asks are in it from the moment that somebody elsewhere may answer them. */
  readonly recipients: Map<number, Recipient>;
  /** Undefined for a system that lives on one thread. */
  readonly remoting: Remoting | undefined;
  /** A number that no other incarnation of this system has. */
  nextUid(): number;
  /** The full path of one incarnation. */
  format(path: string, uid: number): string;
  select(path: string, anchor: ActorNode): ActorSelection;
  /** Throws `SERVICE_CLOSED` when no more actors can be made. */
  checkOpen(): void;
  /** All actors have stopped; `failure` is what was escalated to the top. */
  onGuardianStopped(failure: unknown): void;
}
