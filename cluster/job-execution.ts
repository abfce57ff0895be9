import type {
  ExecutionState,
  JobGraph,
  SlotOffer,
  TaskExecutionState,
  TaskSpec,
  TaskStatus,
} from './messages.js';

interface Execution {
  readonly spec: TaskSpec;
  state: ExecutionState;
  /** The slot it is bound for or runs in; empty before. */
  allocationId: string;
  /** Its TaskExecutor has taken it: from then on it may have begun. */
  isTaken: boolean;
  taskExecutor: string | null;
  result: unknown;
  error: string | undefined;
}

/** A slot that the job has. */
export interface JobSlot {
  readonly allocationId: string;
  readonly resourceId: string;
}

/** A task that has found its slot. */
export interface Assignment extends JobSlot {
  readonly task: TaskSpec;
}

/** A task in one of its slots; given another, it is another attempt. */
export interface Attempt {
  readonly taskId: string;
  readonly allocationId: string;
}

const FINAL: ReadonlySet<ExecutionState> = new Set(['FINISHED', 'FAILED', 'CANCELED']);

/**
 * The state of one job: its tasks, its slots, and which task goes into which slot (Flink's
 * ExecutionGraph and slot pool, as far as independent tasks need them). State only.
 */
export class JobExecution {
  readonly #executions: ReadonlyMap<string, Execution>;
  readonly #slots = new Map<string, JobSlot>();

  constructor(job: JobGraph) {
    this.#executions = new Map(
      job.tasks.map((spec) => [
        spec.taskId,
        {
          spec,
          state: 'CREATED',
          allocationId: '',
          isTaken: false,
          taskExecutor: null,
          result: undefined,
          error: undefined,
        } satisfies Execution as Execution,
      ]),
    );
  }

  get isFinished(): boolean {
    return this.#all().every((execution) => execution.state === 'FINISHED');
  }

  /** The slots that unfinished tasks need, each with its wish. */
  get requiredSlots(): (string | null)[] {
    return this.#all()
      .filter((execution) => !FINAL.has(execution.state))
      .map((execution) => execution.spec.preferredTaskExecutor ?? null);
  }

  /** True while some task has no slot. */
  get isWaitingForSlots(): boolean {
    return this.#all().some((e) => e.state === 'CREATED' && e.allocationId === '');
  }

  /** Takes a slot if some task needs one; offered again, it is taken again (idempotent). */
  acceptSlot(resourceId: string, { allocationId }: SlotOffer): Assignment | 'known' | undefined {
    if (this.#slots.get(allocationId)?.resourceId === resourceId) return 'known';
    const slot = { allocationId, resourceId };
    const task = this.#assign(slot);
    if (!task) return undefined;
    this.#slots.set(allocationId, slot);
    return { ...slot, task };
  }

  /** The next task for a slot whose task has ended; without one the slot is given up. */
  reuseSlot(allocationId: string): Assignment | JobSlot | undefined {
    const slot = this.#slots.get(allocationId);
    const task = slot && this.#assign(slot);
    if (slot && task) return { ...slot, task };
    this.#slots.delete(allocationId);
    return slot;
  }

  /** Its TaskExecutor has taken it; false when the task is bound for another slot by now. */
  take(attempt: Attempt): boolean {
    if (!this.isCurrent(attempt)) return false;
    this.#executions.get(attempt.taskId)!.isTaken = true;
    return true;
  }

  /**
   * The slot is gone. A task that was not taken yet waits for another; one that was, may have
   * begun, and must not begin twice: it is answered, for it has failed.
   */
  loseSlot(allocationId: string): Attempt | undefined {
    this.#slots.delete(allocationId);
    const execution = this.#all().find(
      (e) => e.allocationId === allocationId && !FINAL.has(e.state),
    );
    if (!execution) return undefined;
    if (execution.isTaken || execution.state === 'RUNNING') return attemptOf(execution);
    execution.allocationId = '';
    execution.taskExecutor = null;
    return undefined;
  }

  slotsOf(resourceId: string): JobSlot[] {
    return [...this.#slots.values()].filter((slot) => slot.resourceId === resourceId);
  }

  /** Tasks that run on a TaskExecutor, as far as it has told us. */
  runningOn(resourceId: string): Attempt[] {
    return this.#all()
      .filter((e) => e.state === 'RUNNING' && e.taskExecutor === resourceId)
      .map(attemptOf);
  }

  /** False for an attempt that another one has taken the place of, whatever it still says. */
  isCurrent({ taskId, allocationId }: Attempt): boolean {
    return this.#executions.get(taskId)?.allocationId === allocationId;
  }

  /** Notes what a task has become; false when it changes nothing. */
  update({ taskId, allocationId, state, result, error }: TaskExecutionState): boolean {
    const execution = this.#executions.get(taskId);
    if (execution?.allocationId !== allocationId || FINAL.has(execution.state)) return false;
    execution.state = state;
    execution.result = result;
    execution.error = error;
    return true;
  }

  /** Every task that has not ended counts as cancelled from now on. */
  cancelAll(): void {
    for (const execution of this.#all()) {
      if (!FINAL.has(execution.state)) execution.state = 'CANCELED';
    }
    this.#slots.clear();
  }

  statuses(): TaskStatus[] {
    return this.#all().map(({ spec, state, taskExecutor, result, error }) => ({
      taskId: spec.taskId,
      state,
      taskExecutor,
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error }),
    }));
  }

  #all(): Execution[] {
    return [...this.#executions.values()];
  }

  /** Those who wish for this TaskExecutor come first, those who wish for another last. */
  #assign({ allocationId, resourceId }: JobSlot): TaskSpec | undefined {
    const waiting = this.#all().filter((e) => e.state === 'CREATED' && e.allocationId === '');
    const wishOf = (e: Execution): string | undefined => e.spec.preferredTaskExecutor;
    const execution =
      waiting.find((e) => wishOf(e) === resourceId) ??
      waiting.find((e) => wishOf(e) === undefined) ??
      waiting[0];
    if (!execution) return undefined;
    execution.allocationId = allocationId;
    execution.isTaken = false;
    execution.taskExecutor = resourceId;
    return execution.spec;
  }
}

function attemptOf({ spec, allocationId }: Execution): Attempt {
  return { taskId: spec.taskId, allocationId };
}
