import {
  Actor,
  type ActorContext,
  type ActorIdentity,
  ActorRef,
  type ActorSystem,
  type AnyActorRef,
  ask,
  broadcast,
  consistentHash,
  type Expects,
  type Failure,
  group,
  Identify,
  oneForOne,
  pipe,
  PoisonPill,
  pool,
  Props,
  roundRobin,
  Terminated,
} from '../../actor.js';
import { RpcInvocation, type RpcServer } from '../../index.js';
import type { Equal, Expect } from './type-helpers.js';

/*
 * Only has to compile: what is marked as an error must be one. Nothing here ever runs.
 */

type Question = { readonly kind: 'get' } | { readonly kind: 'add'; readonly by: number };

class Counter extends Actor<Question> {
  constructor(start: number, step?: string) {
    super();
    void start;
    void step;
  }

  override onReceive(message: Question, context: ActorContext<Question>): void {
    if (message.kind === 'add') context.self.tell({ kind: 'get' });
    context.sender.tell('anything');
    // @ts-expect-error an actor that does not take Terminated cannot watch
    context.watch(context.parent);
    // @ts-expect-error not a message of this actor
    context.self.tell('text');
  }
}

class Undertaker extends Actor<Question | Terminated> {
  override onReceive(
    message: Question | Terminated,
    context: ActorContext<Question | Terminated>,
  ): void {
    if (message instanceof Terminated) context.unwatch(message.actor);
    else context.watch(context.parent);
  }

  override supervisorStrategy() {
    return oneForOne((error) => (error instanceof TypeError ? 'stop' : 'restart'));
  }
}

class Sink extends Actor<number | Failure> {
  override onReceive(message: number | Failure): void {
    void message;
  }
}

export async function actors(system: ActorSystem): Promise<void> {
  const counter = system.actorOf(Props.of(Counter, 1), 'counter');
  const exact: ActorRef<Question> = counter;
  exact.tell({ kind: 'add', by: 1 });
  counter.tell({ kind: 'get' }, ActorRef.noSender);
  counter.tell(PoisonPill);
  counter.tell(new Identify(1));
  counter.forward({ kind: 'get' }, { sender: counter });
  // @ts-expect-error no such message
  counter.tell({ kind: 'remove' });
  // @ts-expect-error an incomplete message
  counter.tell({ kind: 'add' });
  // @ts-expect-error an object that only looks like Identify
  counter.tell({ messageId: 1 });
  // @ts-expect-error no such message
  counter.forward('text', { sender: counter });
  // @ts-expect-error the constructor takes a number first
  Props.of(Counter, 'one');
  // @ts-expect-error the constructor needs an argument
  Props.of(Counter);

  // A reference may be used for less than it takes, never for more.
  const narrower: ActorRef<{ readonly kind: 'get' }> = counter;
  const any: AnyActorRef = counter;
  // @ts-expect-error what it takes is not known
  any.tell({ kind: 'get' });
  // @ts-expect-error it does not take everything
  const wider: ActorRef<unknown> = counter;
  // @ts-expect-error it does not take texts
  const other: ActorRef<Question | string> = counter;
  void [narrower, wider, other];

  const answer: unknown = await ask(counter, { kind: 'get' }, 100);
  const identity: ActorIdentity = await ask(counter, new Identify(1), 100);
  const found: ActorRef<unknown> | undefined = identity.ref;
  // @ts-expect-error no such message
  await ask(counter, 'text', 100);
  await ask(system.actorSelection('/user/*'), 'text', 100);
  void [answer, found];

  const sink = system.actorOf(Props.of(Sink));
  pipe(Promise.resolve(1)).to(sink);
  // @ts-expect-error it does not take texts
  pipe(Promise.resolve('text')).to(sink);
  // @ts-expect-error it takes no Failure
  pipe(Promise.resolve({ kind: 'get' } as const)).to(counter);
  system.actorOf(Props.of(Undertaker));
}

