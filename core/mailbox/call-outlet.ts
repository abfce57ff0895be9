import type { RecordOutlet } from '../memory/record-outlet.js';

/**
 * An outlet that calls and replies travel through: the lane to another thread, or the connection
 * to another process.
 */
export interface CallOutlet extends RecordOutlet {
  /** False once nothing sent here can arrive any more. */
  readonly isOpen: boolean;
  /**
   * Deadlines travel as points of the service's time line in a process, as time left between two.
   */
  readonly isRemote: boolean;
  /** Encoded values of this many bytes and more go through {@link sendBeside}; Infinity = never. */
  readonly besideBytes: number;
  /** Largest record in bytes; Infinity inside a process. */
  readonly recordLimitBytes: number;
  /**
   * As `claim`, but never full while open: replies are bounded by their receiver's pending asks.
   */
  claimReply(length: number): number;
  /** Sends a big value ahead of the record that carries its ticket; gives the buffer up. */
  sendBeside(bytes: ArrayBuffer): number;
  hasRoom(): boolean;
  /** Resolves when there is room again, or when the outlet closes. */
  whenRoom(): Promise<void>;
}
