import type { Address } from '../base/address.js';
import type { ActorNode, DistantSystem, Walk } from './actor-node.js';
import { isPattern, matchesStep, parseSelection, type SelectionPath } from './actor-path.js';
import { ActorRef, type AnyActorRef, type Asker, askerOf } from './actor-ref.js';
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
   * fails at once.
   */
  tell(message: unknown, sender: AnyActorRef = ActorRef.noSender): void {
    const { steps, uid } = this.#parsed;
    walkTree(this.#start, { steps, uid, message, sender }, this.#parts.deadLetters, this.path);
  }

  toString(): string {
    return `ActorSelection[${this.path}]`;
  }
}

/** Tells a message to everybody whom `walk` finds below `start`; throws as a tell does. */
export function walkTree(
  start: ActorNode,
  walk: Walk,
  deadLetters: DeadLetters,
  path: string,
): void {
  const { steps, uid, message, sender } = walk;
  let nodes = new Set<ActorNode>([start]);
  let isElsewhere = false;
  for (const [index, step] of steps.entries()) {
    const next = new Set<ActorNode>();
    for (const node of nodes) {
      if (node.walkOn === undefined) {
        for (const found of nextNodes(node, step)) next.add(found);
      } else {
        isElsewhere = true;
        node.walkOn({ ...walk, steps: steps.slice(index) });
      }
    }
    nodes = next;
  }
  let isFound = isElsewhere;
  for (const { self, walkOn } of nodes) {
    if (self === undefined ? walkOn === undefined : uid !== undefined && self.uid !== uid) continue;
    isFound = true;
    if (self) self.tell(message, sender);
    else walkOn?.({ ...walk, steps: [] });
  }
  if (isFound) return;
  reachNobody(deadLetters, { path, message, sender }, `nobody lives at ${path}`);
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
