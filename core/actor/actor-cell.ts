import { isThenable, onRejection } from '../base/deferred.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import {
  type Actor,
  type ActorSystem,
  type BecomeOptions,
  constructActor,
  PlacedProps,
  type Props,
} from './actor.js';
import type { ActorEnvironment } from './actor-environment.js';
import { ActorMailbox } from './actor-mailbox.js';
import { Identify, PoisonPill } from './actor-messages.js';
import { ActorRef, type AnyActorRef, type Asker, failAsk, offer } from './actor-ref.js';
import type { ActorNode } from './actor-node.js';
import type { ActorSelection } from './actor-selection.js';
import { ActorIdentity, Terminated } from './actor-signals.js';
import { Delivery, type Receive, Turn, type TurnHost } from './actor-turn.js';
import { Behaviours } from './behaviours.js';
import { type Child, Children } from './children.js';
import { DeathWatch } from './death-watch.js';
import { type LifecycleState, moved } from './lifecycle.js';
import { LocalActorRef, type LocalRecipient } from './local-actor-ref.js';
import { RestartBudget, type SupervisorStrategy, type Verdict } from './supervision.js';
import { TimerMessage, Timers } from './timers.js';
import { reachNobody } from './undeliverable.js';

/** The parent of an actor, on this thread or on another. */
export interface Supervisor {
  /** Path without system and uid. */
  readonly path: string;
  readonly self: ActorRef<unknown>;
  /** Where `..` leads. */
  readonly node: ActorNode;
  /** Decides, now or later, and says so by {@link ActorCell.obey}. */
  onChildFailure(child: ActorCell, error: unknown): void;
  onChildStopped(child: ActorCell): void;
}

/** What an actor is made of. */
export interface ActorCellParts {
  readonly environment: ActorEnvironment;
  readonly props: Props<never>;
  readonly name: string;
  /** Undefined for a guardian, the parent of all actors that a system makes on a thread. */
  readonly supervisor: Supervisor | undefined;
  /** Called once when it has started, or with the reason why it cannot. */
  readonly onStarted?: (error: RpcError | undefined) => void;
}

const STOPPED: Verdict = { directive: 'stop', maxRestarts: 0, withinMs: 0 };

/**
 * The place of one actor: the end of its mailbox, its life, its children (Akka ActorCell). The
 * instance in it changes at a restart; the cell, its references and what waits for it stay.
 */
export class ActorCell implements LocalRecipient, TurnHost, Child, Supervisor {
  readonly path: string;
  readonly name: string;
  readonly self: ActorRef<unknown>;
  readonly deathWatch: DeathWatch;
  readonly timers: Timers;
  readonly #parts: ActorCellParts;
  readonly #environment: ActorEnvironment;
  readonly #children: Children;
  #state: LifecycleState = 'STOPPED';
  readonly #mailbox: ActorMailbox;
  readonly #behaviours: Behaviours;
  readonly #restarts = new RestartBudget();
  #actor: Actor<unknown> | undefined;
  /** The message whose synchronous turn it is. */
  #delivery: Delivery | undefined;
  /** The message that the actor failed on last. */
  #failedOn: unknown;
  /** What this actor failed with last, or a child of it. */
  #failure: unknown;

