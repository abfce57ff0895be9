import type { ActorThread } from '../actor/actor-thread.js';
import type { DeadLetter } from '../actor/dead-letters.js';
import { LIMITS } from '../config/limits.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import { DeadLetterDemand } from '../metrics/counters.js';

/** A dead letter of any thread of a service, as its listeners get it. */
export interface DeadLetterReport {
  readonly reason: DeadLetter['reason'];
  /** Path of the recipient, as far as it is known. */
  readonly path: string;
  /** The tell's method, where it is known. */
  readonly method?: string;
  /** Why it was refused. */
  readonly error?: string;
  /** Where it was found: worker thread by number from 0, or `home`. */
  readonly thread: number | 'home';
  /** Letters of that thread before this one that had no report: it has 1 000 a second. */
  readonly omitted: number;
}

const WINDOW_MS = 1_000;

/** Reports the dead letters of one thread while anybody wants to know, not too many at once. */
export class DeadLetterReporter {
  readonly #thread: ActorThread;
  readonly #demand: DeadLetterDemand;
  readonly #send: (report: DeadLetterReport) => void;
  #windowEndMs = 0;
  #left = 0;
  #omitted = 0;

  constructor(thread: ActorThread, send: (report: DeadLetterReport) => void) {
    this.#thread = thread;
    this.#demand = new DeadLetterDemand(thread.metrics);
    this.#send = send;
    thread.deadLetters.subscribe((letter) => this.#onLetter(letter));
  }

  #onLetter({ reason, path, method, error }: DeadLetter): void {
    if (!this.#demand.exists()) return;
    const nowMs = this.#thread.clock.nowMs();
    if (nowMs >= this.#windowEndMs) {
      this.#windowEndMs = nowMs + WINDOW_MS;
      this.#left = LIMITS.deadLetterReportsPerSecond;
    }
    if (this.#left === 0) {
      this.#omitted++;
      return;
    }
    this.#left--;
    const omitted = this.#omitted;
    this.#omitted = 0;
    this.#send({
      reason,
      path,
      ...(method === undefined ? {} : { method }),
      ...(error === undefined ? {} : { error: describeThrown(error) }),
      thread: this.#thread.thread === 0 ? 'home' : this.#thread.thread - 1,
      omitted,
    });
  }
}

/** Who listens to the dead letters of a service; on its home thread. */
export class DeadLetterListeners {
  readonly #thread: ActorThread;
  readonly #demand: DeadLetterDemand;
  readonly #listeners = new Set<(report: DeadLetterReport) => void>();

  constructor(thread: ActorThread) {
    this.#thread = thread;
    this.#demand = new DeadLetterDemand(thread.metrics);
    new DeadLetterReporter(thread, this.deliver);
  }

  /** From the return of this call on, no dead letter of any thread is missed. */
  subscribe(listener: (report: DeadLetterReport) => void): () => void {
    if (typeof listener !== 'function') {
      throw new RpcError('INVALID_ARGUMENT', 'onDeadLetter takes a function');
    }
    // Its own closure, so that one function may listen twice.
    const own = (report: DeadLetterReport): void => listener(report);
    this.#listeners.add(own);
    this.#demand.add(1);
    return () => {
      if (this.#listeners.delete(own)) this.#demand.add(-1);
    };
  }

  readonly deliver = (report: DeadLetterReport): void => {
    for (const listener of this.#listeners) {
      this.#thread.userCode.run('a dead letter listener', () => listener(report));
    }
  };
}
