import type { Address } from '../base/address.js';
import type { ActorNode, DistantSystem, Walk } from './actor-node.js';
import { isPattern, matchesStep, parseSelection, type SelectionPath } from './actor-path.js';
import { toRpcError } from '../errors/rpc-error.js';
import { ActorRef, type AnyActorRef, type Asker, askerOf, failAsk, offer } from './actor-ref.js';
import type { DeadLetters } from './dead-letters.js';
import { reachNobody } from './undeliverable.js';

/** What a selection is made of. */
export interface SelectionParts {
  readonly root: ActorNode;
  /** Where relative paths begin. */
  readonly anchor: ActorNode;
  readonly asker: Asker;
  readonly deadLetters: DeadLetters;
  /** True when an address leads to the own system. */
  readonly isOwn: (address: Address) => boolean;
  /** Undefined when nothing but the own system can be reached. */
  readonly systemAt: ((address: Address) => DistantSystem) | undefined;
}

const NO_NODES: ReadonlyMap<string, ActorNode> = new Map();
const NOWHERE: ActorNode = { parent: undefined, self: undefined, childNodes: NO_NODES };

/**
 * Actors by path, wildcards and all (Akka ActorSelection). It is looked up anew for each message,
 * so it also finds actors that are made later; use `Identify` to get at their references.
 */
export class ActorSelection {
  /** The path as it was given. */
  readonly path: string;
  readonly #parts: SelectionParts;
  readonly #parsed: SelectionPath;
  readonly #start: ActorNode;
  readonly #asker: Asker;

  constructor(path: string, parts: SelectionParts) {
    this.path = path;
    this.#parts = parts;
    this.#parsed = parseSelection(path);
    const { address, isAbsolute } = this.#parsed;
    if (address === undefined || parts.isOwn(address)) {
      this.#start = isAbsolute ? parts.root : parts.anchor;
      this.#asker = parts.asker;
    } else {
      const system = parts.systemAt?.(address);
      this.#start = system?.root ?? NOWHERE;
      this.#asker = system?.asker ?? parts.asker;
    }
  }

  /** @internal */
  get [askerOf](): Asker {
    return this.#asker;
  }

  /**
   * Tells everybody whom the path matches now. When it matches nobody, an `Identify` is answered
   * with an `ActorIdentity` without a reference; anything else becomes a dead letter, and an ask
   * fails at once. Throws as a tell does when it matches one; of several, whoever cannot take the
   * message makes a dead letter of it, and the others are told.
   */
  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    const { steps, uid } = this.#parsed;
    walkTree(this.#start, { steps, uid, message, sender }, this.#parts.deadLetters, this.path);
  }

  toString(): string {
    return `ActorSelection[${this.path}]`;
  }
}

/**
 * Tells a message to everybody whom `walk` finds below `start`. Throws as a tell does when there is
 * one way to go; with several nothing is thrown, as some of them were told.
 */
export function walkTree(
  start: ActorNode,
  walk: Walk,
  deadLetters: DeadLetters,
  path: string,
): void {
  const { message, sender } = walk;
  const ways = waysFrom(start, walk);
  const [way] = ways;
  if (!way) {
    return reachNobody(deadLetters, { path, message, sender }, `nobody lives at ${path}`);
  }
  if (ways.length === 1) {
    if (way.isHere) way.to.tell(message, sender);
    else way.walkOn(way.walk);
    return;
  }
  for (const each of ways) {
    if (each.isHere) {
      each.to[offer](message, sender);
      continue;
    }
    try {
      each.walkOn(each.walk);
    } catch (thrown) {
      const error = toRpcError(thrown, 'MAILBOX_FULL', path);
      deadLetters.add({ reason: 'refused', path, error, message, sender });
      sender[failAsk](error);
    }
  }
}

/** Where a message goes: to an actor, or on to another thread or process. */
type Way =
  | { readonly isHere: true; readonly to: ActorRef<unknown> }
  | { readonly isHere: false; readonly walkOn: (walk: Walk) => void; readonly walk: Walk };

/** Everything that `walk` leads to; nobody is told yet. */
function waysFrom(start: ActorNode, walk: Walk): Way[] {
  const { steps, uid } = walk;
  const ways: Way[] = [];
  let nodes = new Set<ActorNode>([start]);
  for (const [index, step] of steps.entries()) {
    const next = new Set<ActorNode>();
    for (const node of nodes) {
      const { walkOn } = node;
      if (walkOn)
        ways.push({ isHere: false, walkOn, walk: { ...walk, steps: steps.slice(index) } });
      else for (const found of nextNodes(node, step)) next.add(found);
    }
    nodes = next;
  }
  for (const { self, walkOn } of nodes) {
    if (self) {
      if (uid === undefined || self.uid === uid) ways.push({ isHere: true, to: self });
    } else if (walkOn) ways.push({ isHere: false, walkOn, walk: { ...walk, steps: [] } });
  }
  return ways;
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
