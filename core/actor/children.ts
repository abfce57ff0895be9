import { RpcError } from '../errors/rpc-error.js';
import { checkActorName } from './actor-path.js';
import type { ActorNode } from './actor-node.js';

/** A child as its parent sees it, on this thread or on another. */
export interface Child extends ActorNode {
  /** Begins to stop it; it leaves the family when it has stopped, which may be now. */
  finish(): void;
  /** Lets it go on, when it waits for what becomes of a failure that was escalated. */
  resume(): void;
}

/** The children of one actor, by name. */
export class Children {
  readonly nodes = new Map<string, Child>();
  readonly #path: string;
  /** Being made on other threads: their names are taken. */
  readonly #reserved = new Set<string>();
  #unnamed = 0;
  /** What waits for the last one to leave. */
  #whenGone: (() => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The name of a new child; throws `INVALID_ARGUMENT` and `DUPLICATE_ENDPOINT`. */
  nameOf(name: string | undefined): string {
    const chosen = name === undefined ? `$${++this.#unnamed}` : checkActorName(name);
    if (!this.nodes.has(chosen) && !this.#reserved.has(chosen)) return chosen;
    const path = `${this.#path}/${chosen}`;
    throw new RpcError('DUPLICATE_ENDPOINT', `an actor ${path} lives already`, { endpoint: path });
  }

  /** Keeps a name for a child that is being made. */
  reserve(name: string): void {
    this.#reserved.add(name);
  }

  add(name: string, child: Child): void {
    this.nodes.set(name, child);
    if (this.#whenGone) child.finish();
  }

  /** Gives a reserved name back: the child is made, or will never be. */
  release(name: string): void {
    this.#reserved.delete(name);
    this.#checkGone();
  }

  /** A child has stopped. */
  remove(name: string, child: Child): void {
    if (this.nodes.get(name) !== child) return;
    this.nodes.delete(name);
    this.#checkGone();
  }

  resumeAll(): void {
    for (const child of this.nodes.values()) child.resume();
  }

  /** Stops everybody; runs `then` when all have left, now if they have. The last `then` counts. */
  stopAll(then: () => void): void {
    this.#whenGone = then;
    for (const child of [...this.nodes.values()]) child.finish();
    this.#checkGone();
  }

  #checkGone(): void {
    if (this.nodes.size > 0 || this.#reserved.size > 0) return;
    const then = this.#whenGone;
    this.#whenGone = undefined;
    then?.();
  }
}
