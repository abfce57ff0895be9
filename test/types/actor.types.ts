import {
  Actor,
  type ActorContext,
  type ActorIdentity,
  ActorRef,
  type ActorSystem,
  type AnyActorRef,
  ask,
  type Failure,
  Identify,
  oneForOne,
  pipe,
  PoisonPill,
  Props,
  Terminated,
} from '../../actor.js';

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