/** Takes what must be true. */
declare function proven<_T extends true>(): void;

/** Two messages say what they are answered with, the third does not. */
type Store =
  | ({ readonly kind: 'size' } & Expects<number>)
  | ({ readonly kind: 'find'; readonly key: string } & Expects<string | null>)
  | { readonly kind: 'clear' };

class Shelf extends Actor<Store> {
  override onReceive(message: Store, context: ActorContext<Store>): void {
    context.become((next, inner) => {
      const exact: Store = next;
      inner.timers.startSingleTimer('key', { kind: 'clear' }, 10);
      // @ts-expect-error not a message of this actor
      inner.timers.startTimerAtFixedRate('key', { kind: 'other' }, 10);
      void exact;
    });
    // @ts-expect-error a behaviour takes every message of the actor
    context.become((next: { readonly kind: 'size' }) => void next);
    context.timers.startTimerWithFixedDelay('key', message, 10);
    context.stash();
    context.unstashAll();
  }
}

export async function replies(store: ActorRef<Store>, message: Store): Promise<void> {
  const size = await ask(store, { kind: 'size' }, 100);
  proven<Expect<Equal<typeof size, number>>>();
  const found = await ask(store, { kind: 'find', key: 'a' }, 100);
  proven<Expect<Equal<typeof found, string | null>>>();
  const cleared = await ask(store, { kind: 'clear' }, 100);
  proven<Expect<Equal<typeof cleared, unknown>>>();
  const any = await ask(store, message, 100);
  proven<Expect<Equal<typeof any, unknown>>>();
  const narrower = await ask(
    store,
    message as Extract<Store, { readonly kind: 'size' | 'find' }>,
    1,
  );
  proven<Expect<Equal<typeof narrower, number | string | null>>>();
  // @ts-expect-error no such message
  await ask(store, { kind: 'other' }, 100);
  // @ts-expect-error an incomplete message
  await ask(store, { kind: 'find' }, 100);
  // A message that expects an answer may be told, too.
  store.tell({ kind: 'size' });
}

export async function places(system: ActorSystem): Promise<void> {
  const here = system.actorOf(Props.of(Shelf).withStashLimit(10).withMailboxLimit(10));
  proven<Expect<Equal<typeof here, ActorRef<Store>>>>();
  const there = await system.actorOf(Props.of(Shelf).withThread(1), 'there');
  proven<Expect<Equal<typeof there, ActorRef<Store>>>>();
  const placed = system.actorOf(Props.of(Shelf).withThread('any'));
  // @ts-expect-error it is made on another thread: a promise, to be awaited first
  placed.tell({ kind: 'clear' });
  // @ts-expect-error a thread by number, home or any
  Props.of(Shelf).withThread('worker');
  await placed;
}

export function routers(system: ActorSystem, shelves: readonly ActorRef<Store>[]): void {
  const byTurns = system.actorOf(pool(roundRobin(), 4, Props.of(Shelf)));
  proven<Expect<Equal<typeof byTurns, ActorRef<Store>>>>();
  const logic = consistentHash((message: Store) => message.kind);
  const byKey = system.actorOf(pool(logic, 4, Props.of(Shelf).withThread('any')));
  byKey.tell({ kind: 'clear' });
  // @ts-expect-error not a message of the routees
  byKey.tell({ kind: 'other' });
  system.actorOf(group(broadcast(), [...shelves, '/user/shelf']));
  const ofTexts = consistentHash((message: string) => message);
  // @ts-expect-error a key for other messages than the routees take
  pool(ofTexts, 4, Props.of(Shelf));
}

export async function endpoints({ ref }: RpcServer): Promise<void> {
  ref.tell(new RpcInvocation('add', 1, 2));
  const sum: unknown = await ask(ref, new RpcInvocation('add', 1, 2), 100);
  // @ts-expect-error an endpoint takes calls
  ref.tell('text');
  void sum;
}
