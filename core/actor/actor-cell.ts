import { isThenable } from '../base/deferred.js';
import type { InvocationEnvelope } from '../codec/envelope.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import type { CallOutlet } from '../mailbox/call-outlet.js';
import { type Actor, type ActorSystem, constructActor, type Props } from './actor.js';
import type { ActorEnvironment } from './actor-environment.js';
import { Identify, PoisonPill } from './actor-messages.js';
import { checkActorName, formatActorPath } from './actor-path.js';
import { ActorRef, type AnyActorRef, type Asker, failAsk, offer } from './actor-ref.js';
import type { ActorNode, ActorSelection } from './actor-selection.js';
import { ActorIdentity, Terminated } from './actor-signals.js';
import { Delivery, Turn, type TurnHost } from './actor-turn.js';
import type { Cell, CellAddress } from './cell.js';
import { DeathWatch } from './death-watch.js';
import { Lifecycle } from './lifecycle.js';
import { LocalActorRef, type LocalRecipient } from './local-actor-ref.js';
import { type BesideSource, discardPayload } from './payloads.js';
import { type Directive, RestartBudget, type SupervisorStrategy } from './supervision.js';

/** What an actor is made of. */
export interface ActorCellParts {
  readonly environment: ActorEnvironment;
  readonly props: Props<never>;
  readonly name: string;
  /** Undefined for the guardian, the parent of all actors that a system makes. */
  readonly parent: ActorCell | undefined;
}

/**
 * The place of one actor: the end of its mailbox, its life, its children (Akka ActorCell). The
 * instance in it changes at a restart; the cell, its references and what waits for it stay.
 */
export class ActorCell implements Cell, LocalRecipient, TurnHost, ActorNode {
  readonly isExported = false;
  readonly path: string;
  readonly name: string;
  readonly self: ActorRef<unknown>;
  readonly deathWatch: DeathWatch;
  readonly #environment: ActorEnvironment;
  readonly #props: Props<never>;
  readonly #supervisor: ActorCell | undefined;
  readonly #children = new Map<string, ActorCell>();
  readonly #lifecycle: Lifecycle;
  readonly #restarts = new RestartBudget();
  readonly #address: CellAddress;
  #actor: Actor<unknown> | undefined;
  /** The message whose synchronous turn it is. */
  #delivery: Delivery | undefined;
  #unnamedChildren = 0;
  /** What this actor could not deal with and nobody is above it. */
  #failure: unknown;

