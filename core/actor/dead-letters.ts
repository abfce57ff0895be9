import { publish } from '../metrics/channels.js';
import type { Counters } from '../metrics/counters.js';
import type { UserCode } from '../metrics/user-code.js';
import type { AnyActorRef } from './actor-ref.js';

/** A message that nobody will handle and nobody waits for. */
export interface DeadLetter {
  readonly reason: 'not started' | 'unreachable' | 'unreadable' | 'refused' | 'unhandled';
  /** Path of the recipient, as far as it is known. */
  readonly path: string;
  readonly method?: string;
  readonly error?: unknown;
  /** Message of the actor layer, with its sender. */
  readonly message?: unknown;
  readonly sender?: AnyActorRef;
}

/**
 * Counts dead letters and publishes them on the diagnostics channel `ringlane:dead-letter`, so
 * that a tell that reaches nobody is never lost unseen (Flink DeadLettersActor).
 */
export class DeadLetters {
  readonly #userCode: UserCode;
  readonly #counters: Counters;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();

  constructor(userCode: UserCode, counters: Counters) {
    this.#userCode = userCode;
    this.#counters = counters;
  }

  /** Dead letters of this thread since the service started. */
  get count(): number {
    return this.#counters.value('deadLetters');
  }

  add(letter: DeadLetter): void {
    this.#counters.add('deadLetters');
    if (letter.reason === 'not started') this.#counters.add('tellsNotStarted');
    if (letter.reason === 'unhandled') this.#counters.add('unhandledMessages');
    this.#userCode.logger.debug(letter, 'dead letter');
    publish('deadLetter', letter);
    for (const listener of this.#listeners) {
      this.#userCode.run('a dead letter listener', () => listener(letter));
    }
  }

  /** Calls `listener` for each dead letter of this thread until the answer is called. */
  subscribe(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
