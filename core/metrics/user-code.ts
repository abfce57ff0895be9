import { onRejection } from '../base/deferred.js';
import type { Logger } from '../base/logger.js';
import { publish } from './channels.js';
import type { Counters } from './counters.js';

/**
 * Runs callbacks of the user that nobody waits for: what they throw, or reject with later, is
 * counted, logged and published, and changes nothing else.
 */
export class UserCode {
  /** As the user gave it, but it never throws. */
  readonly logger: Logger;
  readonly #counters: Counters;

  constructor(logger: Logger, counters: Counters) {
    this.#counters = counters;
    const level =
      (name: keyof Logger) =>
      (facts: object, message: string): void => {
        try {
          this.#watch('logger', logger[name](facts, message), false);
        } catch (error) {
          this.#onFailure('logger', error, false);
        }
      };
    this.logger = {
      debug: level('debug'),
      info: level('info'),
      warn: level('warn'),
      error: level('error'),
    };
  }

  /** Calls `task`; `what` names it in the log. */
  run(what: string, task: () => unknown): void {
    try {
      this.#watch(what, task(), true);
    } catch (error) {
      this.#onFailure(what, error, true);
    }
  }

  #watch(what: string, result: unknown, isLogged: boolean): void {
    onRejection(result, (error) => this.#onFailure(what, error, isLogged));
  }

  /** What the logger throws must not be told to the logger. */
  #onFailure(what: string, error: unknown, isLogged: boolean): void {
    this.#counters.add('callbackErrors');
    if (isLogged) this.logger.error({ error }, `${what} failed`);
    publish('callbackFailure', { what, error });
  }
}
