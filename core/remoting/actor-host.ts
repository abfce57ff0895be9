import { type Actor, Props } from '../actor/actor.js';
import { ActorCell, type Supervisor } from '../actor/actor-cell.js';
import type { ActorNode, Walk } from '../actor/actor-node.js';
import { isWalkable } from '../actor/actor-path.js';
import {
  type ActorRef,
  type AnyActorRef,
  type DistantWatch,
  failAsk,
  watchFrom,
} from '../actor/actor-ref.js';
import { walkTree } from '../actor/actor-selection.js';
import { ThreadActorSystem, threadOfUid } from '../actor/actor-system.js';
import { DEFAULT_STRATEGY, type SupervisorStrategy, type Verdict } from '../actor/supervision.js';
import { reachNobody } from '../actor/undeliverable.js';
import { deferred } from '../base/deferred.js';
import { describeThrown, RpcError, toRpcError } from '../errors/rpc-error.js';
import { currentCall } from '../rpc/current-call.js';
import { RpcEndpoint } from '../rpc/endpoint.js';
import { loadExport } from '../rpc/endpoint-factory.js';
import type { Serves } from '../rpc/gateway.js';
import type { RpcService } from '../rpc/rpc-service.js';
import type { RpcThread } from '../rpc/rpc-thread.js';
import { ThreadService } from '../rpc/thread-service.js';
import { withRoom } from '../rpc/with-room.js';
import {
  ActorHostGateway,
  FROM_GUARDIAN,
  FROM_ROOT,
  type WireMessage,
  type WireWalk,
} from './host-contract.js';
import { type ActorSpec, guardianOf, ThreadRemoting } from './thread-remoting.js';
import { ASK_FAILURE, errorFromWire, fromWire, toWire, type WireError } from './wire-message.js';

/** What the thread that opens a system decides for it. */
export interface HostOptions {
  readonly supervision?: SupervisorStrategy;
  /** The guardian of this thread has stopped. */
  readonly onStopped?: () => Promise<void>;
}

/** A failure that a child asks its parent on another thread about. */
export interface FailureReport {
  readonly parent: number;
  readonly child: ActorRef<unknown>;
  readonly error: unknown;
}

const hosts = new WeakMap<RpcService, ActorHost>();

/** The actors of one thread, as other threads and processes reach them. */
export class ActorHost extends RpcEndpoint implements Serves<typeof ActorHostGateway> {
  static override readonly gateways = [ActorHostGateway];
  static override readonly module: string = import.meta.url;
  readonly system: ThreadActorSystem;
  /** Ends this endpoint; set by whoever started it. */
  close: () => Promise<void> = async () => {};
  readonly #rpcThread: RpcThread;
  readonly #remoting: ThreadRemoting;
  /** Actors here whose parents live on other threads. */
  readonly #placed = new Set<ActorCell>();
  /** How to end what others wait for: each watch by its name, and our own end. */
  readonly #waits = new Map<string | symbol, () => void>();

  constructor(options: HostOptions = {}) {
    super();
    this.#rpcThread = ThreadService.rpcThreadOf(this.rpcService);
    const { thread, base } = this.#rpcThread;
    this.#remoting = new ThreadRemoting(this.rpcService, this.#rpcThread);
    this.system = new ThreadActorSystem({
      name: thread.settings.systemName,
      thread,
      base,
      guardian: guardianOf(thread.thread),
      supervision: options.supervision ?? DEFAULT_STRATEGY,
      root: this.#remoting.root(),
      remoting: this.#remoting,
      isHome: thread.thread === 0,
      onStopped: options.onStopped ?? (() => {}),
    });
    this.#remoting.system = this.system;
    thread.decoder.readReference = (path) => this.#remoting.refAt(path);
    hosts.set(this.rpcService, this);
  }

  /** The host of this thread; undefined when there is none, or when it has ended. */
  static of(service: RpcService): ActorHost | undefined {
    return hosts.get(service);
  }

  override async onStop(): Promise<void> {
    const { thread } = this.#rpcThread;
    hosts.delete(this.rpcService);
    const stopping = [...this.#placed].map((cell) => {
      cell.stop();
      return new Promise<void>((resolve) => cell.deathWatch.addWatcher(resolve));
    });
    this.system.end().catch(() => {});
    await Promise.all([...stopping, this.system.stopped]);
    for (const end of this.#waits.values()) end();
    // The answers to those who wait leave before the endpoint ends.
    await new Promise<void>((resolve) => thread.mailbox.post({ run: resolve }));
  }

  tell(to: number, kind: number, body: unknown, senderPath: string): void {
    const recipient = this.system.environment.recipients.get(to);
    const sender = this.#remoting.refAt(senderPath);
    if (kind === ASK_FAILURE) {
      return recipient?.self[failAsk](errorFromWire(body as WireError));
    }
    const message = fromWire(kind, body);
    if (recipient) recipient.deliver(message, sender);
    else this.#isGone(to, message, sender);
  }

  async ask(to: number, kind: number, body: unknown, timeoutMs: number): Promise<WireMessage> {
    const recipient = this.system.environment.recipients.get(to);
    if (!recipient) throw gone(`actor ${to}`);
    const tell = (message: unknown, sender: AnyActorRef): void => {
      recipient.deliver(message, sender);
    };
    const target = { path: recipient.self.path, tell };
    const { asker } = this.system.environment;
    return toWire(await asker.ask(target, fromWire(kind, body), timeoutMs));
  }

