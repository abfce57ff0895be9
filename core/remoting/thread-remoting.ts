import { ignoreRejection } from '../base/deferred.js';
import { randomId } from '../base/ids.js';
import { type Address, formatAddress, parseAddress, RPC_PATH_PREFIX } from '../base/address.js';
import type { Placement } from '../actor/actor.js';
import type { ActorNode, DistantSystem } from '../actor/actor-node.js';
import { formatActorPath, isSameSystem } from '../actor/actor-path.js';
import { ActorRef, type AnyActorRef, stopActor, watchFrom } from '../actor/actor-ref.js';
import { threadOfUid, type ThreadActorSystem } from '../actor/actor-system.js';
import type { Child } from '../actor/children.js';
import type { Remoting, SpawnRequest } from '../actor/remoting.js';
import { LIMITS } from '../config/limits.js';
import { RpcError } from '../errors/rpc-error.js';
import type { RpcService } from '../rpc/rpc-service.js';
import type { RpcThread } from '../rpc/rpc-thread.js';
import { AGENT_SLOT, AgentGateway } from '../rpc/system-contracts.js';
import { withRoom } from '../rpc/with-room.js';
import { DistantActorRef } from './distant-actor-ref.js';
import { distantSystem, type LinkedHost, walkAt } from './distant-asker.js';
import { FROM_GUARDIAN, FROM_ROOT, HOST_ID_PREFIX } from './host-contract.js';
import { HostLink } from './host-link.js';

/** What another thread needs to make an actor. */
export interface ActorSpec {
  readonly parent: ActorRef<unknown>;
  readonly parentPath: string;
  readonly name: string;
  readonly module: string;
  readonly exportName: string;
  readonly args: readonly unknown[];
  readonly mailboxLimit: number | null;
  readonly stashLimit: number;
}

/** References to elsewhere that are kept for their paths. */
const KNOWN_REFS = 1024;

/** Where the operations are that the agent of a thread runs for others. */
export const OPERATIONS = new URL('./host-operations.js', import.meta.url).href;

/** The other threads and processes, as the actors of one thread see them. */
export class ThreadRemoting implements Remoting {
  readonly #service: RpcService;
  readonly #rpcThread: RpcThread;
  readonly #hosts = new Map<string, LinkedHost>();
  readonly #name = randomId();
  /** Those who sent lately: reading a path takes longer than all the rest of a tell. */
  readonly #known = new Map<string, DistantActorRef>();
  #watches = 0;
  #nextThread: number;
  /** Set once, right after the system is made. */
  system: ThreadActorSystem | undefined;

  constructor(service: RpcService, rpcThread: RpcThread) {
    this.#service = service;
    this.#rpcThread = rpcThread;
    this.#nextThread = rpcThread.thread.thread;
  }

