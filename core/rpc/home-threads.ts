import type { Address } from '../base/address.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import type { Logger } from '../base/logger.js';
import type { EffectiveOptions } from '../config/options.js';
import { describeThrown, RpcError } from '../errors/rpc-error.js';
import type { LaneOffer } from '../mailbox/lane-senders.js';
import { CancelBits } from '../memory/cancel-bits.js';
import { PollerBudget } from '../memory/park-word.js';
import { clearProgress } from '../memory/progress-words.js';
import type { Region } from '../memory/region-descriptor.js';
import { ThreadLives } from '../memory/thread-lives.js';
import type { DeadLetterReport } from './dead-letter-reports.js';
import type { Placement } from './rpc-service.js';
import { type EndedThread, errorOf } from './thread-end.js';
import type { BlockedThread } from './watchdog.js';
import type { HostedThread, ThreadExit, ThreadHost, ThreadMessage } from './thread-host.js';

/** What the home thread's book of worker threads is given. */
export interface HomeThreadsParts {
  readonly host: ThreadHost;
  readonly options: EffectiveOptions;
  readonly region: Region;
  readonly epochMs: number;
  readonly metrics: SharedArrayBuffer;
  /** The user's, guarded: writes what worker threads log. */
  readonly logger: Logger;
  readonly onBlocked: (blocked: BlockedThread) => void;
  readonly onDeadLetter: (report: DeadLetterReport) => void;
  readonly acceptLane: (offer: LaneOffer) => void;
  readonly onExit: (ended: EndedThread) => void;
  /** A lane came for a life that has ended; its producer waits in vain. */
  readonly onDeadEnd: (producer: number, ended: EndedThread) => void;
}

/** One worker thread and how far it is. */
interface Worker {
  readonly thread: number;
  readonly life: number;
  readonly hosted: HostedThread;
  readonly ready: Deferred<void>;
  ended: EndedThread | undefined;
  /** Why it was ended from outside, if it was. */
  verdict: string | undefined;
}

/** The worker threads of a service: brings them up, introduces them, sees them end. */
export class HomeThreads {
  readonly #parts: HomeThreadsParts;
  /** By thread number; 0 is the home thread and has no entry. */
  readonly #workers = new Map<number, Worker>();
  readonly #lives: ThreadLives;
  #base: Omit<Address, 'path'> | undefined;
  #port = -1;
  #next = 0;

  constructor(parts: HomeThreadsParts) {
    this.#parts = parts;
    this.#lives = new ThreadLives(parts.region);
  }