  watch(to: number, watch: string): Promise<void> {
    const cell = this.#cellAt(to);
    if (!cell || this.#waits.has(watch)) return Promise.resolve();
    return this.#wait(watch, (end) => cell.deathWatch.addDistantWatcher(end));
  }

  unwatch(watch: string): void {
    this.#waits.get(watch)?.();
  }

  stop(to: number): void {
    this.#cellAt(to)?.stop();
  }

  select(walk: WireWalk, kind: number, body: unknown, senderPath: string): void {
    const sender = this.#remoting.refAt(senderPath);
    const message = fromWire(kind, body);
    try {
      this.#walk(walk, message, sender);
    } catch (thrown) {
      const path = walk.steps.join('/');
      const error = toRpcError(thrown, 'MAILBOX_FULL', path);
      this.#rpcThread.thread.deadLetters.add({ reason: 'refused', path, error, message, sender });
      sender[failAsk](error);
    }
  }

  async askSelection(
    walk: WireWalk,
    kind: number,
    body: unknown,
    timeoutMs: number,
  ): Promise<WireMessage> {
    const tell = (message: unknown, sender: AnyActorRef): void => this.#walk(walk, message, sender);
    const target = { path: `/${walk.steps.join('/')}`, tell };
    const { asker } = this.system.environment;
    return toWire(await asker.ask(target, fromWire(kind, body), timeoutMs));
  }

  closed(): Promise<void> {
    return this.#wait(Symbol('closed'));
  }

  /** Makes an actor whose parent lives on another thread; answers its full path. */
  async spawn(spec: ActorSpec): Promise<string> {
    const actorClass = (await loadExport(spec.module, spec.exportName)) as ActorClass;
    const made = Props.of(actorClass, ...spec.args).withStashLimit(spec.stashLimit);
    const props = spec.mailboxLimit === null ? made : made.withMailboxLimit(spec.mailboxLimit);
    const started = deferred<void>();
    const cell = new ActorCell({
      environment: this.system.environment,
      props,
      name: spec.name,
      supervisor: this.#supervisor(spec),
      onStarted: (error) => (error ? started.reject(error) : started.resolve()),
    });
    this.#placed.add(cell);
    await started.promise;
    // Nobody is left to stop it, or to decide what becomes of its failures.
    const watch = spec.parent[watchFrom](() => cell.stop());
    cell.deathWatch.addWatcher(() => watch.release());
    return cell.self.path;
  }

  /** What the strategy of an actor here says about a failure of a child elsewhere. */
  judge({ parent, child, error }: FailureReport): Verdict {
    const cell = this.#cellAt(parent);
    if (!cell) throw gone(`the parent of ${child.path}`);
    const verdict = cell.judge(child, error);
    if (verdict.directive === 'escalate') cell.fail(error);
    return verdict;
  }

  resume(uid: number): void {
    this.#cellAt(uid)?.resume();
  }

  /** Until it is ended from here, or until whoever waits is lost, which may be without a word. */
  #wait(name: string | symbol, watch?: (end: () => void) => DistantWatch): Promise<void> {
    const { signal } = currentCall();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waits.delete(name);
        watched?.release();
        resolve();
      };
      const watched = watch?.(end);
      this.#waits.set(name, end);
      signal.addEventListener('abort', end);
    });
  }

  #supervisor({ parent, parentPath }: ActorSpec): Supervisor {
    return {
      path: parentPath,
      self: parent,
      node: this.#remoting.nodeOf(parent),
      onChildStopped: (child) => void this.#placed.delete(child),
      onChildFailure: (child, error) => {
        const report = { parent: parent.uid, child: child.self };
        const judged = this.#judgeAt(parent, { ...report, error }).catch((refused: unknown) => {
          // What was thrown may be nothing that travels.
          if ((refused as { code?: unknown }).code !== 'NOT_SERIALIZABLE') throw refused;
          return this.#judgeAt(parent, { ...report, error: new Error(describeThrown(error)) });
        });
        judged.then(
          (verdict) => child.obey(verdict as Verdict),
          () => child.finish(),
        );
      },
    };
  }

  /** A failure that finds no room waits for it: the child is suspended meanwhile. */
  #judgeAt({ uid }: ActorRef<unknown>, report: FailureReport): Promise<unknown> {
    const judge = (): Promise<unknown> =>
      this.#remoting.run(threadOfUid(uid), 'judgeFailure', report);
    return withRoom(this.#rpcThread.thread.clock, judge);
  }

  #walk({ from, steps, uid }: WireWalk, message: unknown, sender: AnyActorRef): void {
    const { root } = this.system.environment;
    if (!Array.isArray(steps) || !isWalkable(steps)) {
      throw new RpcError('INVALID_ARGUMENT', 'a selection goes up first, and then down');
    }
    const start: ActorNode | undefined =
      from === FROM_ROOT
        ? root
        : from === FROM_GUARDIAN
          ? root.childNodes.get(guardianOf(this.#rpcThread.thread.thread))
          : this.#cellAt(from);
    if (!start) return this.#isGone(from, message, sender);
    const walk: Walk = { steps, uid: uid === 0 ? undefined : uid, message, sender };
    walkTree(start, walk, this.#rpcThread.thread.deadLetters, `/${steps.join('/')}`);
  }

  #cellAt(uid: number): ActorCell | undefined {
    const recipient = this.system.environment.recipients.get(uid);
    return recipient instanceof ActorCell ? recipient : undefined;
  }

  #isGone(uid: number, message: unknown, sender: AnyActorRef): void {
    const path = `#${uid}`;
    const { deadLetters } = this.#rpcThread.thread;
    reachNobody(deadLetters, { path, message, sender }, `actor ${path} has stopped`);
  }
}

type ActorClass = new (...args: unknown[]) => Actor<never>;

function gone(who: string): RpcError {
  return new RpcError('RECIPIENT_UNREACHABLE', `${who} has stopped`, { effect: 'none' });
}
