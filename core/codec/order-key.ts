import {
  FENCED_INVOCATION,
  INVOCATION,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
} from './stamps.js';

/** Number of the call that the record at byte `offset` makes, 0 for a tell; none for others. */
export function callNumberOf(words: Int32Array, offset: number, type: number): number | undefined {
  if (type === RECORD_INVOCATION) return words[(offset >> 2) + INVOCATION.call];
  if (type !== RECORD_FENCED_INVOCATION) return undefined;
  return words[(offset >> 2) + FENCED_INVOCATION.call];
}

/**
 * What the record at byte `offset` must keep its order with: calls to one endpoint have one key.
 * 0 for what may go at any time, such as answers.
 */
export function orderKeyOf(words: Int32Array, offset: number, type: number): number {
  if (type === RECORD_INVOCATION) return words[(offset >> 2) + INVOCATION.recipient]!;
  if (type !== RECORD_FENCED_INVOCATION) return 0;
  return words[(offset >> 2) + FENCED_INVOCATION.recipient]!;
}
