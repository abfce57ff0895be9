import type { Clock } from '../base/clock.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import { randomIncarnation } from '../base/ids.js';
import type { Logger } from '../base/logger.js';
import { effectiveOptions } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import { createRegion } from '../memory/region-descriptor.js';
import { Actor, type ActorSystem as System, Props } from './actor.js';
import { ActorCell } from './actor-cell.js';
import type { ActorEnvironment } from './actor-environment.js';
import type { ActorRef, AnyActorRef } from './actor-ref.js';
import { formatActorPath } from './actor-path.js';
import { type ActorNode, ActorSelection } from './actor-selection.js';
import { ActorThread } from './actor-thread.js';
import type { DeadLetters } from './dead-letters.js';
import { DeadLetterRef, LocalActorRef } from './local-actor-ref.js';
import { DEFAULT_STRATEGY, type SupervisorStrategy } from './supervision.js';
import { ThreadAsker } from './thread-asker.js';

/** Options of `ActorSystem.create`; every one has a default. */
export interface ActorSystemOptions {
  /** How failures of the actors that the system makes are dealt with. Default: restart. */
  readonly supervision?: SupervisorStrategy;
  /** Messages of the whole system that may wait; past it a tell throws. Default 65 536. */
  readonly backlogLimit?: number;
  /** Asks that may wait for their answers. Default 262 144. */
  readonly maxPendingAsks?: number;
  /** Stack of the asker in time-out errors: `'sampled'` takes at most 1 000 a second. */
  readonly captureAskCallStack?: boolean | 'sampled';
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** The parent of all actors that a system makes; it lives at `/user`. */
class Guardian extends Actor<never> {
  readonly #strategy: SupervisorStrategy;

  constructor(strategy: SupervisorStrategy) {
    super();
    this.#strategy = strategy;
  }

  override onReceive(message: never): void {
    this.unhandled(message);
  }

  override supervisorStrategy(): SupervisorStrategy {
    return this.#strategy;
  }
}

/** A system whose actors live on the thread that made it. */
class ThreadActorSystem implements System {
  readonly name: string;
  readonly #thread: ActorThread;
  readonly #asker: ThreadAsker;
  readonly #guardian: ActorCell;
  readonly #environment: ActorEnvironment;
  readonly #termination: Deferred<void> = deferred();
  readonly #stopped: Deferred<void> = deferred();
  #uid = randomIncarnation() >>> 0;
  #closing: Promise<void> | undefined;

  constructor(name: string, options: ActorSystemOptions) {
    const { supervision = DEFAULT_STRATEGY, ...rest } = options;
    const { settings, clock, logger } = effectiveOptions({ ...rest, systemName: name, threads: 0 });
    this.name = settings.systemName;
    this.#thread = new ActorThread({
      thread: 0,
      region: createRegion(1),
      settings,
      clock,
      logger,
      epochMs: clock.nowMs(),
      // A lane leads to another thread, and here is only one.
      offerLane: (offer) => offer.port.close(),
    });
    this.#asker = new ThreadAsker(this.#thread, () => this.#nextUid());
    ignoreRejection(this.#termination.promise);
    const children = new Map<string, ActorNode>();
    this.#environment = this.#createEnvironment({
      parent: undefined,
      self: undefined,
      childNodes: children,
    });
    this.#guardian = new ActorCell({
      environment: this.#environment,
      props: Props.of(Guardian, supervision),
      name: 'user',
      parent: undefined,
    });
    children.set('user', this.#guardian);
  }

  get deadLetters(): DeadLetters {
    return this.#thread.deadLetters;
  }

  get terminationFuture(): Promise<void> {
    return this.#termination.promise;
  }

  actorOf<M>(props: Props<M>, name?: string): ActorRef<M> {
    return this.#guardian.actorOf(props, name);
  }

  actorSelection(path: string): ActorSelection {
    return this.#environment.select(path, this.#environment.root);
  }

  stop(ref: AnyActorRef): void {
    const recipient = LocalActorRef.recipientOf(ref);
    if (recipient.asker !== this.#asker) {
      throw new RpcError('INVALID_ARGUMENT', `${ref.path} belongs to another system`);
    }
    recipient.stop();
  }

  ready(): Promise<void> {
    return this.#closing ?? this.#thread.mailbox.whenLocalRoom();
  }

  close(): Promise<void> {
    this.#guardian.stop();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `ringlane://${this.name}`;
  }

  async #close(): Promise<void> {
    await this.#stopped.promise;
    // What was told before the last actor stopped becomes dead letters in its turn.
    await new Promise<void>((resolve) => this.#thread.mailbox.post({ run: resolve }));
    this.#asker.isClosed = true;
    this.#thread.close(() => this.#closedError());
    await this.#termination.promise.catch(() => {});
  }

  #onGuardianStopped(failure: unknown): void {
    if (failure === undefined) this.#termination.resolve();
    else {
      const text = `a failure was escalated to the top of ${this.name}: ${describeThrown(failure)}`;
      this.#termination.reject(new RpcError('HANDLER_FAILED', text, { cause: failure }));
    }
    this.#stopped.resolve();
    void this.close();
  }

  #createEnvironment(root: ActorNode): ActorEnvironment {
    const thread = this.#thread;
    const { deadLetters } = thread;
    return {
      thread,
      system: this,
      asker: this.#asker,
      root,
      nobody: new DeadLetterRef(formatActorPath(this.name, '/deadLetters', 0), deadLetters),
      nextUid: () => this.#nextUid(),
      select: (path, anchor) => {
        const parts = { systemName: this.name, root, anchor, asker: this.#asker, deadLetters };
        return new ActorSelection(path, parts);
      },
      checkOpen: () => {
        if (this.#closing) throw this.#closedError();
      },
      onGuardianStopped: (failure) => this.#onGuardianStopped(failure),
    };
  }

  #closedError(): RpcError {
    return new RpcError('SERVICE_CLOSED', `actor system ${this.name} is closed`);
  }

  /** Counts from a random start, so that no other system's numbers are likely. */
  #nextUid(): number {
    this.#uid = (this.#uid + 1) >>> 0 || 1;
    return this.#uid;
  }
}

/** All actors of one name space and what they share (Akka ActorSystem). */
export type ActorSystem = System;

/** Makes systems. */
export const ActorSystem = {
  /**
   * Makes a system whose actors live on this thread. It keeps the process alive until it is
   * closed. Throws `INVALID_ARGUMENT`.
   */
  create(name: string, options: ActorSystemOptions = {}): ActorSystem {
    return new ThreadActorSystem(name, options);
  },
} as const;
