import type { Carrier } from '../codec/attached.js';
import type { RecordOutlet } from '../memory/record-outlet.js';

/**
 * An outlet that calls and replies travel through: the lane to another thread, or the connection
 * to another process.
 */
export interface CallOutlet extends RecordOutlet {
  /** Number of the thread at its far end; 0, the home thread, when there is a process behind it. */
  readonly thread: number;
  /** False once nothing sent here can arrive any more. */
  readonly isOpen: boolean;
  /**
   * Deadlines travel as points of the service's time line in a process, as time left between two.
   */
  readonly isRemote: boolean;
  /** Takes what travels beside the records; undefined: everything is inside of them. */
  readonly carrier: Carrier | undefined;
  /** Encoded values of this many bytes and more go through {@link sendBeside}; Infinity = never. */
  readonly besideBytes: number;
  /** Largest record in bytes; Infinity inside a process. */
  readonly recordLimitBytes: number;
  /**
   * As `claim`, but never full while open: replies are bounded by their receiver's pending asks.
   */
  claimReply(length: number): number;
  /** True when `bytes` more may be under way beside the records. */
  hasRoomBeside(bytes: number): boolean;
  /** Sends a big value ahead of the record that carries its ticket; gives the buffer up. */
  sendBeside(bytes: ArrayBuffer): number;
  /** True when whoever is at the far end has cancelled its call; see `CancelBits`. */
  isCancelled(call: number): boolean;
  /** True while an ask of ours waits here and has not left this thread. */
  isWaiting(call: number): boolean;
  hasRoom(): boolean;
  /** Resolves when there is room again, or when the outlet closes. */
  whenRoom(): Promise<void>;
}