  /** Spawns every thread at once; resolves when all are ready. */
  async start(base: Omit<Address, 'path'>, port: number): Promise<void> {
    const { settings } = this.#parts.options;
    this.#base = base;
    this.#port = port;
    for (let thread = 1; thread <= settings.threads; thread++) this.spawn(thread);
    await Promise.all([...this.#workers.values()].map((worker) => worker.ready.promise));
  }

  /** Thread numbers that live. */
  alive(): number[] {
    return [...this.#workers.values()].filter((w) => !w.ended).map(({ thread }) => thread);
  }

  /** The life that a thread is in, or was in last; the home thread has one only. */
  lifeOf(thread: number): number {
    return this.#workers.get(thread)?.life ?? 0;
  }

  isAlive(thread: number, life: number): boolean {
    const worker = this.#workers.get(thread);
    return thread === 0 || (worker?.life === life && !worker.ended);
  }

  /** The thread number of a placement; `any` goes round the worker threads. */
  place(placement: Placement): number {
    const { threads } = this.#parts.options.settings;
    if (placement === 'home' || (placement === 'any' && threads === 0)) return 0;
    if (placement === 'any') return this.#nextAlive(threads);
    if (Number.isInteger(placement) && placement >= 0 && placement < threads) {
      if (this.#isAlive(placement + 1)) return placement + 1;
      throw new RpcError('THREAD_TERMINATED', `thread ${placement} has ended`, { effect: 'none' });
    }
    const choice = threads === 0 ? 'only home' : `0 to ${threads - 1}, any or home`;
    const text = `there is no thread ${String(placement)}; choose ${choice}`;
    throw new RpcError('INVALID_ARGUMENT', text);
  }

  /** Hands a lane to the thread that reads it. */
  forward(offer: LaneOffer): void {
    if (offer.consumer === 0) return this.#parts.acceptLane(offer);
    const worker = this.#workers.get(offer.consumer);
    if (worker && !worker.ended && worker.life === offer.consumerLife) {
      return worker.hosted.post({ kind: 'lane', offer }, [offer.port]);
    }
    offer.port.close();
    const { producer, consumer: thread, consumerLife: life } = offer;
    const reason = `worker thread ${thread - 1} has ended`;
    const ended = worker?.ended ?? { thread, life, reason, cause: undefined };
    this.#parts.onDeadEnd(producer, { ...ended, life });
  }

  /** Ends one thread, whatever it does; its exit is handled as any other, for this reason. */
  kill(thread: number, verdict: string): void {
    const worker = this.#workers.get(thread);
    if (!worker || worker.ended) return;
    worker.verdict = verdict;
    void worker.hosted.terminate();
  }

  async terminate(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.hosted.terminate()));
  }

  #nextAlive(threads: number): number {
    for (let tries = 0; tries < threads; tries++) {
      const thread = 1 + (this.#next++ % threads);
      if (this.#isAlive(thread)) return thread;
    }
    throw new RpcError('THREAD_TERMINATED', 'every worker thread has ended', { effect: 'none' });
  }

  #isAlive(thread: number): boolean {
    const worker = this.#workers.get(thread);
    return worker !== undefined && !worker.ended;
  }

  /** Begins the next life of a thread; what is sent to it waits until it is up. */
  spawn(thread: number): void {
    const life = this.#lives.begin(thread);
    try {
      this.#spawn(thread, life);
    } catch (error) {
      this.#lives.end(thread);
      throw error;
    }
  }

  #spawn(thread: number, life: number): void {
    const { host, options, region, epochMs, metrics } = this.#parts;
    const birth = {
      thread,
      region: region.buffer,
      settings: options.settings,
      epochMs,
      base: this.#base!,
      port: this.#port,
      metrics,
    };
    const hosted = host.spawn(birth, options.workerResourceLimits);
    const worker: Worker = {
      thread,
      life,
      hosted,
      ready: deferred(),
      ended: undefined,
      verdict: undefined,
    };
    ignoreRejection(worker.ready.promise);
    this.#workers.set(thread, worker);
    hosted.onMessage((message) => this.#onMessage(worker, message));
    void hosted.exited.then((exit) => this.#onExit(worker, exit));
  }

  #onMessage(worker: Worker, message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        return worker.ready.resolve();
      case 'lane':
        return this.forward(message.offer);
      case 'wake':
        // Only home tells of ends.
        return;
      case 'blocked':
        return this.#parts.onBlocked(message.blocked);
      case 'dead-letter':
        return this.#parts.onDeadLetter(message.report);
      case 'log':
        return this.#parts.logger[message.level]({ facts: message.facts }, message.message);
    }
  }

  #onExit(worker: Worker, exit: ThreadExit): void {
    const { thread, life } = worker;
    const { region } = this.#parts;
    const cause = exit.error === undefined ? undefined : errorOf(exit.error);
    const why = worker.verdict ?? (cause ? describeThrown(cause) : `exit ${exit.exitCode}`);
    const reason = `worker thread ${thread - 1} ended (${why})`;
    worker.ended = { thread, life, reason, cause };
    this.#lives.end(thread);
    new PollerBudget(region, 0, thread).leave();
    new CancelBits(region, thread).clearAll();
    clearProgress(region, thread);
    worker.ready.reject(new RpcError('THREAD_START_FAILED', reason, { cause }));
    this.#wakeOthers();
    this.#parts.onExit(worker.ended);
  }

  /** A thread that ended between taking the park word of another and ringing it rings no more. */
  #wakeOthers(): void {
    for (const { ended, hosted } of this.#workers.values()) {
      if (!ended) hosted.post({ kind: 'wake' }, []);
    }
  }
}