  /** What is above the guardian of this thread. */
  root(): ActorNode & { readonly childNodes: Map<string, ActorNode> } {
    const childNodes = new Map<string, ActorNode>();
    const root = { parent: undefined, self: undefined, childNodes };
    if (this.#rpcThread.thread.thread !== 0) {
      return { ...root, walkOn: (walk) => this.#rootAt(0, FROM_ROOT).walkOn!(walk) };
    }
    for (let thread = 1; thread <= this.#service.threads; thread++) {
      childNodes.set(guardianOf(thread), this.#rootAt(thread, FROM_GUARDIAN));
    }
    return root;
  }

  place(placement: Placement): number {
    const { threads } = this.#service;
    if (placement === 'home' || (placement === 'any' && threads === 0)) return 0;
    if (placement === 'any') return 1 + (this.#nextThread++ % threads);
    if (Number.isInteger(placement) && placement >= 0 && placement < threads) return placement + 1;
    const choice = threads === 0 ? 'only home' : `0 to ${threads - 1}, any or home`;
    const text = `there is no thread ${String(placement)}; choose ${choice}`;
    throw new RpcError('INVALID_ARGUMENT', text);
  }

  async spawn(request: SpawnRequest): Promise<ActorRef<unknown>> {
    const { parent, parentPath, props, name, thread, onMade, onGone } = request;
    const { module, exportName, args } = props.origin;
    if (module === undefined) {
      const text = `${exportName} lacks static module = import.meta.url: no thread can load it`;
      throw new RpcError('INVALID_ARGUMENT', text);
    }
    const { mailbox, stash } = props.limits;
    const limits = { mailboxLimit: mailbox ?? null, stashLimit: stash };
    const spec: ActorSpec = { parent, parentPath, name, module, exportName, args, ...limits };
    await this.run(thread, 'openHost', null);
    const ref = this.refAt((await this.run(thread, 'spawnActor', spec)) as string);
    const child = this.#childAt(ref, request);
    onMade(child);
    ref[watchFrom]((error) => {
      // Its end would not be heard of, so that it must come now.
      if (error !== undefined) ref[stopActor]();
      onGone(child);
    });
    return ref;
  }

  systemAt(address: Address): DistantSystem {
    return distantSystem(this.#hostAt(address, 0));
  }

  /** Has the agent of a thread run one of the {@link OPERATIONS}. */
  run(thread: number, operation: string, argument: unknown): Promise<unknown> {
    const agent = this.#rpcThread.systemGateway(AgentGateway, thread, AGENT_SLOT);
    return agent.run(OPERATIONS, operation, argument);
  }

  /** The reference at a full path, wherever that is; throws `INVALID_ARGUMENT`. */
  refAt(path: string): ActorRef<unknown> {
    if (path === '') return ActorRef.noSender;
    const known = this.#known.get(path);
    if (known) return known;
    const ref = this.#refAt(path);
    if (ref instanceof DistantActorRef) {
      if (this.#known.size >= KNOWN_REFS) this.#known.clear();
      this.#known.set(path, ref);
    }
    return ref;
  }

  #refAt(path: string): ActorRef<unknown> {
    if (path === ActorRef.noSender.path) return ActorRef.noSender;
    const hash = path.lastIndexOf('#');
    const address = parseAddress(path.slice(0, hash));
    const uid = Number(path.slice(hash + 1));
    if (hash < 0 || !address || !Number.isSafeInteger(uid) || uid < 0) {
      throw new RpcError('INVALID_ARGUMENT', `not the path of an actor: "${path.slice(0, 200)}"`);
    }
    const thread = threadOfUid(uid);
    const environment = this.system?.environment;
    if (isSameSystem(address, this.#rpcThread.base)) {
      if (uid === 0 && environment) return environment.nobody;
      const here =
        thread === this.#rpcThread.thread.thread ? environment?.recipients.get(uid) : undefined;
      if (here) return here.self;
      const own = formatActorPath(this.#rpcThread.base, address.path, uid);
      return new DistantActorRef(own, uid, this.#hostAt(this.#rpcThread.base, thread));
    }
    return new DistantActorRef(path, uid, this.#hostAt(address, thread));
  }

  /** The place of an actor that lives elsewhere, as somebody's parent. */
  nodeOf(ref: ActorRef<unknown>): ActorNode {
    const isDistant = ref instanceof DistantActorRef;
    const place = { parent: undefined, self: ref, childNodes: new Map<string, ActorNode>() };
    return isDistant ? { ...place, walkOn: (walk) => ref.walkOn(walk) } : place;
  }

  /** A child that does not stop, because its thread is stuck say, must not keep its parent. */
  #childAt(ref: ActorRef<unknown>, { thread, onGone }: SpawnRequest): Child {
    const { clock, logger, settings } = this.#rpcThread.thread;
    let isAsked = false;
    const giveUp = (): void => {
      logger.warn({ actor: ref.path }, 'a child elsewhere did not stop in time (stopTimeoutMs)');
      onGone(child);
    };
    const child: Child = {
      ...this.nodeOf(ref),
      finish: () => {
        if (isAsked) return;
        isAsked = true;
        const timer = clock.schedule(giveUp, settings.stopTimeoutMs);
        ref[watchFrom]((error) => {
          if (error === undefined) timer.cancel();
        });
        ref[stopActor]();
      },
      resume: () =>
        ignoreRejection(withRoom(clock, () => this.run(thread, 'resumeActor', ref.uid))),
    };
    return child;
  }

  #rootAt(thread: number, from: number): ActorNode {
    const host = this.#hostAt(this.#rpcThread.base, thread);
    return {
      parent: undefined,
      self: undefined,
      childNodes: new Map(),
      walkOn: ({ steps, uid = 0, message, sender }) =>
        walkAt(host, { from, steps, uid }, message, sender),
    };
  }

  #hostAt(base: Omit<Address, 'path'>, thread: number): LinkedHost {
    const isOwn = isSameSystem(base, this.#rpcThread.base);
    const id = HOST_ID_PREFIX + thread;
    const address = isOwn
      ? this.#service.addressOf(id)
      : formatAddress({ ...base, path: RPC_PATH_PREFIX + id });
    const known = this.#hosts.get(address);
    if (known) return known;
    const { settings, clock, deadLetters } = this.#rpcThread.thread;
    const host: LinkedHost = {
      link: new HostLink(this.#service, address, settings.backlogLimit),
      clock,
      deadLetters,
      nextWatch: () => `${this.#name}:${++this.#watches}`,
      senderPath: (sender) => this.#senderPath(sender, isOwn),
    };
    if (this.#hosts.size >= LIMITS.linkedHosts) this.#forgetIdle();
    this.#hosts.set(address, host);
    return host;
  }

  /** Whoever came and went leaves an address behind; references keep the links that they use. */
  #forgetIdle(): void {
    for (const [address, { link }] of this.#hosts) if (link.isIdle) this.#hosts.delete(address);
  }

  /** Who is told from another process must be found from there. */
  #senderPath(sender: AnyActorRef, isOwn: boolean): string {
    if (sender === ActorRef.noSender) return '';
    const { path } = sender;
    if (isOwn || this.#rpcThread.base.protocol !== 'local' || !path.startsWith('ringlane://')) {
      return path;
    }
    const name = this.#rpcThread.base.system;
    const text = `${path} cannot be answered from another process: ${name} has no listener`;
    throw new RpcError('INVALID_STATE', `${text} (option listen); use ask, or no sender`);
  }
}

/** The name of what is above the actors that a worker thread makes by itself. */
export function guardianOf(thread: number): string {
  return thread === 0 ? 'user' : `thread-${thread - 1}`;
}
