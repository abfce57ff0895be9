import { randomBytes, randomUUID } from 'node:crypto';

/** A random 128-bit id in UUID form (RFC 9562, version 4). */
export function randomId(): string {
  return randomUUID();
}

/** A random incarnation number: 32 bits, never 0, because 0 means "none". */
export function randomIncarnation(): number {
  return randomBytes(4).readInt32LE(0) || 1;
}

const counters = new Map<string, number>();

/** `<prefix>_<n>`, unique in this thread (Flink's RpcServiceUtils.createRandomName). */
export function createRandomName(prefix: string): string {
  const next = counters.get(prefix) ?? 0;
  counters.set(prefix, next + 1);
  return `${prefix}_${next}`;
}

/** `<prefix>_*`, which `connect` resolves to some running endpoint of that prefix. */
export function createWildcardName(prefix: string): string {
  return `${prefix}_*`;
}
