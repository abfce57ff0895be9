import type { AnyActorRef } from './actor-ref.js';
import { Terminated } from './actor-signals.js';

/** Who watches an actor, and whom it watches (Akka DeathWatch). */
export class DeathWatch {
  readonly #self: AnyActorRef;
  /** Puts a `Terminated` into the mailbox of this actor. */
  readonly #notify: (message: Terminated) => void;
  readonly #watchers = new Set<DeathWatch>();
  /** By path with uid, so that a successor of the same name is somebody else. */
  readonly #watching = new Map<string, DeathWatch>();
  #isOver = false;

  constructor(self: AnyActorRef, notify: (message: Terminated) => void) {
    this.#self = self;
    this.#notify = notify;
  }

  /** Watching twice is one watch; watching oneself is none. */
  watch(target: DeathWatch): void {
    const { path } = target.#self;
    if (target === this || this.#isOver || this.#watching.has(path)) return;
    this.#watching.set(path, target);
    if (target.#isOver) this.#notify(new Terminated(target.#self));
    else target.#watchers.add(this);
  }

  unwatch(ref: AnyActorRef): void {
    const target = this.#watching.get(ref.path);
    if (target === undefined) return;
    target.#watchers.delete(this);
    this.#watching.delete(ref.path);
  }

  /** True once for each `Terminated` that was asked for and not taken back. */
  take(message: Terminated): boolean {
    return this.#watching.delete(message.actor.path);
  }

  /** The actor has stopped: its own watches end, its watchers hear of it. */
  end(): void {
    this.#isOver = true;
    for (const target of this.#watching.values()) target.#watchers.delete(this);
    this.#watching.clear();
    for (const watcher of this.#watchers) watcher.#notify(new Terminated(this.#self));
    this.#watchers.clear();
  }
}
