import { randomBytes, randomUUID } from 'node:crypto';
import { threadId } from 'node:worker_threads';

/** A random 128-bit id in UUID form (RFC 9562, version 4). */
export function randomId(): string {
  return randomUUID();
}

/** A random incarnation number: 32 bits, never 0, because 0 means "none". */
export function randomIncarnation(): number {
  return randomBytes(4).readInt32LE(0) || 1;
}

const counters = new Map<string, number>();

/**
 * `<prefix>_<n>`, unique in this process (Flink's RpcServiceUtils.createRandomName). Each thread
 * counts for itself, so names of other threads than the main one say which life of which made them.
 */
export function createRandomName(prefix: string): string {
  const next = counters.get(prefix) ?? 0;
  counters.set(prefix, next + 1);
  return threadId === 0 ? `${prefix}_${next}` : `${prefix}_t${threadId}_${next}`;
}

/** `<prefix>_*`, which `connect` resolves to some running endpoint of that prefix. */
export function createWildcardName(prefix: string): string {
  return `${prefix}_*`;
}
