import type { ActorThread } from '../actor/actor-thread.js';
import type { TimerHandle } from '../base/clock.js';
import type { TokenWords } from '../codec/stamps.js';
import { checkDurationMs } from '../config/options.js';
import type { LocalTask } from '../mailbox/local-queue.js';
import type { Fence } from './fencing.js';
import type { MainThreadExecutor, MainThreadTask } from './main-thread.js';
import type { RpcCell } from './rpc-cell.js';

/** Whose main thread it is. Executors are made before the cell: constructors use them. */
export interface MainThreadOwner {
  readonly cell: RpcCell | undefined;
  /** Undefined: what is executed here is not fenced. */
  readonly fence: Fence | undefined;
}

/** A task on its way to the main thread of an endpoint. */
class RunAsync implements LocalTask {
  readonly #owner: MainThreadOwner;
  readonly #task: MainThreadTask;
  /** The leader session that it belongs to, if there is a fence. */
  readonly #session: TokenWords | undefined;

  constructor(owner: MainThreadOwner, task: MainThreadTask, session: TokenWords | undefined) {
    this.#owner = owner;
    this.#task = task;
    this.#session = session;
  }

  run(): void {
    if (!this.#owner.cell?.keepTask(this.#task, () => this.#runNow())) this.#runNow();
  }

  /** Judged by state and token now, not when it was sent. */
  #runNow(): void {
    const { cell, fence } = this.#owner;
    if (cell === undefined) return;
    const why =
      fence === undefined || fence.isCurrent(this.#session)
        ? undefined
        : fence.sessionText(this.#session);
    cell.runTask(this.#task, why);
  }
}

/**
 * The executor of one endpoint (Flink MainThreadExecutor). Its timers end when the endpoint stops:
 * none keeps a stopped endpoint alive.
 */
export class MainThread implements MainThreadExecutor {
  readonly #thread: ActorThread;
  readonly #owner: MainThreadOwner;
  /** Made for the first one: most endpoints have none. */
  #timers: Set<TimerHandle> | undefined;
  #isClosed = false;

  constructor(thread: ActorThread, owner: MainThreadOwner) {
    this.#thread = thread;
    this.#owner = owner;
  }

  execute(task: () => void): void {
    this.submit({ run: task });
  }

  /** As `execute`, for a task that wants to hear of its refusal. */
  submit(task: MainThreadTask): void {
    this.#post(task, this.#owner.fence?.session);
  }

  schedule(task: () => void, delayMs: number): TimerHandle {
    checkDurationMs('delayMs', delayMs);
    if (this.#isClosed) return { cancel() {} };
    let isCancelled = false;
    const session = this.#owner.fence?.session;
    const guarded = (): unknown => (isCancelled || this.#isClosed ? undefined : task());
    const onDue = (): void => {
      this.#timers?.delete(timer);
      this.#post({ run: guarded }, session);
    };
    const timer = this.#thread.clock.schedule(onDue, delayMs);
    this.#timers ??= new Set();
    this.#timers.add(timer);
    return {
      cancel: () => {
        isCancelled = true;
        this.#timers?.delete(timer);
        timer.cancel();
      },
    };
  }

  /** The endpoint stopped: what it had scheduled does not come. */
  dropTimers(): void {
    for (const timer of this.#timers ?? []) timer.cancel();
    this.#timers = undefined;
  }

  /** Drops every timer for good; tasks already in the mailbox may still run. */
  close(): void {
    this.#isClosed = true;
    this.dropTimers();
  }

  #post(task: MainThreadTask, session: TokenWords | undefined): void {
    this.#thread.mailbox.post(new RunAsync(this.#owner, task, session));
  }
}
