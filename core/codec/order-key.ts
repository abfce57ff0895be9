import {
  FENCED_INVOCATION,
  INVOCATION,
  RECORD_FENCED_INVOCATION,
  RECORD_INVOCATION,
} from './stamps.js';

/**
 * What the record at byte `offset` must keep its order with: calls to one endpoint have one key.
 * 0 for what may go at any time, such as answers.
 */
export function orderKeyOf(words: Int32Array, offset: number, type: number): number {
  if (type === RECORD_INVOCATION) return words[(offset >> 2) + INVOCATION.recipient]!;
  if (type !== RECORD_FENCED_INVOCATION) return 0;
  return words[(offset >> 2) + FENCED_INVOCATION.recipient]!;
}
