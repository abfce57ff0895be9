/** The door `ringlane/actor`: the actor layer that the RPC layer is built on. */
import type { ActorSystem as System } from './core/actor/actor.js';
import { type ActorSystemOptions, createThreadSystem } from './core/actor/actor-system.js';

/** All actors of one name space and what they share (Akka ActorSystem). */
export type ActorSystem = System;

/** Makes systems. */
export const ActorSystem = {
  /**
   * Makes a system whose actors live on this thread. It keeps the process alive until it is
   * closed. Throws `INVALID_ARGUMENT`.
   */
  create(name: string, options: ActorSystemOptions = {}): ActorSystem {
    return createThreadSystem(name, options);
  },
} as const;

export {
  Actor,
  type ActorContext,
  type ActorFactory,
  type BecomeOptions,
  type Placement,
  PlacedProps,
  Props,
} from './core/actor/actor.js';
export { Failure, Identify, PoisonPill } from './core/actor/actor-messages.js';
export { ActorRef, type AnyActorRef } from './core/actor/actor-ref.js';
export type { ActorSelection } from './core/actor/actor-selection.js';
export { ActorIdentity, Terminated } from './core/actor/actor-signals.js';
export type { ActorSystemOptions } from './core/actor/actor-system.js';
export { ask } from './core/actor/ask.js';
export { type DeadLetter, DeadLetters } from './core/actor/dead-letters.js';
export { type Pipe, pipe } from './core/actor/pipe.js';
export {
  type Decider,
  type Directive,
  oneForOne,
  type RestartLimit,
  type SupervisorStrategy,
} from './core/actor/supervision.js';
export type { TimerScheduler } from './core/actor/timers.js';
