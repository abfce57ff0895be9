import { type Channel, channel } from 'node:diagnostics_channel';

/**
 * The channels of `node:diagnostics_channel` that the engine publishes on. Channels belong to one
 * thread: each event is published on the thread that is named with it. Node ends the thread of a
 * subscriber that throws; `service.onDeadLetter` forgives.
 */
export const CHANNELS = {
  /** A message reached nobody: `DeadLetter`. On the thread that it reached. */
  deadLetter: channel('ringlane:dead-letter'),
  /** A handler failed and nobody waits: `{ endpoint, method, error }`. On the endpoint's thread. */
  handlerFailure: channel('ringlane:handler-failure'),
  /** A callback of the user failed: `{ what, error }`. On the thread that called it. */
  callbackFailure: channel('ringlane:callback-failure'),
  /** A worker thread ended: `{ thread, error }`. On the home thread. */
  threadExit: channel('ringlane:thread-exit'),
  /** A worker thread lives again: `{ thread, endpoints }`. On the home thread. */
  threadRestart: channel('ringlane:thread-restart'),
  /** A thread is blocked: `{ thread, endpoint, method, blockedMs }`. On the home thread. */
  threadBlocked: channel('ringlane:thread-blocked'),
} as const satisfies Record<string, Channel>;

/** Publishes `facts` if anybody listens. */
export function publish(name: keyof typeof CHANNELS, facts: object): void {
  const { [name]: target } = CHANNELS;
  if (target.hasSubscribers) target.publish(facts);
}
