import type { Address } from '../base/address.js';
import { type Deferred, deferred, ignoreRejection } from '../base/deferred.js';
import type { Logger } from '../base/logger.js';
import type { EffectiveOptions } from '../config/options.js';
import { RpcError } from '../errors/rpc-error.js';
import type { LaneOffer } from '../mailbox/mailbox.js';
import type { Region } from '../memory/region-descriptor.js';
import type { DeadLetterReport } from './dead-letter-reports.js';
import type { Placement } from './rpc-service.js';
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
  readonly onDeadLetter: (report: DeadLetterReport) => void;
  readonly acceptLane: (offer: LaneOffer) => void;
  readonly onExit: (thread: number, error: RpcError) => void;
}

/** One worker thread and how far it is. */
interface Worker {
  readonly hosted: HostedThread;
  readonly ready: Deferred<void>;
  isAlive: boolean;
}

/** The worker threads of a service: brings them up, introduces them, sees them end. */
export class HomeThreads {
  readonly #parts: HomeThreadsParts;
  /** By thread number; 0 is the home thread and has no entry. */
  readonly #workers = new Map<number, Worker>();
  #next = 0;

  constructor(parts: HomeThreadsParts) {
    this.#parts = parts;
  }

  /** Spawns every thread at once; resolves when all are ready. */
  async start(base: Omit<Address, 'path'>, port: number): Promise<void> {
    const { settings } = this.#parts.options;
    for (let thread = 1; thread <= settings.threads; thread++) this.#spawn(thread, base, port);
    await Promise.all([...this.#workers.values()].map((worker) => worker.ready.promise));
  }

  /** Thread numbers that live. */
  alive(): number[] {
    return [...this.#workers].filter(([, w]) => w.isAlive).map(([thread]) => thread);
  }

  /** The thread number of a placement; `any` goes round the worker threads. */
  place(placement: Placement): number {
    const { threads } = this.#parts.options.settings;
    if (placement === 'home' || (placement === 'any' && threads === 0)) return 0;
    if (placement === 'any') return this.#nextAlive(threads);
    if (Number.isInteger(placement) && placement >= 0 && placement < threads) {
      if (this.#workers.get(placement + 1)?.isAlive) return placement + 1;
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
    if (worker?.isAlive) worker.hosted.post({ kind: 'lane', offer }, [offer.port]);
    else offer.port.close();
  }

  async terminate(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.hosted.terminate()));
  }

  #nextAlive(threads: number): number {
    for (let tries = 0; tries < threads; tries++) {
      const thread = 1 + (this.#next++ % threads);
      if (this.#workers.get(thread)?.isAlive) return thread;
    }
    throw new RpcError('THREAD_TERMINATED', 'every worker thread has ended', { effect: 'none' });
  }

  #spawn(thread: number, base: Omit<Address, 'path'>, port: number): void {
    const { host, options, region, epochMs, metrics } = this.#parts;
    const birth = {
      thread,
      region: region.buffer,
      settings: options.settings,
      epochMs,
      base,
      port,
      metrics,
    };
    const hosted = host.spawn(birth, options.workerResourceLimits);
    const worker: Worker = { hosted, ready: deferred(), isAlive: true };
    ignoreRejection(worker.ready.promise);
    this.#workers.set(thread, worker);
    hosted.onMessage((message) => this.#onMessage(worker, message));
    void hosted.exited.then((exit) => this.#onExit(thread, worker, exit));
  }

  #onMessage(worker: Worker, message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        return worker.ready.resolve();
      case 'lane':
        return this.forward(message.offer);
      case 'dead-letter':
        return this.#parts.onDeadLetter(message.report);
      case 'log':
        return this.#parts.logger[message.level]({ facts: message.facts }, message.message);
    }
  }

  #onExit(thread: number, worker: Worker, exit: ThreadExit): void {
    worker.isAlive = false;
    const why = exit.error ? `${exit.error.name}: ${exit.error.message}` : `exit ${exit.exitCode}`;
    const text = `worker thread ${thread - 1} ended (${why})`;
    worker.ready.reject(new RpcError('THREAD_START_FAILED', text, { cause: exit.error }));
    this.#parts.onExit(thread, new RpcError('THREAD_TERMINATED', text, { cause: exit.error }));
  }
}
