import { randomId, type SlotReport } from '../core/internal.js';
import type { ResourceRequirements } from './messages.js';

/** Who runs a slot's worker. */
export interface Worker {
  readonly resourceId: string;
  readonly instanceId: string;
}

/** A slot that should be requested from its TaskExecutor now. */
export interface Allocation {
  readonly worker: Worker;
  readonly slot: number;
  readonly allocationId: string;
  readonly jobId: string;
}

type SlotState = 'FREE' | 'PENDING' | 'ALLOCATED';

interface Slot {
  readonly index: number;
  state: SlotState;
  /** Both empty while it is free. */
  allocationId: string;
  jobId: string;
}

interface RegisteredWorker {
  readonly worker: Worker;
  readonly slots: Map<number, Slot>;
}

function free(slot: Slot): void {
  slot.state = 'FREE';
  slot.allocationId = '';
  slot.jobId = '';
}

/**
 * The ResourceManager's books: which slots there are, which are free, pending or allocated, and
 * what each job needs (Flink FineGrainedSlotManager with its DefaultSlotStatusSyncer). State only:
 * whoever changes it calls {@link nextAllocations} and makes the requests.
 */
export class SlotManager {
  readonly #workers = new Map<string, RegisteredWorker>();
  readonly #requirements = new Map<string, ResourceRequirements>();

  /** A worker with its first report; a second one is taken as a later report. */
  registerTaskExecutor(worker: Worker, report: SlotReport): void {
    if (!this.#workers.has(worker.instanceId)) {
      this.#workers.set(worker.instanceId, { worker, slots: new Map() });
    }
    this.reportSlotStatus(worker.instanceId, report);
  }

  /** Forgets a worker and its slots; what was on them is missing again. */
  unregisterTaskExecutor(instanceId: string): boolean {
    return this.#workers.delete(instanceId);
  }

  isRegistered(instanceId: string): boolean {
    return this.#workers.has(instanceId);
  }

  /**
   * Brings the books in line with what a TaskExecutor says it has: allocated there and unknown
   * here is taken over; allocated here and free there is freed; pending here and free there is
   * kept, because the request may still be on its way.
   */
  reportSlotStatus(instanceId: string, report: SlotReport): boolean {
    const registered = this.#workers.get(instanceId);
    if (!registered) return false;
    for (const { slot: index, allocationId, jobId } of report.slots) {
      let slot = registered.slots.get(index);
      if (!slot) {
        slot = { index, state: 'FREE', allocationId: '', jobId: '' };
        registered.slots.set(index, slot);
      }
      if (allocationId !== '') Object.assign(slot, { state: 'ALLOCATED', allocationId, jobId });
      else if (slot.state === 'ALLOCATED') free(slot);
    }
    return true;
  }

  /** The newest declaration of a job replaces the earlier one. */
  processRequirements(requirements: ResourceRequirements): void {
    if (requirements.slots.length === 0) this.clearRequirements(requirements.jobId);
    else this.#requirements.set(requirements.jobId, requirements);
  }

  clearRequirements(jobId: string): void {
    this.#requirements.delete(jobId);
  }

  /** The TaskExecutor took the request. */
  allocationSucceeded(allocation: Allocation): void {
    const slot = this.#slotOf(allocation);
    if (slot?.state === 'PENDING') slot.state = 'ALLOCATED';
  }

  /** The TaskExecutor refused it, or did not answer. */
  allocationFailed(allocation: Allocation): void {
    const slot = this.#slotOf(allocation);
    if (slot) free(slot);
  }

  /**
   * A TaskExecutor has freed a slot; answers whose it was. An older allocation than the present
   * one changes nothing.
   */
  freeSlot(instanceId: string, index: number, allocationId: string): string | undefined {
    const slot = this.#workers.get(instanceId)?.slots.get(index);
    if (slot?.allocationId !== allocationId) return undefined;
    const { jobId } = slot;
    free(slot);
    return jobId;
  }

  /**
   * Marks slots for what is missing as pending and answers them; what does not fit waits, and so
   * do jobs that cannot take slots at present.
   */
  nextAllocations(canTakeSlots: (jobId: string) => boolean = () => true): Allocation[] {
    const allocations: Allocation[] = [];
    for (const { jobId, slots } of this.#requirements.values()) {
      if (!canTakeSlots(jobId)) continue;
      for (const preferred of this.#missing(jobId, slots)) {
        const found = this.#findFree(preferred);
        if (!found) break;
        const allocationId = randomId();
        Object.assign(found.slot, { state: 'PENDING', allocationId, jobId });
        allocations.push({ worker: found.worker, slot: found.slot.index, allocationId, jobId });
      }
    }
    return allocations;
  }

  /** What a job has or is about to get. */
  allocationsOf(jobId: string): Allocation[] {
    return [...this.#workers.values()].flatMap(({ worker, slots }) =>
      [...slots.values()]
        .filter((slot) => slot.jobId === jobId)
        .map(({ index, allocationId }) => ({ worker, slot: index, allocationId, jobId })),
    );
  }

  /** Slots and free slots, of one worker or of all. */
  count(instanceId?: string): { readonly slots: number; readonly freeSlots: number } {
    const workers = [...this.#workers.values()].filter(
      ({ worker }) => instanceId === undefined || worker.instanceId === instanceId,
    );
    const slots = workers.flatMap((worker) => [...worker.slots.values()]);
    return { slots: slots.length, freeSlots: slots.filter((s) => s.state === 'FREE').length };
  }

  #slotOf({ worker, slot, allocationId }: Allocation): Slot | undefined {
    const found = this.#workers.get(worker.instanceId)?.slots.get(slot);
    return found?.allocationId === allocationId ? found : undefined;
  }

  /** What a job has no slot for, wishes for a certain TaskExecutor first. */
  #missing(jobId: string, wanted: readonly (string | null)[]): (string | null)[] {
    const held = new Map<string, number>();
    let heldTotal = 0;
    for (const { worker, slots } of this.#workers.values()) {
      let count = 0;
      for (const slot of slots.values()) if (slot.jobId === jobId) count++;
      held.set(worker.resourceId, count);
      heldTotal += count;
    }
    const wishes = wanted.filter((preferred) => {
      const left = preferred === null ? 0 : (held.get(preferred) ?? 0);
      if (preferred !== null && left > 0) held.set(preferred, left - 1);
      return preferred !== null && left <= 0;
    });
    const others = wanted.filter((preferred) => preferred === null);
    return [...wishes, ...others].slice(0, Math.max(0, wanted.length - heldTotal));
  }

  /** On the wished one if it has room, else where most is free, so that load spreads. */
  #findFree(preferred: string | null): { worker: Worker; slot: Slot } | undefined {
    let best: { worker: Worker; slot: Slot } | undefined;
    let bestFree = 0;
    for (const { worker, slots } of this.#workers.values()) {
      const freeSlots = [...slots.values()].filter((slot) => slot.state === 'FREE');
      if (freeSlots.length === 0) continue;
      if (worker.resourceId === preferred) return { worker, slot: freeSlots[0]! };
      if (freeSlots.length > bestFree) {
        best = { worker, slot: freeSlots[0]! };
        bestFree = freeSlots.length;
      }
    }
    return best;
  }
}
