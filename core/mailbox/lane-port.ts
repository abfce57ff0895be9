import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { RpcError } from '../errors/rpc-error.js';
import { letGoOfShared } from './shared-garbage.js';

/** The bell: a message without content, sent only to a thread that says it is parked. */
const BELL = 0;

/** Memory on its way beside the lane, with tickets in a row. */
interface BesideMessage {
  readonly first: number;
  readonly memories: readonly ArrayBufferLike[];
}

/**
 * The message port that goes with a lane: it wakes a parked thread and carries big values, which
 * are transferred instead of copied through the ring. One end per side of the lane.
 */
export class LanePort {
  readonly #port: MessagePort;
  readonly #arrived = new Map<number, ArrayBufferLike>();
  #nextTicket = 1;
  /** Not posted yet: what one turn sends leaves in one message. */
  #memories: ArrayBufferLike[] = [];
  #transfer: ArrayBuffer[] = [];

  readonly #onEarlyBell: () => void;

  /**
   * `onBell` is called on every message. `onEarlyBell` is called, inside of {@link take}, for a
   * bell
   * that was found there: it will not come as an event any more, and whoever rang believes that
   * this thread wakes.
   */
  constructor(port: MessagePort, onBell: () => void, onEarlyBell: () => void) {
    this.#port = port;
    this.#onEarlyBell = onEarlyBell;
    port.on('message', (message: unknown) => {
      this.#keep(message);
      onBell();
    });
  }

  ring(): void {
    this.#port.postMessage(BELL);
  }

  /**
   * Has memory sent with the next {@link post}, which must come before the record that names its
   * ticket is published. An `ArrayBuffer` is given up, a `SharedArrayBuffer` is shared.
   */
  send(memory: ArrayBufferLike): number {
    this.#memories.push(memory);
    if (memory instanceof ArrayBuffer) this.#transfer.push(memory);
    const ticket = this.#nextTicket;
    this.#nextTicket = (ticket + 1) | 0;
    return ticket;
  }

  /** Posts what was sent since the last time. */
  post(): void {
    if (this.#memories.length === 0) return;
    const memories = this.#memories;
    const first = (this.#nextTicket - memories.length) | 0;
    this.#port.postMessage({ first, memories } satisfies BesideMessage, this.#transfer);
    this.#memories = [];
    this.#transfer = [];
  }

  /**
   * The bytes of a ticket. They were posted before the record was published, so they are in the
   * queue of the port even when its event has not fired yet.
   */
  take(ticket: number): ArrayBuffer {
    const bytes = this.#find(ticket);
    this.#arrived.delete(ticket);
    return bytes as ArrayBuffer;
  }

  /** The shared memory of a ticket, which stays until {@link forget}. */
  shared(ticket: number): SharedArrayBuffer {
    return this.#find(ticket) as SharedArrayBuffer;
  }

  forget(ticket: number): void {
    const memory = this.#find(ticket);
    this.#arrived.delete(ticket);
    letGoOfShared(memory.byteLength);
  }

  close(): void {
    this.#arrived.clear();
    this.#memories = [];
    this.#transfer = [];
    this.#port.close();
  }

  #find(ticket: number): ArrayBufferLike {
    for (;;) {
      const memory = this.#arrived.get(ticket);
      if (memory !== undefined) return memory;
      const next = receiveMessageOnPort(this.#port);
      if (next === undefined) {
        throw new RpcError('PROTOCOL_ERROR', `no value beside the lane has ticket ${ticket}`);
      }
      if (next.message === BELL) this.#onEarlyBell();
      else this.#keep(next.message);
    }
  }

  #keep(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const { first, memories } = message as BesideMessage;
    for (let i = 0; i < memories.length; i++) this.#arrived.set((first + i) | 0, memories[i]!);
  }
}
