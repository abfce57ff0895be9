import { RpcError } from '../errors/rpc-error.js';
import { LocalQueue } from '../mailbox/local-queue.js';
import type { ActorThread } from './actor-thread.js';
import type { Delivery } from './actor-turn.js';

/** What the mailbox of one actor is given. */
export interface ActorMailboxParts {
  readonly thread: ActorThread;
  readonly path: string;
  /** Messages that may wait; the stash is counted apart. */
  readonly limit: number;
  readonly stashLimit: number;
  /** Takes one message; must not throw. */
  readonly process: (delivery: Delivery) => void;
}

/**
 * What waits for one actor. Messages have their turn in the mailbox of the thread; here is what
 * came in its turn too early: while the actor is suspended, and what it has stashed (Akka Stash).
 */
export class ActorMailbox {
  readonly #parts: ActorMailboxParts;
  /** Told and not yet taken. */
  #waiting = 0;
  /** Had its turn, but the actor was suspended: goes before everything that comes later. */
  #held = new LocalQueue<Delivery>();
  #stash: Delivery[] = [];
  #isSuspended = false;
  #isDraining = false;

  constructor(parts: ActorMailboxParts) {
    this.#parts = parts;
  }

  /** Messages that wait, without the stash. */
  get size(): number {
    return this.#waiting;
  }

  /** Why nothing more is taken now; undefined when there is room. */
  fullness(): RpcError | undefined {
    const { thread, limit, path } = this.#parts;
    const { backlogLimit } = thread.settings;
    if (this.#waiting >= limit) {
      const text = `${limit} messages wait for ${path} (Props.withMailboxLimit)`;
      return new RpcError('MAILBOX_FULL', text, { limit, actual: this.#waiting });
    }
    const { localSize } = thread.mailbox;
    if (localSize < backlogLimit) return undefined;
    const text = `${localSize} messages wait on this thread (option backlogLimit)`;
    const details = { limit: backlogLimit, actual: localSize };
    return new RpcError('MAILBOX_FULL', `${text}; await system.ready()`, details);
  }

  /** Queues a message for a turn of its own. */
  put(delivery: Delivery): void {
    this.#waiting++;
    this.#parts.thread.mailbox.post(delivery);
  }

  /** The turn of a message has come. */
  take(delivery: Delivery): void {
    if (this.#isSuspended || this.#held.size > 0) return this.#held.push(delivery);
    this.#waiting--;
    this.#parts.process(delivery);
  }

  /** A message whose turn is now. */
  takeNow(delivery: Delivery): void {
    this.#waiting++;
    this.take(delivery);
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Nothing is processed until {@link resume}. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): void {
    if (!this.#isSuspended) return;
    this.#isSuspended = false;
    this.#drain();
  }

  /** Puts the message at hand aside; throws `MAILBOX_FULL`, `INVALID_STATE` the second time. */
  stash(delivery: Delivery): void {
    const { stashLimit: limit, path } = this.#parts;
    if (this.#stash.at(-1) === delivery) {
      throw new RpcError('INVALID_STATE', `${path} has stashed this message already`);
    }
    if (this.#stash.length >= limit) {
      const text = `the stash of ${path} holds ${limit} messages (Props.withStashLimit)`;
      throw new RpcError('MAILBOX_FULL', text, { limit, actual: limit + 1 });
    }
    this.#stash.push(delivery);
  }

  /** Puts the stash back in front of everything that waits. */
  unstashAll(): void {
    if (this.#stash.length === 0) return;
    const queue = new LocalQueue<Delivery>();
    for (const delivery of this.#stash) queue.push(delivery);
    this.#waiting += this.#stash.length;
    this.#stash = [];
    for (let next = this.#held.shift(); next; next = this.#held.shift()) queue.push(next);
    this.#held = queue;
    this.#drain();
  }

  /** The actor is gone: what it held and stashed goes out through `process`, in order. */
  close(): void {
    this.unstashAll();
    this.#isSuspended = false;
    for (let next = this.#held.shift(); next; next = this.#held.shift()) {
      this.#waiting--;
      this.#parts.process(next);
    }
  }

  /** One message a turn, so that other actors of the thread get theirs. */
  #drain(): void {
    if (this.#isDraining || this.#isSuspended || this.#held.size === 0) return;
    this.#isDraining = true;
    const run = (): void => {
      this.#isDraining = false;
      if (this.#isSuspended) return;
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#waiting--;
      this.#parts.process(next);
      this.#drain();
    };
    this.#parts.thread.mailbox.post({ run });
  }
}
