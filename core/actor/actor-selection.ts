import { RpcError } from '../errors/rpc-error.js';
import { Identify } from './actor-messages.js';
import { isPattern, matchesStep, parseSelection, type SelectionPath } from './actor-path.js';
import { ActorRef, type AnyActorRef, type Asker, askerOf, failAsk } from './actor-ref.js';
import { ActorIdentity } from './actor-signals.js';
import type { DeadLetters } from './dead-letters.js';

/** A place in the tree of actors. */
export interface ActorNode {
  readonly parent: ActorNode | undefined;
  /** Undefined at the root, where nobody lives. */
  readonly self: ActorRef<unknown> | undefined;
  /** Those who live below it, by name. */
  readonly childNodes: ReadonlyMap<string, ActorNode>;
}

/** What a selection is made of. */
export interface SelectionParts {
  readonly systemName: string;
  readonly root: ActorNode;
  /** Where relative paths begin. */
  readonly anchor: ActorNode;
  readonly asker: Asker;
  readonly deadLetters: DeadLetters;
}

/**
 * Actors by path, wildcards and all (Akka ActorSelection). It is looked up anew for each message,
 * so it also finds actors that are made later; use `Identify` to get at their references.
 */
export class ActorSelection {
  /** The path as it was given. */
  readonly path: string;
  readonly #parts: SelectionParts;
  readonly #parsed: SelectionPath;

  constructor(path: string, parts: SelectionParts) {
    this.path = path;
    this.#parts = parts;
    this.#parsed = parseSelection(path);
  }

  /** @internal */
  get [askerOf](): Asker {
    return this.#parts.asker;
  }

  /**
   * Tells everybody whom the path matches now. When it matches nobody, an `Identify` is answered
   * with an `ActorIdentity` without a reference; anything else becomes a dead letter, and an ask
   * fails at once.
   */
  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    const found = this.#matches();
    for (const ref of found) ref.tell(message, sender);
    if (found.length > 0) return;
    if (message instanceof Identify && sender !== ActorRef.noSender) {
      return (sender as ActorRef<unknown>).tell(new ActorIdentity(message.messageId, undefined));
    }
    this.#parts.deadLetters.add({ reason: 'unreachable', path: this.path, message, sender });
    const details = { effect: 'none', endpoint: this.path } as const;
    sender[failAsk](new RpcError('RECIPIENT_UNREACHABLE', `nobody lives at ${this.path}`, details));
  }

  toString(): string {
    return `ActorSelection[${this.path}]`;
  }

  #matches(): ActorRef<unknown>[] {
    const { system, isAbsolute, steps, uid } = this.#parsed;
    if (system !== undefined && system !== this.#parts.systemName) return [];
    let nodes = new Set<ActorNode>([isAbsolute ? this.#parts.root : this.#parts.anchor]);
    for (const step of steps) nodes = new Set([...nodes].flatMap((node) => nextNodes(node, step)));
    const refs = [...nodes].flatMap(({ self }) => (self === undefined ? [] : [self]));
    return uid === undefined ? refs : refs.filter((ref) => ref.uid === uid);
  }
}

function nextNodes(node: ActorNode, step: string): ActorNode[] {
  if (step === '..') return node.parent ? [node.parent] : [];
  if (isPattern(step)) {
    const matching = [...node.childNodes].filter(([name]) => matchesStep(step, name));
    return matching.map(([, child]) => child);
  }
  const child = node.childNodes.get(step);
  return child ? [child] : [];
}
