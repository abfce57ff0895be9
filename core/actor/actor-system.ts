import type { Address } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import { randomIncarnation } from '../base/ids.js';
import type { Logger } from '../base/logger.js';
import { effectiveOptions } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import { createRegion } from '../memory/region-descriptor.js';
import { Actor, type ActorSystem, type PlacedProps, Props } from './actor.js';
import { ActorCell } from './actor-cell.js';
import type { ActorEnvironment, Recipient } from './actor-environment.js';
import { formatActorPath, isSameSystem } from './actor-path.js';
import { type ActorRef, type AnyActorRef, askerOf, stopActor } from './actor-ref.js';
import type { ActorNode } from './actor-node.js';
import { ActorSelection } from './actor-selection.js';
import { ActorThread } from './actor-thread.js';
import type { DeadLetters } from './dead-letters.js';
import { DeadLetterRef } from './local-actor-ref.js';
import type { Remoting } from './remoting.js';
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

/** The parent of all actors that a system makes on a thread. */
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

/** What a system is made of on one thread. */
export interface ThreadSystemParts {
  readonly name: string;
  readonly thread: ActorThread;
  /** Where the system is reached: the first part of every path. */
  readonly base: Omit<Address, 'path'>;
  /** Name of the parent of all actors that the system makes on this thread. */
  readonly guardian: string;
  readonly supervision: SupervisorStrategy;
  readonly root: ActorNode & { readonly childNodes: Map<string, ActorNode> };
  readonly remoting: Remoting | undefined;
  /** False where the system is seen from another thread than the one that opened it. */
  readonly isHome: boolean;
  /** The last actor below the guardian has stopped, and what was told before has had its turn. */
  readonly onStopped: () => void | Promise<void>;
}

/** The tree of actors of one system as far as it is on one thread. */
export class ThreadActorSystem implements ActorSystem {
  readonly name: string;
  readonly environment: ActorEnvironment;
  readonly #parts: ThreadSystemParts;
  readonly #asker: ThreadAsker;
  readonly #guardian: ActorCell;
  readonly #termination: Deferred<void> = deferred();
  readonly #stopped: Deferred<void> = deferred();
  #count = randomIncarnation() >>> 0;
  #closing: Promise<void> | undefined;

  constructor(parts: ThreadSystemParts) {
    this.#parts = parts;
    this.name = parts.name;
    const { thread, base, root } = parts;
    const home = {
      thread,
      recipients: new Map<number, Recipient>(),
      nextUid: () => this.#nextUid(),
      format: (path: string, uid: number) => formatActorPath(base, path, uid),
    };
    this.#asker = new ThreadAsker(home);
    ignoreRejection(this.#termination.promise);
    this.environment = {
      ...home,
      system: this,
      asker: this.#asker,
      root,
      remoting: parts.remoting,
      nobody: new DeadLetterRef(home.format('/deadLetters', 0), thread.deadLetters),
      select: (path, anchor) => this.#select(path, anchor),
      checkOpen: () => {
        if (this.#closing) throw this.#closedError();
      },
      onGuardianStopped: (failure) => this.#onGuardianStopped(failure),
    };
    this.#guardian = new ActorCell({
      environment: this.environment,
      props: Props.of(Guardian, parts.supervision),
      name: parts.guardian,
      supervisor: undefined,
    });
    root.childNodes.set(parts.guardian, this.#guardian);
  }

  get deadLetters(): DeadLetters {
    return this.#parts.thread.deadLetters;
  }

  get terminationFuture(): Promise<void> {
    return this.#termination.promise;
  }

  actorOf<M>(props: Props<M>, name?: string): ActorRef<M>;
  actorOf<M>(props: PlacedProps<M>, name?: string): Promise<ActorRef<M>>;
  actorOf(props: Props<never> | PlacedProps<never>, name?: string): unknown {
    return this.#guardian.actorOf(props, name);
  }

  actorSelection(path: string): ActorSelection {
    return this.#select(path, this.environment.root);
  }

  stop(ref: AnyActorRef): void {
    const asker = ref[askerOf];
    if (asker instanceof ThreadAsker && asker !== this.#asker) {
      throw new RpcError('INVALID_ARGUMENT', `${ref.path} belongs to another system`);
    }
    ref[stopActor]();
  }

  ready(): Promise<void> {
    return this.#closing ?? this.#parts.thread.mailbox.whenLocalRoom();
  }

  close(): Promise<void> {
    if (this.#parts.isHome) return this.end();
    const text = `actor system ${this.name} is closed on the thread that opened it`;
    return Promise.reject(new RpcError('INVALID_STATE', text));
  }

  /** Ends when the last actor below the guardian of this thread has stopped. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Closes what is on this thread. */
  end(): Promise<void> {
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

  /** The error of what comes after the end. */
  closedError(): RpcError {
    return this.#closedError();
  }

  #select(path: string, anchor: ActorNode): ActorSelection {
    const { base, root, thread, remoting } = this.#parts;
    return new ActorSelection(path, {
      root,
      anchor,
      asker: this.#asker,
      deadLetters: thread.deadLetters,
      isOwn: (address) => isSameSystem(address, base),
      systemAt: remoting && ((address) => remoting.systemAt(address)),
    });
  }

  async #close(): Promise<void> {
    await this.#stopped.promise;
    // What was told before the last actor stopped becomes dead letters in its turn.
    const { mailbox } = this.#parts.thread;
    if (!mailbox.isClosed) await new Promise<void>((resolve) => mailbox.post({ run: resolve }));
    this.#asker.isClosed = true;
    await this.#parts.onStopped();
    await this.#termination.promise.catch(() => {});
  }

  #onGuardianStopped(failure: unknown): void {
    if (failure === undefined) this.#termination.resolve();
    else {
      const text = `a failure was escalated to the top of ${this.name}: ${describeThrown(failure)}`;
      this.#termination.reject(new RpcError('HANDLER_FAILED', text, { cause: failure }));
    }
    this.#stopped.resolve();
    ignoreRejection(this.end());
  }

  #closedError(): RpcError {
    return new RpcError('SERVICE_CLOSED', `actor system ${this.name} is closed`);
  }

  /**
   * Counts from a random start, so that no other system's numbers are likely. The low 8 bits name
   * the thread: whoever knows a path knows where to send.
   */
  #nextUid(): number {
    this.#count = (this.#count + 1) >>> 0 || 1;
    return this.#count * 256 + this.#parts.thread.thread;
  }
}

/** The thread that an actor lives on, by its uid; 0 is the home thread. */
export function threadOfUid(uid: number): number {
  return uid % 256;
}

/** Makes a system whose actors live on this thread; see `ActorSystem.create`. */
export function createThreadSystem(name: string, options: ActorSystemOptions): ActorSystem {
  const { supervision = DEFAULT_STRATEGY, ...rest } = options;
  const { settings, clock, logger } = effectiveOptions({ ...rest, systemName: name, threads: 0 });
  const thread = new ActorThread({
    thread: 0,
    region: createRegion(1),
    settings,
    clock,
    logger,
    epochMs: clock.nowMs(),
    // A lane leads to another thread, and here is only one.
    offerLane: (offer) => offer.port.close(),
  });
  const system: ThreadActorSystem = new ThreadActorSystem({
    name: settings.systemName,
    thread,
    base: { protocol: 'local', system: settings.systemName, host: '', port: -1 },
    guardian: 'user',
    supervision,
    root: { parent: undefined, self: undefined, childNodes: new Map() },
    remoting: undefined,
    isHome: true,
    onStopped: () => thread.close(() => system.closedError()),
  });
  return system;
}
