import { LIMITS } from '../config/limits.js';
import { checkInteger } from '../config/options.js';
import { type RpcError, toRpcError } from '../errors/rpc-error.js';
import { Actor, type ActorContext, PlacedProps, Props } from './actor.js';
import { ActorRef, type AnyActorRef, failAsk, offer, shareAsk } from './actor-ref.js';
import type { ActorSelection } from './actor-selection.js';
import { Terminated } from './actor-signals.js';
import type { Turn } from './actor-turn.js';
import { ConsistentHash } from './consistent-hash.js';

/** Chooses for one router. */
interface Routing<in M> {
  /** The routees by name, whenever they change. */
  update(names: readonly string[]): void;
  /** Place of the routee for a message, or {@link EVERYBODY}. */
  pick(message: M): number;
}

const EVERYBODY = -1;

/** How a router chooses whom a message goes to: {@link roundRobin} and its sisters. */
export interface RoutingLogic<in M> {
  /** @internal */
  readonly create: () => Routing<M>;
}

/** Each message to the next one (Akka RoundRobinRoutingLogic). */
export function roundRobin(): RoutingLogic<unknown> {
  return {
    create: () => {
      let count = 0;
      let next = 0;
      return {
        update: (names) => void (count = names.length),
        pick: () => next++ % count,
      };
    },
  };
}

/**
 * Each message to all (Akka BroadcastRoutingLogic); of their answers an ask takes the first, and it
 * fails when all have failed it.
 */
export function broadcast(): RoutingLogic<unknown> {
  return { create: () => ({ update: () => {}, pick: () => EVERYBODY }) };
}

/**
 * Messages of one key to one routee, as long as it lives; when routees come and go only the keys of
 * these move (Akka ConsistentHashingRoutingLogic).
 */
export function consistentHash<M>(keyOf: (message: M) => string): RoutingLogic<M> {
  return {
    create: () => {
      let ring = new ConsistentHash([]);
      return {
        update: (names) => void (ring = new ConsistentHash(names)),
        pick: (message) => ring.ownerOf(keyOf(message)),
      };
    },
  };
}

/**
 * A router with `count` actors of its own, 1 to 4 096: with `props.withThread('any')` they are
 * spread over the worker threads. One that stops is taken out; the router stops with the last one.
 * What comes before all are made is stashed.
 */
export function pool<M>(
  logic: RoutingLogic<M>,
  count: number,
  props: Props<M> | PlacedProps<M>,
): Props<M> {
  checkInteger('count', count, 1, LIMITS.routeesPerRouter);
  return Props.of(PoolRouter, logic as RoutingLogic<unknown>, count, props as Props<never>);
}

/** A router to actors that others have made, by reference or by path; it does not watch them. */
export function group<M>(
  logic: RoutingLogic<M>,
  routees: readonly (ActorRef<M> | string)[],
): Props<M> {
  checkInteger('number of routees', routees.length, 1, LIMITS.routeesPerRouter);
  return Props.of(GroupRouter, logic as RoutingLogic<unknown>, [...routees] as readonly Target[]);
}

type Target = AnyActorRef | string;

/** Whom a router sends to. */
interface Routee {
  readonly name: string;
  readonly to: AnyActorRef | ActorSelection;
}

abstract class Router extends Actor<unknown> {
  readonly #routing: Routing<unknown>;
  protected routees: readonly Routee[] = [];

  constructor(logic: RoutingLogic<unknown>) {
    super();
    this.#routing = logic.create();
  }

  protected setRoutees(routees: readonly Routee[]): void {
    this.routees = routees;
    this.#routing.update(routees.map(({ name }) => name));
  }

  protected route(message: unknown, context: ActorContext<unknown>): void {
    const { rawSender: sender } = context as Turn;
    let at: number;
    try {
      at = this.#routing.pick(message);
    } catch (error) {
      return refuse(message, context, toRpcError(error, 'HANDLER_FAILED', 'no key for a message'));
    }
    if (at !== EVERYBODY) return send(this.routees[at]!.to, message, sender);
    sender[shareAsk](this.routees.length);
    for (const { to } of this.routees) send(to, message, sender);
  }
}

