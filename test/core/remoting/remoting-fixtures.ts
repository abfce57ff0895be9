import { BroadcastChannel, receiveMessageOnPort, threadId } from 'node:worker_threads';
import {
  Actor,
  type ActorContext,
  type ActorRef,
  type AnyActorRef,
  ask,
  Failure,
  oneForOne,
  type Placement,
  Props,
  type SupervisorStrategy,
  Terminated,
} from '../../../actor.js';

/** What a {@link Worker} understands. */
export type Work =
  | { readonly kind: 'where' }
  | { readonly kind: 'echo'; readonly value: unknown }
  | { readonly kind: 'answer to'; readonly ref: ActorRef<Work>; readonly value: Work }
  | { readonly kind: 'introduce'; readonly to: ActorRef<Work> }
  | { readonly kind: 'fail'; readonly text: string }
  | { readonly kind: 'answer failure' }
  | { readonly kind: 'keep'; readonly value: unknown }
  | { readonly kind: 'kept' }
  | { readonly kind: 'silent' }
  | { readonly kind: 'unhandled' }
  | { readonly kind: 'who am I' }
  | { readonly kind: 'die' }
  | { readonly kind: 'spawn'; readonly name: string; readonly thread: Placement }
  | { readonly kind: 'spawn beside'; readonly name: string }
  | { readonly kind: 'busy'; readonly forMs: number; readonly begun?: Int32Array }
  | { readonly kind: 'block'; readonly channel: string }
  | { readonly kind: 'fill and fail'; readonly to: ActorRef<Work>; readonly channel: string }
  | { readonly kind: 'tell many'; readonly to: ActorRef<Work>; readonly who: string; count: number }
  | { readonly kind: 'select'; readonly path: string; readonly message: Work };

/** Does what tests want; lives on any thread. */
export class Worker extends Actor<Work> {
  static override readonly module: string | undefined = import.meta.url;
  readonly #kept: unknown[] = [];
  readonly #starter: string;

  constructor(starter = '') {
    super();
    if (starter === 'refuses') throw new Error('refused on purpose');
    this.#starter = starter;
  }

  override onReceive(message: Work, context: ActorContext<Work>): void | Promise<void> {
    const { sender, self } = context;
    switch (message.kind) {
      case 'where':
        return sender.tell(threadId, self);
      case 'echo':
        return sender.tell(message.value, self);
      case 'answer to':
        return message.ref.tell(message.value, self);
      case 'introduce':
        return message.to.tell({ kind: 'echo', value: self }, sender);
      case 'fail':
        throw new TypeError(message.text);
      case 'answer failure':
        return sender.tell(new Failure(new RangeError('no luck')));
      case 'keep':
        return void this.#kept.push(message.value);
      case 'kept':
        return sender.tell([...this.#kept]);
      case 'silent':
        return undefined;
      case 'unhandled':
        return this.unhandled(message);
      case 'who am I':
        return sender.tell({
          self,
          parent: context.parent,
          starter: this.#starter,
          children: context.children,
        });
      case 'die':
        return process.exit(1);
      case 'spawn':
        return this.#spawn(message.name, message.thread, context);
      case 'spawn beside':
        return sender.tell(context.system.actorOf(Props.of(Worker, message.name), message.name));
      case 'busy':
        if (message.begun) Atomics.store(message.begun, 0, 1);
        return spinFor(message.forMs);
      case 'block':
        return barrier(message.channel)();
      case 'fill and fail':
        setImmediate(() => unblock(message.channel));
        return fill(message.to);
      case 'tell many':
        return tellMany(message.to, message.who, message.count);
      case 'select':
        return context.actorSelection(message.path).tell(message.message, sender);
    }
  }

  async #spawn(name: string, thread: Placement, context: ActorContext<Work>): Promise<void> {
    const { sender } = context;
    sender.tell(await context.actorOf(Props.of(Worker, name).withThread(thread), name));
  }
}

/** Tells in order, with an ask between two tells now and then. */
function tellMany(to: ActorRef<Work>, who: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const message: Work = { kind: 'keep', value: [who, i] };
    if (i % 7 === 3) void ask(to, message, 60_000).catch(() => {});
    else to.tell(message);
  }
}

function spinFor(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

/** Tells until there is no room: throws `MAILBOX_FULL`. */
export function fill(to: ActorRef<Work>): void {
  for (let i = 0; i < 1_000_000; i++) to.tell({ kind: 'silent' });
}

/** Listens at once; what it answers keeps this thread from everything until {@link unblock}. */
export function barrier(channel: string): () => void {
  const port = new BroadcastChannel(channel);
  const word = new Int32Array(new SharedArrayBuffer(4));
  return () => {
    const giveUpMs = performance.now() + 10_000;
    while (!receiveMessageOnPort(port as never) && performance.now() < giveUpMs) {
      Atomics.wait(word, 0, 0, 1);
    }
    port.close();
  };
}

export function unblock(channel: string): void {
  const port = new BroadcastChannel(channel);
  port.postMessage('go');
  port.close();
}

/** A parent with a strategy that it is told by name. */
export class Parent extends Worker {
  readonly #directive: 'resume' | 'restart' | 'stop' | 'escalate';

  constructor(directive: 'resume' | 'restart' | 'stop' | 'escalate') {
    super(directive);
    this.#directive = directive;
  }

  override supervisorStrategy(): SupervisorStrategy {
    return oneForOne(this.#directive);
  }
}

type Watching =
  | { readonly watch: AnyActorRef }
  | { readonly unwatch: AnyActorRef }
  | { readonly kind: 'ended' }
  | Terminated;

/** Watches, and says who has ended. */
export class Watcher extends Actor<Watching> {
  static override readonly module: string | undefined = import.meta.url;
  readonly #ended: string[] = [];

  override onReceive(message: Watching, context: ActorContext<Watching>): void {
    if (message instanceof Terminated) this.#ended.push(message.actor.name);
    else if ('watch' in message) {
      context.watch(message.watch);
      context.sender.tell('watching');
    } else if ('unwatch' in message) {
      context.unwatch(message.unwatch);
      context.sender.tell('unwatched');
    } else context.sender.tell([...this.#ended]);
  }
}
