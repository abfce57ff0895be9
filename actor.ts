/** The door `ringlane/actor`: the actor layer that the RPC layer is built on. */
export { Actor, type ActorContext, type ActorFactory, Props } from './core/actor/actor.js';
export { Failure, Identify, PoisonPill } from './core/actor/actor-messages.js';
export { ActorRef, type AnyActorRef } from './core/actor/actor-ref.js';
export type { ActorSelection } from './core/actor/actor-selection.js';
export { ActorIdentity, Terminated } from './core/actor/actor-signals.js';
export { ActorSystem, type ActorSystemOptions } from './core/actor/actor-system.js';
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
