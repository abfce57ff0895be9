import { RestartBudget } from '../actor/supervision.js';
import type { ThreadSupervision } from '../config/options.js';
import type { Effect } from '../errors/error-codes.js';
import { isRpcError, RpcError } from '../errors/rpc-error.js';
import { publish } from '../metrics/channels.js';
import { Counters } from '../metrics/counters.js';
import type { Directory } from './directory.js';
import { ready } from './gateway-builder.js';
import type { HomeThreads } from './home-threads.js';
import type { RpcThread } from './rpc-thread.js';
import type { ServerBook, ServerRecord } from './server-book.js';
import type { AgentGateway, CreatedEndpoint, EndpointSpec } from './system-contracts.js';
import { ServedShapes } from './served-shapes.js';
import type { BlockedThread } from './watchdog.js';
import { withRoom } from './with-room.js';
import { causeInWords, type EndedThread, threadTerminated } from './thread-end.js';

/** What a thread supervisor is given. */
export interface ThreadSupervisorParts {
  readonly supervision: Required<ThreadSupervision>;
  readonly watchdogAction: 'report' | 'terminate';
  readonly rpcThread: RpcThread;
  readonly directory: Directory;
  readonly servers: ServerBook;
  readonly threads: HomeThreads;
  /** False while the service starts or closes: then what dies stays dead. */
  readonly isOpen: () => boolean;
  /** Stops the whole service for this reason. */
  readonly escalate: (error: RpcError) => void;
}

/**
 * What becomes of the endpoints of a worker thread that dies: they fail, with cause, and then stop,
 * are made again on a new thread, or take the service with them.
 */
export class ThreadSupervisor {
  readonly #parts: ThreadSupervisorParts;
  readonly #budgets = new Map<number, RestartBudget>();
  readonly #shapes = new ServedShapes();

  constructor(parts: ThreadSupervisorParts) {
    this.#parts = parts;
  }

  /** Makes an endpoint on a worker thread; fails when the thread dies meanwhile. */
  async create(
    thread: number,
    spec: EndpointSpec,
    agent = this.agent(thread),
  ): Promise<CreatedEndpoint> {
    const { threads } = this.#parts;
    const life = threads.lifeOf(thread);
    const created = await agent.create(spec);
    if (threads.isAlive(thread, life)) return this.#shapes.share(created, spec);
    const text = `worker thread ${thread - 1} ended while it made ${spec.endpointId}`;
    throw new RpcError('THREAD_TERMINATED', text);
  }

  agent(thread: number): AgentGateway {
    return this.#parts.rpcThread.agent(thread);
  }

  onExit(ended: EndedThread): void {
    const { rpcThread, servers, threads, isOpen, supervision } = this.#parts;
    const { thread, life } = ended;
    // First what it still said: endpoints that it ended or started are taken at its word.
    rpcThread.thread.onThreadTerminated(thread, life, (effect) => threadTerminated(ended, effect));
    for (const other of threads.alive()) this.#notify(other, ended);
    const records = servers.onThread(thread);
    const error = threadTerminated(ended, 'unknown');
    if (!isOpen()) return this.#giveUp(records, error);
    rpcThread.thread.logger.error({ thread: thread - 1, error }, 'a worker thread ended');
    publish('threadExit', { thread: thread - 1, error });
    if (supervision.strategy === 'restart' && this.#mayRestart(thread)) {
      return this.#restart(thread, records, error);
    }
    this.#giveUp(records, error);
    if (supervision.strategy === 'escalate') this.#parts.escalate(error);
  }

  /** A lane was offered to a life that has ended: its producer has not heard of it. */
  remind(producer: number, ended: EndedThread): void {
    if (producer !== 0) return this.#notify(producer, ended);
    const { thread, life } = ended;
    const errorOf = (effect: Effect): RpcError => threadTerminated(ended, effect);
    this.#parts.rpcThread.thread.onThreadTerminated(thread, life, errorOf);
  }

