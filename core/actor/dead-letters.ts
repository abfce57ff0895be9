import { channel } from 'node:diagnostics_channel';
import type { Logger } from '../base/logger.js';
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

const deadLetterChannel = channel('ringlane:dead-letter');

/**
 * Counts dead letters and publishes them on the diagnostics channel `ringlane:dead-letter`, so
 * that a tell that reaches nobody is never lost unseen (Flink DeadLettersActor).
 */
export class DeadLetters {
  /** Dead letters of this thread since it started. */
  count = 0;
  readonly #logger: Logger;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(letter: DeadLetter): void {
    this.count++;
    this.#logger.debug(letter, 'dead letter');
    if (deadLetterChannel.hasSubscribers) deadLetterChannel.publish(letter);
    for (const listener of this.#listeners) {
      try {
        listener(letter);
      } catch (error) {
        this.#logger.error({ error }, 'a dead letter listener failed');
      }
    }
  }

  /** Calls `listener` for each dead letter of this thread until the answer is called. */
  subscribe(listener: (letter: DeadLetter) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
