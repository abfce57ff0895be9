import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import { type AnyActorRef, type DistantWatch, watchFrom } from './actor-ref.js';
import { Terminated } from './actor-signals.js';

/** What an actor needs to watch and to be watched. */
export interface DeathWatchParts {
  readonly self: AnyActorRef;
  /** Puts a `Terminated` into the mailbox of this actor. */
  readonly notify: (message: Terminated) => void;
  /** The end of somebody elsewhere cannot be watched: the watcher fails. */
  readonly onFailure: (error: unknown) => void;
}

/** The watch of one who has ended already. */
const OVER: DistantWatch = { release: () => {} };

/** Who watches an actor, and whom it watches (Akka DeathWatch). */
export class DeathWatch {
  readonly #parts: DeathWatchParts;
  /** Told once each: actors of this thread, and watches of others. */
  readonly #watchers = new Set<() => void>();
  /** How to end each watch, by path with uid: a successor of the same name is somebody else. */
  readonly #watching = new Map<string, DistantWatch>();
  #distantWatchers = 0;
  #isOver = false;

  constructor(parts: DeathWatchParts) {
    this.#parts = parts;
  }

  /** Watching twice is one watch; watching oneself is none. Throws `INVALID_ARGUMENT`. */
  watch(ref: AnyActorRef): void {
    const { path } = ref;
    if (path === this.#parts.self.path || this.#isOver || this.#watching.has(path)) return;
    const limit = LIMITS.watchedPerActor;
    if (this.#watching.size >= limit) {
      const text = `${this.#parts.self.path} watches ${limit} actors, and no more are allowed`;
      throw new RpcError('MAILBOX_FULL', text, { limit, actual: limit + 1 });
    }
    const onEnd = (error?: unknown): void => {
      if (error !== undefined) this.#parts.onFailure(error);
      else this.#parts.notify(new Terminated(ref));
    };
    this.#watching.set(path, ref[watchFrom](onEnd));
  }

  unwatch(ref: AnyActorRef): void {
    this.#watching.get(ref.path)?.release();
    this.#watching.delete(ref.path);
  }

  /** True once for each `Terminated` that was asked for and not taken back. */
  take(message: Terminated): boolean {
    return this.#watching.delete(message.actor.path);
  }

  /** A `Terminated` that was taken is stashed: it can be taken once more, unless unwatched. */
  putBack({ actor: { path } }: Terminated): void {
    if (!this.#watching.has(path)) this.#watching.set(path, OVER);
  }

  /** Calls `onEnd` once when this actor has stopped, now if it has. */
  addWatcher(onEnd: () => void): DistantWatch {
    if (this.#isOver) onEnd();
    else this.#watchers.add(onEnd);
    return { release: () => void this.#watchers.delete(onEnd) };
  }

  /** As {@link addWatcher}, for somebody whose own end nobody here hears of: thus with a bound. */
  addDistantWatcher(onEnd: () => void): DistantWatch {
    const limit = LIMITS.distantWatchersPerActor;
    if (this.#distantWatchers >= limit) {
      const text = `${this.#parts.self.path} has ${limit} watchers elsewhere, and takes no more`;
      throw new RpcError('MAILBOX_FULL', text, { limit, actual: limit + 1 });
    }
    this.#distantWatchers++;
    const watch = this.addWatcher(onEnd);
    let isReleased = false;
    return {
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#distantWatchers--;
        watch.release();
      },
    };
  }

  /** The actor has stopped: its own watches end, its watchers hear of it. */
  end(): void {
    this.#isOver = true;
    for (const watch of this.#watching.values()) watch.release();
    this.#watching.clear();
    for (const onEnd of this.#watchers) onEnd();
    this.#watchers.clear();
  }
}
