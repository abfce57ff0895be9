import type { CallOutlet } from '../mailbox/call-outlet.js';
import type { Connection } from '../transport/connection.js';
import { bodyLimitOf } from '../transport/frame-descriptor.js';

/** A connection as calls and answers see it. */
export class ConnectionOutlet implements CallOutlet {
  /** Values always travel inside the frame. */
  readonly besideBytes = Number.POSITIVE_INFINITY;
  readonly carrier = undefined;
  readonly recordLimitBytes: number;
  readonly isRemote = true;
  readonly thread = 0;
  readonly #connection: Connection;
  #roomWaiters: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
    this.recordLimitBytes = bodyLimitOf(connection.frameLimit);
  }

  get words(): Int32Array {
    return this.#connection.words;
  }

  get bytes(): Buffer {
    return this.#connection.bytes;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  claim(length: number): number {
    return this.#connection.claim(length);
  }

  claimReply(length: number): number {
    return this.#connection.claimReply(length);
  }

  commit(length: number, type: number): void {
    this.#connection.commit(length, type);
  }

  hasRoomBeside(): boolean {
    return true;
  }

  sendBeside(): number {
    throw new RangeError('a connection carries its values inside the frame');
  }

  /** No memory is shared with a peer: its Cancel record is all that we hear. */
  isCancelled(): boolean {
    return false;
  }

  /** What is committed may be on the wire. */
  isWaiting(): boolean {
    return false;
  }

  hasRoom(): boolean {
    return this.#connection.hasRoom;
  }

  whenRoom(): Promise<void> {
    if (!this.isOpen || this.hasRoom()) return Promise.resolve();
    this.#connection.wantWritable();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** There is room again, or the connection is gone. */
  wakeWaiters(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }
}
