import { checkDurationMs, checkInteger } from '../config/options.js';
import type { AnyActorRef } from './actor-ref.js';

/**
 * What happens to an actor that failed: it goes on with the next message, a new instance takes
 * over its mailbox, it stops, or its parent fails in its place. Until that is known it takes no
 * message.
 */
export type Directive = 'resume' | 'restart' | 'stop' | 'escalate';

/** Judges one failure. */
export type Decider = (error: unknown, child: AnyActorRef) => Directive;

/** How a parent deals with the failures of its children (Akka OneForOneStrategy). */
export interface SupervisorStrategy {
  readonly decide: Decider;
  /** Restarts of one child within the window; the next failure stops it. */
  readonly maxRestarts: number;
  readonly withinMs: number;
}

/** How often a child may be restarted. */
export interface RestartLimit {
  /** Default 3. */
  readonly maxRestarts?: number;
  /** Window in milliseconds, default 30 000. */
  readonly withinMs?: number;
}

/** A strategy for each child by itself; `decide` is one directive for all, or a function. */
export function oneForOne(
  decide: Directive | Decider,
  limit: RestartLimit = {},
): SupervisorStrategy {
  return {
    decide: typeof decide === 'function' ? decide : () => decide,
    maxRestarts: checkInteger('maxRestarts', limit.maxRestarts ?? 3, 0, 1_000_000),
    withinMs: checkDurationMs('withinMs', limit.withinMs ?? 30_000),
  };
}

/** What a parent decided about one failure; plain data, because the child may live elsewhere. */
export interface Verdict {
  readonly directive: Directive;
  readonly maxRestarts: number;
  readonly withinMs: number;
}

/** Restart, at most 3 times in 30 seconds. */
export const DEFAULT_STRATEGY: SupervisorStrategy = oneForOne('restart');

/** The restarts of one actor or thread that still count. */
export class RestartBudget {
  #timesMs: number[] = [];

  /** Takes one restart at `nowMs`; false when the strategy allows no more. */
  tryTake(nowMs: number, { maxRestarts, withinMs }: Required<RestartLimit>): boolean {
    this.#timesMs = this.#timesMs.filter((timeMs) => nowMs - timeMs < withinMs);
    if (this.#timesMs.length >= maxRestarts) return false;
    this.#timesMs.push(nowMs);
    return true;
  }
}