  constructor({ environment, props, name, parent }: ActorCellParts) {
    this.#environment = environment;
    this.#props = props;
    this.#supervisor = parent;
    this.name = name;
    this.path = `${parent?.path ?? ''}/${name}`;
    this.#lifecycle = new Lifecycle(`actor ${this.path}`);
    const uid = environment.nextUid();
    const fullPath = formatActorPath(environment.system.name, this.path, uid);
    this.self = new LocalActorRef(fullPath, uid, this);
    const notify = (message: Terminated): void => this.accept(message, message.actor);
    this.deathWatch = new DeathWatch(this.self, notify);
    this.#address = environment.thread.cells.add(this);
    if (parent) environment.thread.mailbox.post({ run: () => this.#start() });
    else this.#start();
  }

  get asker(): Asker {
    return this.#environment.asker;
  }

  get system(): ActorSystem {
    return this.#environment.system;
  }

  get nobody(): ActorRef<unknown> {
    return this.#environment.nobody;
  }

  get parent(): ActorNode {
    return this.#supervisor ?? this.#environment.root;
  }

  get parentRef(): AnyActorRef {
    return this.#supervisor?.self ?? this.nobody;
  }

  get childNodes(): ReadonlyMap<string, ActorNode> {
    return this.#children;
  }

  get childRefs(): readonly AnyActorRef[] {
    return Array.from(this.#children.values(), (child) => child.self);
  }

  /** Messages of other threads and processes do not reach actors: only endpoints are called. */
  onInvocation(envelope: InvocationEnvelope, replyTo: CallOutlet, source: BesideSource): void {
    const { call } = envelope;
    discardPayload(envelope, source);
    const text = `${this.path} is an actor and takes messages of its own thread only`;
    const error = new RpcError('RECIPIENT_UNREACHABLE', text, { effect: 'none' });
    const { replies, deadLetters } = this.#environment.thread;
    if (call !== 0) replies.failure(replyTo, call, error, {});
    else deadLetters.add({ reason: 'refused', path: this.path, error });
  }

  fullness(): RpcError | undefined {
    const { mailbox, settings } = this.#environment.thread;
    const limit = settings.backlogLimit;
    if (mailbox.localSize < limit) return undefined;
    const text = `${mailbox.localSize} messages wait on this thread (option backlogLimit)`;
    const details = { limit, actual: mailbox.localSize };
    return new RpcError('MAILBOX_FULL', `${text}; await system.ready()`, details);
  }

  accept(message: unknown, sender: AnyActorRef): void {
    if (this.#lifecycle.state === 'TERMINATED') return this.#onUndeliverable(message, sender);
    this.#environment.thread.mailbox.post(new Delivery(this, message, sender));
  }

  refuse(message: unknown, sender: AnyActorRef, error: RpcError): void {
    const { deadLetters } = this.#environment.thread;
    deadLetters.add({ reason: 'refused', path: this.path, error, message, sender });
  }

  stop(): void {
    if (this.#isEnding) return;
    this.#lifecycle.move('TERMINATING');
    this.#environment.thread.mailbox.post({ run: () => this.finish() });
  }

  actorOf<M>(props: Props<M>, name?: string): ActorRef<M> {
    this.#environment.checkOpen();
    if (this.#isEnding) {
      throw new RpcError('INVALID_STATE', `${this.path} is stopping and has no more children`);
    }
    const chosen = name === undefined ? `$${++this.#unnamedChildren}` : checkActorName(name);
    if (this.#children.has(chosen)) {
      const path = `${this.path}/${chosen}`;
      throw new RpcError('DUPLICATE_ENDPOINT', `an actor ${path} lives already`, {
        endpoint: path,
      });
    }
    const environment = this.#environment;
    const child = new ActorCell({ environment, props, name: chosen, parent: this });
    this.#children.set(chosen, child);
    return child.self;
  }

  actorSelection(path: string): ActorSelection {
    return this.#environment.select(path, this);
  }

  watch(ref: AnyActorRef): void {
    this.deathWatch.watch(LocalActorRef.recipientOf(ref).deathWatch);
  }

  unwatch(ref: AnyActorRef): void {
    this.deathWatch.unwatch(ref);
  }

  /** One turn. It never throws: the mailbox belongs to all actors of the thread. */
  receive(delivery: Delivery): void {
    const { message, sender } = delivery;
    if (this.#lifecycle.state !== 'RUNNING') {
      return this.#onUndeliverable(message, delivery.rawSender);
    }
    if (message === PoisonPill) return this.finish();
    if (message instanceof Identify) {
      return sender[offer](new ActorIdentity(message.messageId, this.self), this.self);
    }
    if (message instanceof Terminated && !this.deathWatch.take(message)) return;
    this.#run(delivery);
  }

  /** Ends children, then this actor, now; only between turns. */
  finish(): void {
    if (this.#lifecycle.state === 'TERMINATED') return;
    if (!this.#isEnding) this.#lifecycle.move('TERMINATING');
    this.#endInstance();
    this.#lifecycle.move('TERMINATED');
    this.#environment.thread.cells.remove(this.#address);
    const supervisor = this.#supervisor;
    if (supervisor) supervisor.#children.delete(this.name);
    this.deathWatch.end();
    if (!supervisor) this.#environment.onGuardianStopped(this.#failure);
  }

  get #isEnding(): boolean {
    const { state } = this.#lifecycle;
    return state === 'TERMINATING' || state === 'TERMINATED';
  }

  #start(): void {
    if (this.#isEnding) return;
    this.#lifecycle.move('STARTING');
    if (!this.#beginInstance()) return this.finish();
    // The actor may have stopped itself in onStart.
    if (this.#lifecycle.state === 'STARTING') this.#lifecycle.move('RUNNING');
  }

  #beginInstance(): boolean {
    try {
      const home = { unhandled: (message: unknown) => this.#onUnhandled(message) };
      this.#actor = constructActor(home, () => this.#props.create() as Actor<unknown>);
      this.#actor.onStart(new Turn(this, ActorRef.noSender));
      return true;
    } catch (error) {
      this.#log('an actor could not be started and is stopped', { error });
      return false;
    }
  }

  #endInstance(): void {
    for (const child of [...this.#children.values()]) child.finish();
    const actor = this.#actor;
    this.#actor = undefined;
    try {
      actor?.onStop(new Turn(this, ActorRef.noSender));
    } catch (error) {
      this.#log('onStop of an actor failed', { error });
    }
  }

  #run(delivery: Delivery): void {
    const actor = this.#actor!;
    this.#delivery = delivery;
    try {
      const result: unknown = actor.onReceive(delivery.message, delivery);
      if (isThenable(result)) this.#observe(result, actor, delivery);
    } catch (error) {
      this.#onFailure(error, actor, delivery);
    } finally {
      this.#delivery = undefined;
    }
  }

  #observe(result: PromiseLike<unknown>, actor: Actor<unknown>, delivery: Delivery): void {
    Promise.resolve(result).then(undefined, (error: unknown) =>
      this.#onFailure(error, actor, delivery),
    );
  }

  /** The asker learns at once; the supervisor decides, unless the instance is gone already. */
  #onFailure(error: unknown, actor: Actor<unknown>, delivery: Delivery): void {
    const text = `${this.path} failed: ${describeThrown(error)}`;
    const failure = new RpcError('HANDLER_FAILED', text, { cause: error, endpoint: this.path });
    delivery.rawSender[failAsk](failure);
    if (this.#lifecycle.state === 'RUNNING' && this.#actor === actor) this.#askSupervisor(error);
    else this.#log('an actor failed while it stopped or after a restart', { error });
  }

  #askSupervisor(error: unknown): void {
    if (this.#supervisor) return this.#supervisor.#onChildFailure(this, error);
    this.#failure = error;
    this.finish();
  }

  #onChildFailure(child: ActorCell, error: unknown): void {
    const strategy = this.#strategy();
    const directive = strategy === undefined ? 'stop' : this.#decide(strategy, child, error);
    child.#log('an actor failed', { error, directive });
    if (directive === 'escalate') return this.#askSupervisor(error);
    if (directive === 'restart') child.#restart(strategy!);
    else child.finish();
  }

  #strategy(): SupervisorStrategy | undefined {
    try {
      return this.#actor?.supervisorStrategy();
    } catch (error) {
      this.#log('supervisorStrategy failed; the child is stopped', { error });
      return undefined;
    }
  }

  #decide(strategy: SupervisorStrategy, child: ActorCell, error: unknown): Directive {
    try {
      return strategy.decide(error, child.self);
    } catch (thrown) {
      this.#log('a supervisor could not decide; the child is stopped', { error: thrown });
      return 'stop';
    }
  }

  #restart(strategy: SupervisorStrategy): void {
    if (!this.#restarts.tryTake(this.#environment.thread.clock.nowMs(), strategy)) {
      const { maxRestarts, withinMs } = strategy;
      this.#log('too many restarts; the actor is stopped', { maxRestarts, withinMs });
      return this.finish();
    }
    this.#endInstance();
    // onStop may have stopped the actor for good.
    if (this.#lifecycle.state === 'RUNNING' && !this.#beginInstance()) this.finish();
  }

  #onUnhandled(message: unknown): void {
    const sender = this.#delivery?.rawSender ?? ActorRef.noSender;
    const { deadLetters } = this.#environment.thread;
    deadLetters.add({ reason: 'unhandled', path: this.path, message, sender });
    const text = `${this.path} has no use for this message`;
    sender[failAsk](new RpcError('UNKNOWN_METHOD', text, { endpoint: this.path }));
  }

  #onUndeliverable(message: unknown, sender: AnyActorRef): void {
    if (message instanceof Terminated) return;
    if (message instanceof Identify && sender !== ActorRef.noSender) {
      const nobody = new ActorIdentity(message.messageId, undefined);
      return (sender as ActorRef<unknown>)[offer](nobody, ActorRef.noSender);
    }
    const { deadLetters } = this.#environment.thread;
    deadLetters.add({ reason: 'unreachable', path: this.path, message, sender });
    const text = `${this.path} has stopped`;
    const details = { effect: 'none', endpoint: this.path } as const;
    sender[failAsk](new RpcError('RECIPIENT_UNREACHABLE', text, details));
  }

  #log(what: string, facts: object): void {
    this.#environment.thread.logger.error({ actor: this.path, ...facts }, what);
  }
}
