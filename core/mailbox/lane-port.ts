import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { RpcError } from '../errors/rpc-error.js';

/** The bell: a message without content, sent only to a thread that says it is parked. */
const BELL = 0;

/** A value too big for the lane, on its way beside it. */
interface BesideMessage {
  readonly ticket: number;
  readonly bytes: ArrayBuffer;
}

/**
 * The message port that goes with a lane: it wakes a parked thread and carries big values, which
 * are transferred instead of copied through the ring. One end per side of the lane.
 */
export class LanePort {
  readonly #port: MessagePort;
  readonly #arrived = new Map<number, ArrayBuffer>();
  #nextTicket = 1;

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

  /** Sends bytes ahead of the record that names their ticket; the sender gives the buffer up. */
  send(bytes: ArrayBuffer): number {
    const ticket = this.#nextTicket;
    this.#nextTicket = (ticket + 1) | 0;
    this.#port.postMessage({ ticket, bytes } satisfies BesideMessage, [bytes]);
    return ticket;
  }

  /**
   * The bytes of a ticket. They were posted before the record was published, so they are in the
   * queue of the port even when its event has not fired yet.
   */
  take(ticket: number): ArrayBuffer {
    for (;;) {
      const bytes = this.#arrived.get(ticket);
      if (bytes !== undefined) {
        this.#arrived.delete(ticket);
        return bytes;
      }
      const next = receiveMessageOnPort(this.#port);
      if (next === undefined) {
        throw new RpcError('PROTOCOL_ERROR', `no value beside the lane has ticket ${ticket}`);
      }
      if (next.message === BELL) this.#onEarlyBell();
      else this.#keep(next.message);
    }
  }

  close(): void {
    this.#arrived.clear();
    this.#port.close();
  }

  #keep(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const { ticket, bytes } = message as BesideMessage;
    this.#arrived.set(ticket, bytes);
  }
}
