import { LIMITS } from '../config/limits.js';
import type { TicketSource, Carrier } from './attached.js';

/** Carries memory beside values that do not leave their thread. */
export class LocalCarrier implements Carrier, TicketSource {
  readonly besideBytes = LIMITS.besideBytes;
  readonly #memories: ArrayBufferLike[] = [];

  sendBeside(bytes: ArrayBuffer): number {
    return this.#memories.push(bytes) - 1;
  }

  share(memory: SharedArrayBuffer): number {
    return this.#memories.push(memory) - 1;
  }

  takeBeside(ticket: number): ArrayBuffer {
    return this.#memories[ticket] as ArrayBuffer;
  }

  sharedBeside(ticket: number): SharedArrayBuffer {
    return this.#memories[ticket] as SharedArrayBuffer;
  }
}
