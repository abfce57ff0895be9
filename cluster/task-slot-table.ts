import type { SlotReport, TimerHandle } from '../core/internal.js';
import { RpcError } from '../index.js';

/** Allocated: offered or about to be; active: a JobMaster has taken it (Flink TaskSlotState). */
export type TaskSlotState = 'ALLOCATED' | 'ACTIVE';

/** One slot that is in use. */
export interface TaskSlot {
  readonly index: number;
  readonly allocationId: string;
  readonly jobId: string;
  readonly state: TaskSlotState;
}

interface Entry extends TaskSlot {
  state: TaskSlotState;
  timer: TimerHandle | undefined;
}

/** What the table needs of its TaskExecutor. */
export interface TaskSlotTableParts {
  readonly slots: number;
  /** How long a slot may stay allocated without becoming active. */
  readonly slotTimeoutMs: number;
}

/** Starts the timers of slots, in the main thread of the TaskExecutor. */
export interface SlotTimers {
  schedule(task: () => void, delayMs: number): TimerHandle;
  /** Nobody took the slot in time. */
  onSlotTimeout(allocationId: string): void;
}

/** The slots of one TaskExecutor (Flink TaskSlotTableImpl). */
export class TaskSlotTable {
  readonly #parts: TaskSlotTableParts;
  readonly #entries = new Map<string, Entry>();
  #timers: SlotTimers | undefined;

  constructor(parts: TaskSlotTableParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#parts.slots;
  }

  /** From now on slots can be allocated. */
  start(timers: SlotTimers): void {
    this.#timers = timers;
  }

  /**
   * Gives a free slot to a job. The same allocation again changes nothing; any other of a slot in
   * use is refused with `INVALID_STATE` (Flink SlotOccupiedException).
   */
  allocateSlot(index: number, jobId: string, allocationId: string): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.size) {
      throw new RpcError(
        'INVALID_ARGUMENT',
        `there is no slot ${index}, only 0 to ${this.size - 1}`,
      );
    }
    const known = this.#entries.get(allocationId);
    if (known?.index === index && known.jobId === jobId) return;
    const occupant = [...this.#entries.values()].find((entry) => entry.index === index);
    if (known || occupant) {
      const { jobId: owner } = (known ?? occupant)!;
      throw new RpcError('INVALID_STATE', `slot ${index} is occupied: job ${owner} has it`);
    }
    const entry: Entry = { index, allocationId, jobId, state: 'ALLOCATED', timer: undefined };
    this.#entries.set(allocationId, entry);
    this.#arm(entry);
  }

  /** A JobMaster has taken the slot; false when it is not the job's. */
  tryMarkSlotActive(jobId: string, allocationId: string): boolean {
    const entry = this.#entries.get(allocationId);
    if (entry?.jobId !== jobId) return false;
    entry.timer?.cancel();
    entry.state = 'ACTIVE';
    return true;
  }

  /** The JobMaster is lost: the slot is kept for a while, to be offered again. */
  markSlotInactive(allocationId: string): void {
    const entry = this.#entries.get(allocationId);
    if (entry?.state !== 'ACTIVE') return;
    entry.state = 'ALLOCATED';
    this.#arm(entry);
  }

  /** Answers what was freed; undefined when there was no such allocation. */
  freeSlot(allocationId: string): TaskSlot | undefined {
    const entry = this.#entries.get(allocationId);
    entry?.timer?.cancel();
    this.#entries.delete(allocationId);
    return entry;
  }

  find(allocationId: string): TaskSlot | undefined {
    return this.#entries.get(allocationId);
  }

  /** Slots of a job, all or those in one state. */
  slotsOf(jobId: string, state?: TaskSlotState): TaskSlot[] {
    return [...this.#entries.values()].filter(
      (entry) => entry.jobId === jobId && (state === undefined || entry.state === state),
    );
  }

  createSlotReport(): SlotReport {
    const byIndex = new Map([...this.#entries.values()].map((entry) => [entry.index, entry]));
    return {
      slots: Array.from({ length: this.size }, (_, slot) => ({
        slot,
        allocationId: byIndex.get(slot)?.allocationId ?? '',
        jobId: byIndex.get(slot)?.jobId ?? '',
      })),
    };
  }

  /** Stops every timer; the name lets an endpoint register it as a resource. */
  close(): void {
    for (const entry of this.#entries.values()) entry.timer?.cancel();
    this.#entries.clear();
  }

  #arm(entry: Entry): void {
    const timers = this.#timers;
    if (!timers) throw new RpcError('INVALID_STATE', 'the slot table is not started');
    entry.timer?.cancel();
    entry.timer = timers.schedule(() => {
      if (entry.state === 'ALLOCATED' && this.#entries.get(entry.allocationId) === entry) {
        timers.onSlotTimeout(entry.allocationId);
      }
    }, this.#parts.slotTimeoutMs);
  }
}
