/**
 * Where records are written: a lane, its backlog, or the send buffer of a connection. Stamps
 * write through this, so one stamp serves every path.
 *
 * `claim(length)` answers the byte offset of `length` writable bytes in `words` and `bytes`
 * (8-byte aligned) or `FULL`; both views must be read again after every claim, because an outlet
 * may move to another buffer. `commit(length, type)` ends the claim, with a length at most the
 * claimed one. Nothing may happen between the two but writing.
 */
export interface RecordOutlet {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  claim(length: number): number;
  commit(length: number, type: number): void;
}
