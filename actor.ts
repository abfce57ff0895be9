/** The door `ringlane/actor`: the actor layer that the RPC layer is built on. */
import type { ActorSystem as System } from './core/actor/actor.js';
import { type ActorSystemOptions, createThreadSystem } from './core/actor/actor-system.js';
import type { RpcServiceOptions } from './core/config/options.js';
import type { ServiceSystemOptions } from './core/remoting/service-system.js';
import type { RpcService } from './core/rpc/rpc-service.js';

/** All actors of one name space and what they share (Akka ActorSystem). */
export type ActorSystem = System;

/** Options of `ActorSystem.start`. */
export interface OwnedSystemOptions extends ServiceSystemOptions {
  /** Of the service below: name, threads, listener, limits. */
  readonly service?: RpcServiceOptions;
}

/** Makes systems. */
export const ActorSystem = {
  /**
   * Makes a system whose actors live on this thread. It keeps the process alive until it is
   * closed. Throws `INVALID_ARGUMENT`.
   */
  create(name: string, options: ActorSystemOptions = {}): ActorSystem {
    return createThreadSystem(name, options);
  },

  /**
   * Opens the actor system of a service: actors may live on its worker threads
   * (`Props.withThread`), and other processes reach them where it listens. On a worker thread it
   * answers the same system, seen from there. Closing it leaves the service open. Rejects with
   * `SERVICE_CLOSED`.
   */
  async over(service: RpcService, options: ServiceSystemOptions = {}): Promise<ActorSystem> {
    const { openServiceSystem } = await import('./core/remoting/service-system.js');
    return openServiceSystem(service, options);
  },

  /** Starts a service of its own, opens its actor system, and closes both together. */
  async start(options: OwnedSystemOptions = {}): Promise<ActorSystem> {
    const { startService } = await import('./start.js');
    const { openServiceSystem } = await import('./core/remoting/service-system.js');
    const service = await startService(options.service ?? {});
    return openServiceSystem(service, { ...options, onClosed: () => service.close() });
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
export { ask, type Expects, type ReplyTo } from './core/actor/ask.js';
export { type DeadLetter, DeadLetters } from './core/actor/dead-letters.js';
export { type Pipe, pipe } from './core/actor/pipe.js';
export {
  broadcast,
  consistentHash,
  group,
  pool,
  roundRobin,
  type RoutingLogic,
} from './core/actor/routing.js';
export {
  type Decider,
  type Directive,
  oneForOne,
  type RestartLimit,
  type SupervisorStrategy,
} from './core/actor/supervision.js';
export type { TimerScheduler } from './core/actor/timers.js';
export type { ServiceSystemOptions } from './core/remoting/service-system.js';