  /** A watchdog found a thread blocked; home is the one thread that cannot be ended. */
  onBlocked({ thread, recipient, method, blockedMs }: BlockedThread): void {
    const { rpcThread, servers, threads, watchdogAction } = this.#parts;
    const record = servers.at(recipient);
    const endpoint = record?.spec.endpointId;
    const name = method < 0 ? 'runAsync' : record?.created.methods[method]?.name;
    const facts = { thread: thread === 0 ? 'home' : thread - 1, endpoint, method: name, blockedMs };
    new Counters(rpcThread.thread.metrics, thread).add('blockedReports');
    rpcThread.thread.logger.warn(facts, 'a thread is blocked');
    publish('threadBlocked', facts);
    if (watchdogAction === 'report' || thread === 0) return;
    const doing = endpoint === undefined ? 'no endpoint of yours' : `${endpoint}.${name}`;
    const why = `blocked for ${blockedMs} ms, last called: ${doing} (option watchdogMs)`;
    threads.kill(thread, why);
  }

  #mayRestart(thread: number): boolean {
    const { supervision, rpcThread } = this.#parts;
    const budget = this.#budgets.get(thread) ?? new RestartBudget();
    this.#budgets.set(thread, budget);
    return budget.tryTake(rpcThread.thread.clock.nowMs(), supervision);
  }

  #giveUp(records: readonly ServerRecord[], error: RpcError): void {
    for (const record of records) this.#fail(record, error);
  }

  #fail(record: ServerRecord, error: unknown): void {
    const { directory, servers } = this.#parts;
    directory.cancel(record.spec.endpointId);
    directory.release(record.spec.endpointId, record.created);
    servers.close(record, error);
  }

  #restart(thread: number, records: readonly ServerRecord[], error: RpcError): void {
    const { directory, rpcThread, threads } = this.#parts;
    for (const { spec } of records) directory.suspend(spec.endpointId);
    try {
      threads.spawn(thread);
    } catch (cause) {
      const details = { thread: thread - 1, error: cause };
      rpcThread.thread.logger.error(details, 'a worker thread could not be started again');
      return this.#giveUp(records, error);
    }
    new Counters(rpcThread.thread.metrics, thread).add('restarts');
    publish('threadRestart', { thread: thread - 1, endpoints: records.length });
    void this.#restore(records, thread, threads.lifeOf(thread));
  }

  /**
   * All are made before one is started, and they are started in the order in which they came to
   * run, so that what an `onStart` needs is there as it was the first time. When the thread dies
   * again, its next life begins anew with all of them.
   */
  async #restore(records: readonly ServerRecord[], thread: number, life: number): Promise<void> {
    const { rpcThread, threads } = this.#parts;
    // That of this life: what waits for room must not reach the next one.
    const agent = this.agent(thread);
    for (const record of records) {
      await this.#remake(record, life, agent);
      if (!threads.isAlive(thread, life)) return;
    }
    const started = records.filter((record) => record.runningSince > 0);
    started.sort((a, b) => a.runningSince - b.runningSince);
    for (const { created } of started) {
      // Its failure terminates the endpoint, which ends its server with the cause.
      const { recipient, incarnation } = created;
      const begin = (): Promise<void> => agent.start(recipient, incarnation);
      await withRoom(rpcThread.thread.clock, begin).catch(() => {});
      if (!threads.isAlive(thread, life)) return;
    }
  }

  async #remake(record: ServerRecord, life: number, agent: AgentGateway): Promise<void> {
    const { directory, rpcThread, threads } = this.#parts;
    const { spec, thread } = record;
    try {
      const make = (): Promise<CreatedEndpoint> => this.create(thread, spec, agent);
      const created = await withRoom(rpcThread.thread.clock, make);
      directory.bind(spec.endpointId, created);
      record.begin(created, agent);
    } catch (error) {
      if (threads.isAlive(record.thread, life)) this.#fail(record, error);
    }
  }

  /** Tells a thread of the exit; when its lane is full, as soon as there is room. */
  #notify(other: number, ended: EndedThread): void {
    const { thread, life, reason } = ended;
    const agent = this.agent(other);
    try {
      agent.threadTerminated(thread, life, reason, causeInWords(ended.cause));
    } catch (error) {
      if (!isRpcError(error) || error.code !== 'MAILBOX_FULL') return;
      void ready(agent).then(() => this.#notify(other, ended));
    }
  }
}
