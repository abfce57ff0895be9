import type { ActorThread } from '../actor/actor-thread.js';
import type { TimerHandle } from '../base/clock.js';
import { checkDurationMs } from '../config/options.js';
import type { LocalTask } from '../mailbox/local-queue.js';
import type { MainThreadExecutor } from './main-thread.js';
import type { RpcCell } from './rpc-cell.js';

/** A task on its way to the main thread of an endpoint. */
class RunAsync implements LocalTask {
  readonly #executor: MainThread;
  readonly #task: () => void;

  constructor(executor: MainThread, task: () => void) {
    this.#executor = executor;
    this.#task = task;
  }

  run(): void {
    this.#executor.cell?.runTask(this.#task);
  }
}

/** The executor of one endpoint. Its timers end with it: none keeps a stopped endpoint alive. */
export class MainThread implements MainThreadExecutor {
  readonly #thread: ActorThread;
  readonly #cell: () => RpcCell | undefined;
  readonly #timers = new Set<TimerHandle>();
  #isClosed = false;

  constructor(thread: ActorThread, cell: () => RpcCell | undefined) {
    this.#thread = thread;
    this.#cell = cell;
  }

  get cell(): RpcCell | undefined {
    return this.#cell();
  }

  execute(task: () => void): void {
    this.#thread.mailbox.post(new RunAsync(this, task));
  }

  schedule(task: () => void, delayMs: number): TimerHandle {
    checkDurationMs('delayMs', delayMs);
    let isCancelled = this.#isClosed;
    const guarded = (): void => {
      if (!isCancelled && !this.#isClosed) task();
    };
    const onDue = (): void => {
      this.#timers.delete(timer);
      this.execute(guarded);
    };
    const timer: TimerHandle = isCancelled ? { cancel() {} } : this.#start(onDue, delayMs);
    return {
      cancel: () => {
        isCancelled = true;
        this.#timers.delete(timer);
        timer.cancel();
      },
    };
  }

  /** Drops every timer; tasks already in the mailbox may still run. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #start(onDue: () => void, delayMs: number): TimerHandle {
    const timer = this.#thread.clock.schedule(onDue, delayMs);
    this.#timers.add(timer);
    return timer;
  }
}
