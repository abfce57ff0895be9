import { ask, defineGateway, type GatewayOf, tell } from '../rpc/gateway.js';

/** The fixed end of the address of each thread's host of actors; its number is the thread's. */
export const HOST_ID_PREFIX = '$actors-';

/** A message on its way: what sort of message, and what it carries. See `wire-message.ts`. */
export type WireMessage = readonly [kind: number, body: unknown];

/** Where a walk through a tree begins, and how it goes on: see `Walk`. */
export interface WireWalk {
  /** Uid of an actor, or one of the places below. */
  readonly from: number;
  readonly steps: readonly string[];
  /** 0: any incarnation. */
  readonly uid: number;
}

/** The place above all guardians. */
export const FROM_ROOT = 0;
/** The guardian of the thread. */
export const FROM_GUARDIAN = -1;

/**
 * What one thread's actors are reached by from other threads and processes. A recipient is named by
 * its uid, a sender by its path (empty: nobody), so nothing has to be looked up on the way.
 */
export const ActorHostGateway = defineGateway('ringlane.ActorHost', {
  tell: tell<[to: number, kind: number, body: unknown, sender: string]>(),
  /** Tells, and answers what the sender is told first. `timeoutMs` is also the call's deadline. */
  ask: ask<[to: number, kind: number, body: unknown, timeoutMs: number], WireMessage>(),
  /** Answers when the actor has stopped, or when the watch of that name is taken back. */
  watch: ask<[to: number, watch: string]>({ timeoutMs: 0 }),
  unwatch: tell<[watch: string]>(),
  stop: tell<[to: number]>(),
  /** A selection goes on here. */
  select: tell<[walk: WireWalk, kind: number, body: unknown, sender: string]>(),
  askSelection: ask<
    [walk: WireWalk, kind: number, body: unknown, timeoutMs: number],
    WireMessage
  >(),
  /** Answers when this host is gone. */
  closed: ask<[]>({ timeoutMs: 0 }),
});
export type ActorHostGateway = GatewayOf<typeof ActorHostGateway>;
