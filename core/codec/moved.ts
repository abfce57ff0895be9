const marked = new WeakSet<object>();
let hasMarked = false;

/**
 * Marks memory that the next call or answer gives away: it is transferred instead of copied, and
 * detached here at once. It may be an argument, a result, or lie inside of a plain object; memory
 * that cannot be transferred (shared, or of Node's pool of small Buffers) is copied. On the way to
 * another process its bytes are copied into the frame. By reference, on the same thread, nothing is
 * given away: arguments and results lose their mark, what lies inside of them keeps it. Answers
 * `memory` itself.
 */
export function move<T extends ArrayBuffer | ArrayBufferView>(memory: T): T {
  marked.add(memory);
  hasMarked = true;
  return memory;
}

/** True when {@link move} has marked `memory`. */
export function isMoved(memory: object): boolean {
  return hasMarked && marked.has(memory);
}

/** Forgets the mark. */
export function unmark(memory: object): void {
  if (hasMarked) marked.delete(memory);
}

/** Forgets the marks of what goes by reference: a later call must not give it away. */
export function unmarkAll(values: readonly unknown[]): void {
  if (!hasMarked) return;
  for (const value of values) if (typeof value === 'object' && value !== null) marked.delete(value);
}

/** Takes `buffer` away from its owners here; undefined when it cannot be transferred. */
export function detach(buffer: ArrayBuffer): ArrayBuffer | undefined {
  try {
    const own = structuredClone(buffer, { transfer: [buffer] });
    // Node 20 copies what it must not transfer.
    return buffer.byteLength === 0 ? own : undefined;
  } catch {
    return undefined;
  }
}