/** What cannot be routed is no failure of the router, whose end would be that of its pool. */
function refuse(message: unknown, context: ActorContext<unknown>, error: RpcError): void {
  const { path } = context.self;
  const { rawSender: sender } = context as Turn;
  context.system.deadLetters.add({ reason: 'refused', path, error, message, sender });
  sender[failAsk](error);
}

/** A full routee is no failure of the router: the message becomes a dead letter. */
function send(to: AnyActorRef | ActorSelection, message: unknown, sender: AnyActorRef): void {
  if (to instanceof ActorRef) return (to as ActorRef<unknown>)[offer](message, sender);
  try {
    to.tell(message, sender);
  } catch (error) {
    sender[failAsk](toRpcError(error, 'MAILBOX_FULL', to.path));
  }
}

class GroupRouter extends Router {
  readonly #targets: readonly Target[];

  constructor(logic: RoutingLogic<unknown>, targets: readonly Target[]) {
    super(logic);
    this.#targets = targets;
  }

  override onStart(context: ActorContext<unknown>): void {
    const routees = this.#targets.map((target) =>
      typeof target === 'string'
        ? { name: target, to: context.actorSelection(target) }
        : { name: target.path, to: target },
    );
    this.setRoutees(routees);
  }

  override onReceive(message: unknown, context: ActorContext<unknown>): void {
    this.route(message, context);
  }
}

/** Told by a pool to itself when its routees are made, or cannot be. */
class Made {
  readonly refs: readonly AnyActorRef[];
  readonly error: RpcError | undefined;

  constructor(refs: readonly AnyActorRef[], error?: RpcError) {
    this.refs = refs;
    this.error = error;
  }
}

class PoolRouter extends Router {
  readonly #count: number;
  readonly #props: Props<never> | PlacedProps<never>;
  #isReady = false;

  constructor(
    logic: RoutingLogic<unknown>,
    count: number,
    props: Props<never> | PlacedProps<never>,
  ) {
    super(logic);
    this.#count = count;
    this.#props = props;
  }

  override onStart(context: ActorContext<unknown>): void {
    const props = this.#props;
    const names = Array.from({ length: this.#count }, (_, index) => `routee-${index + 1}`);
    if (!(props instanceof PlacedProps)) {
      return this.#begin(new Made(names.map((name) => context.actorOf(props, name))), context);
    }
    const { self } = context;
    Promise.all(names.map((name) => context.actorOf(props, name))).then(
      (refs) => self[offer](new Made(refs), ActorRef.noSender),
      (thrown: unknown) => {
        const error = toRpcError(thrown, 'ENDPOINT_START_FAILED', `the pool ${self.path}`);
        self[offer](new Made([], error), ActorRef.noSender);
      },
    );
  }

  override onReceive(message: unknown, context: ActorContext<unknown>): void {
    if (message instanceof Made) this.#begin(message, context);
    else if (message instanceof Terminated) this.#onTerminated(message, context);
    else if (this.#isReady) this.route(message, context);
    else this.#wait(message, context);
  }

  #begin({ refs, error }: Made, context: ActorContext<unknown>): void {
    if (error) throw error;
    this.#isReady = true;
    for (const ref of refs) context.watch(ref);
    this.setRoutees(refs.map((ref) => ({ name: ref.name, to: ref })));
    context.unstashAll();
  }

  #onTerminated({ actor }: Terminated, context: ActorContext<unknown>): void {
    this.setRoutees(this.routees.filter(({ to }) => !actor.equals(to)));
    if (this.#isReady && this.routees.length === 0) context.stop(context.self);
  }

  /** Full: as any other mailbox of a router. */
  #wait(message: unknown, context: ActorContext<unknown>): void {
    try {
      context.stash();
    } catch (thrown) {
      refuse(message, context, toRpcError(thrown, 'MAILBOX_FULL', context.self.path));
    }
  }
}
