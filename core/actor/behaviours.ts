import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { Receive } from './actor-turn.js';

/** What an actor does with its messages now, and what it did before (Akka become). */
export class Behaviours {
  readonly #path: string;
  #stack: Receive[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined: `onReceive`. */
  get current(): Receive | undefined {
    return this.#stack.at(-1);
  }

  become(receive: Receive, isOnTop: boolean): void {
    if (!isOnTop) this.#stack = [];
    const limit = LIMITS.behaviours;
    if (this.#stack.length >= limit) {
      const text = `${this.#path} has ${limit} behaviours, one above the other`;
      throw new RpcError('INVALID_STATE', text, { limit, actual: limit + 1 });
    }
    this.#stack.push(receive);
  }

  unbecome(): void {
    this.#stack.pop();
  }

  clear(): void {
    this.#stack = [];
  }
}