  constructor(parts: ActorCellParts) {
    const { environment, props, name, supervisor } = parts;
    const { thread } = environment;
    this.#parts = parts;
    this.#environment = environment;
    this.name = name;
    this.path = `${supervisor?.path ?? ''}/${name}`;
    this.#children = new Children(this.path);
    this.#behaviours = new Behaviours(this.path);
    const uid = environment.nextUid();
    this.self = new LocalActorRef(environment.format(this.path, uid), uid, this);
    this.deathWatch = new DeathWatch({
      self: this.self,
      notify: (message) => this.accept(message, message.actor),
      onFailure: (error) => this.#onFailure(error, this.#actor, undefined),
    });
    this.#mailbox = new ActorMailbox({
      thread,
      path: this.path,
      limit: props.limits.mailbox ?? thread.settings.backlogLimit,
      stashLimit: props.limits.stash,
      process: (delivery) => this.#process(delivery),
    });
    this.timers = new Timers(thread.clock, (message) => this.#onTimer(message));
    environment.recipients.set(uid, this);
    if (supervisor) thread.mailbox.post({ run: () => this.#start() });
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

  get node(): ActorNode {
    return this;
  }

  get parent(): ActorNode {
    return this.#parts.supervisor?.node ?? this.#environment.root;
  }

  get parentRef(): AnyActorRef {
    return this.#parts.supervisor?.self ?? this.nobody;
  }

  get childNodes(): ReadonlyMap<string, ActorNode> {
    return this.#children.nodes;
  }

  get childRefs(): readonly AnyActorRef[] {
    return Array.from(this.#children.nodes.values(), (child) => child.self as AnyActorRef);
  }

  fullness(): RpcError | undefined {
    return this.#mailbox.fullness();
  }

  accept(message: unknown, sender: AnyActorRef): void {
    if (this.#state === 'TERMINATED') return this.#onUndeliverable(message, sender);
    this.#mailbox.put(new Delivery(this, message, sender));
  }

  /** As `accept`, in a turn of the thread: a message that nothing waits before has its turn now. */
  deliver(message: unknown, sender: AnyActorRef): void {
    const error = this.fullness();
    if (error) return this.refuse(message, sender, error);
    if (this.#mailbox.size > 0 || this.#state !== 'RUNNING') {
      return this.accept(message, sender);
    }
    this.#mailbox.takeNow(new Delivery(this, message, sender));
  }

  refuse(message: unknown, sender: AnyActorRef, error: RpcError): void {
    const { deadLetters } = this.#environment.thread;
    deadLetters.add({ reason: 'refused', path: this.path, error, message, sender });
    sender[failAsk](error);
  }

  stop(): void {
    if (this.#isEnding) return;
    this.#move('TERMINATING');
    this.#environment.thread.mailbox.post({ run: () => this.finish() });
  }

  actorOf(props: Props<never> | PlacedProps<never>, name?: string): unknown {
    if (props instanceof PlacedProps) return this.#place(props, name);
    this.#checkParent();
    return this.#make(props, this.#children.nameOf(name));
  }

  #move(to: LifecycleState): void {
    this.#state = moved(`actor ${this.path}`, this.#state, to);
  }

  actorSelection(path: string): ActorSelection {
    return this.#environment.select(path, this);
  }

  watch(ref: AnyActorRef): void {
    this.deathWatch.watch(ref);
  }

  unwatch(ref: AnyActorRef): void {
    this.deathWatch.unwatch(ref);
  }

  become(receive: Receive, { discardOld = true }: BecomeOptions = {}): void {
    this.#behaviours.become(receive, !discardOld);
  }

  unbecome(): void {
    this.#behaviours.unbecome();
  }

  stash(delivery: Delivery): void {
    const { message } = delivery;
    if (this.#state === 'TERMINATED') return this.#onUndeliverable(message, delivery.rawSender);
    this.#mailbox.stash(delivery);
    if (message instanceof Terminated) this.deathWatch.putBack(message);
  }

  unstashAll(): void {
    this.#mailbox.unstashAll();
  }

  receive(delivery: Delivery): void {
    this.#mailbox.take(delivery);
  }

  /** Ends children, then this actor; at once unless some of them live elsewhere. */
  finish(): void {
    if (this.#state === 'TERMINATED') return;
    if (!this.#isEnding) this.#move('TERMINATING');
    this.#mailbox.suspend();
    this.#children.stopAll(() => this.#finished());
  }

  /** Judges a failure of a child by the strategy of this actor. */
  judge(child: AnyActorRef, error: unknown): Verdict {
    let verdict = STOPPED;
    try {
      const strategy: SupervisorStrategy | undefined = this.#actor?.supervisorStrategy();
      if (strategy) {
        const { maxRestarts, withinMs } = strategy;
        verdict = { directive: this.#decide(strategy, child, error), maxRestarts, withinMs };
      }
    } catch (thrown) {
      this.#log('supervisorStrategy failed; the child is stopped', { error: thrown });
    }
    const { directive } = verdict;
    this.#log('an actor failed', { child: child.path, error, directive });
    return verdict;
  }

  onChildFailure(child: ActorCell, error: unknown): void {
    const verdict = this.judge(child.self, error);
    child.obey(verdict);
    if (verdict.directive === 'escalate') this.fail(error);
  }

  onChildStopped(child: ActorCell): void {
    this.#children.remove(child.name, child);
  }

  /** Does what the supervisor decided; a child whose failure was escalated waits for more. */
  obey(verdict: Verdict): void {
    if (this.#state !== 'RUNNING') return;
    if (verdict.directive === 'resume') this.resume();
    else if (verdict.directive === 'restart') this.#restart(verdict);
    else if (verdict.directive === 'stop') this.finish();
  }

  resume(): void {
    if (this.#state !== 'RUNNING') return;
    this.#mailbox.resume();
    this.#children.resumeAll();
  }

  /** This actor fails, by itself or in place of a child. */
  fail(error: unknown, message?: unknown): void {
    if (this.#state !== 'RUNNING') return;
    this.#mailbox.suspend();
    this.#failure = error;
    this.#failedOn = message;
    if (this.#parts.supervisor) this.#parts.supervisor.onChildFailure(this, error);
    else this.finish();
  }

  get #isEnding(): boolean {
    const state = this.#state;
    return state === 'TERMINATING' || state === 'TERMINATED';
  }

  #checkParent(): void {
    this.#environment.checkOpen();
    if (!this.#isEnding) return;
    throw new RpcError('INVALID_STATE', `${this.path} is stopping and has no more children`);
  }

  #make(
    props: Props<never>,
    name: string,
    onStarted?: (error: RpcError | undefined) => void,
  ): ActorRef<unknown> {
    const environment = this.#environment;
    const parts = { environment, props, name, supervisor: this };
    const child = new ActorCell(onStarted ? { ...parts, onStarted } : parts);
    this.#children.add(name, child);
    return child.self;
  }

  async #place({ props, thread }: PlacedProps<never>, name?: string): Promise<ActorRef<unknown>> {
    this.#checkParent();
    const chosen = this.#children.nameOf(name);
    const { remoting, thread: here } = this.#environment;
    if (!remoting && typeof thread === 'number') {
      const text = `${this.system.name} lives on one thread; open it over an RpcService`;
      throw new RpcError('INVALID_ARGUMENT', text);
    }
    const at = remoting?.place(thread) ?? here.thread;
    if (!remoting || at === here.thread) {
      return new Promise((resolve, reject) => {
        const onStarted = (error?: RpcError): void => (error ? reject(error) : resolve(made));
        const made = this.#make(props, chosen, onStarted);
      });
    }
    this.#children.reserve(chosen);
    try {
      return await remoting.spawn({
        parent: this.self,
        parentPath: this.path,
        props,
        name: chosen,
        thread: at,
        onMade: (child) => this.#children.add(chosen, child),
        onGone: (child) => this.#children.remove(chosen, child),
      });
    } finally {
      this.#children.release(chosen);
    }
  }

  #start(): void {
    if (this.#isEnding) return this.#parts.onStarted?.(this.#notStarted('it was stopped before'));
    this.#move('STARTING');
    const error = this.#beginInstance((actor, turn) => actor.onStart(turn));
    if (error !== undefined) this.finish();
    // The actor may have stopped itself in onStart.
    else if (this.#state === 'STARTING') this.#move('RUNNING');
    this.#parts.onStarted?.(error);
  }

  /** Answers why there is no instance now. */
  #beginInstance(begin: (actor: Actor<unknown>, turn: Turn) => unknown): RpcError | undefined {
    const onFailure = (error: unknown): void =>
      this.#log('an actor could not be started and is stopped', { error });
    try {
      const home = { unhandled: (message: unknown) => this.#onUnhandled(message) };
      const { props } = this.#parts;
      const actor = constructActor(home, () => props.create() as unknown as Actor<unknown>);
      this.#actor = actor;
      onRejection(begin(actor, new Turn(this, ActorRef.noSender)), (error) => {
        onFailure(error);
        if (this.#actor === actor) this.finish();
      });
      return undefined;
    } catch (error) {
      onFailure(error);
      return this.#notStarted(describeThrown(error), error);
    }
  }

  #notStarted(why: string, cause?: unknown): RpcError {
    const text = `${this.path} could not be started: ${why}`;
    return new RpcError('ENDPOINT_START_FAILED', text, { cause, endpoint: this.path });
  }

  #endInstance(end: (actor: Actor<unknown>, turn: Turn) => unknown): void {
    const onFailure = (error: unknown): void => this.#log('onStop of an actor failed', { error });
    const actor = this.#actor;
    this.#actor = undefined;
    this.timers.cancelAll();
    this.#behaviours.clear();
    try {
      if (actor) onRejection(end(actor, new Turn(this, ActorRef.noSender)), onFailure);
    } catch (error) {
      onFailure(error);
    }
    this.timers.cancelAll();
  }

  #finished(): void {
    this.#endInstance((actor, turn) => actor.onStop(turn));
    this.timers.close();
    this.#move('TERMINATED');
    this.#environment.recipients.delete(this.self.uid);
    this.#mailbox.close();
    const { supervisor } = this.#parts;
    supervisor?.onChildStopped(this);
    this.deathWatch.end();
    if (!supervisor) this.#environment.onGuardianStopped(this.#failure);
  }

  #restart(verdict: Verdict): void {
    if (!this.#restarts.tryTake(this.#environment.thread.clock.nowMs(), verdict)) {
      const { maxRestarts, withinMs } = verdict;
      this.#log('too many restarts; the actor is stopped', { maxRestarts, withinMs });
      return this.finish();
    }
    this.#children.stopAll(() => this.#restarted());
  }

  #restarted(): void {
    const [reason, message] = [this.#failure, this.#failedOn];
    this.#endInstance((actor, turn) => actor.preRestart(reason, message, turn));
    // It may have stopped for good in there.
    if (this.#state !== 'RUNNING') return;
    const error = this.#beginInstance((actor, turn) => actor.postRestart(reason, turn));
    this.#mailbox.unstashAll();
    if (error !== undefined) this.finish();
    else if (this.#state === 'RUNNING') this.#mailbox.resume();
  }

  /** Of most timers one message waits at a time; those at a fixed rate need the bound. */
  #onTimer(content: TimerMessage): void {
    const error = content.isAtFixedRate ? this.fullness() : undefined;
    if (error) this.refuse(content.message, ActorRef.noSender, error);
    else this.accept(content, ActorRef.noSender);
  }

  /** One turn. It never throws: the mailbox belongs to all actors of the thread. */
  #process(delivery: Delivery): void {
    const { message, sender } = delivery;
    if (this.#state !== 'RUNNING') {
      return this.#onUndeliverable(message, delivery.rawSender);
    }
    if (message instanceof TimerMessage) {
      if (!this.timers.take(message)) return;
      return this.#run(new Delivery(this, message.message, ActorRef.noSender));
    }
    if (message === PoisonPill) return this.finish();
    if (message instanceof Identify) {
      return sender[offer](new ActorIdentity(message.messageId, this.self), this.self);
    }
    if (message instanceof Terminated && !this.deathWatch.take(message)) return;
    this.#run(delivery);
  }

  #run(delivery: Delivery): void {
    const actor = this.#actor!;
    const behaviour = this.#behaviours.current;
    this.#delivery = delivery;
    try {
      const { message } = delivery;
      const result: unknown = behaviour
        ? behaviour(message, delivery)
        : actor.onReceive(message, delivery);
      // Looked at here, because most turns are over and need nothing made for them.
      if (isThenable(result)) {
        onRejection(result, (error) => this.#onFailure(error, actor, delivery));
      }
    } catch (error) {
      this.#onFailure(error, actor, delivery);
    } finally {
      this.#delivery = undefined;
    }
  }

  /** The asker learns at once; the supervisor decides, unless the instance is gone already. */
  #onFailure(error: unknown, actor: Actor<unknown> | undefined, delivery?: Delivery): void {
    const text = `${this.path} failed: ${describeThrown(error)}`;
    const failure = new RpcError('HANDLER_FAILED', text, { cause: error, endpoint: this.path });
    delivery?.rawSender[failAsk](failure);
    const isOver = this.#state !== 'RUNNING' || this.#actor !== actor;
    if (isOver || this.#mailbox.isSuspended) {
      return this.#log('an actor failed once more, or after its end', { error });
    }
    this.fail(error, delivery?.message);
  }

  #decide(strategy: SupervisorStrategy, child: AnyActorRef, error: unknown): Verdict['directive'] {
    try {
      return strategy.decide(error, child);
    } catch (thrown) {
      this.#log('a supervisor could not decide; the child is stopped', { error: thrown });
      return 'stop';
    }
  }

  #onUnhandled(message: unknown): void {
    const sender = this.#delivery?.rawSender ?? ActorRef.noSender;
    const { deadLetters } = this.#environment.thread;
    deadLetters.add({ reason: 'unhandled', path: this.path, message, sender });
    const text = `${this.path} has no use for this message`;
    sender[failAsk](new RpcError('UNKNOWN_METHOD', text, { endpoint: this.path }));
  }

  #onUndeliverable(message: unknown, sender: AnyActorRef): void {
    if (message instanceof Terminated || message instanceof TimerMessage) return;
    const letter = { path: this.path, message, sender };
    reachNobody(this.#environment.thread.deadLetters, letter, `${this.path} has stopped`);
  }

  #log(what: string, facts: object): void {
    this.#environment.thread.logger.error({ actor: this.path, ...facts }, what);
  }
}
