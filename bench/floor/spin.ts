import { performance } from 'node:perf_hooks';

/** How long one look for records may last before the event loop gets its turn. */
const SPIN_MS = 0.01;

/** Looks for records for at most 10 us; answers how many it found. */
export function spinFor(drain: () => number): number {
  const endMs = performance.now() + SPIN_MS;
  do {
    const count = drain();
    if (count > 0) return count;
  } while (performance.now() < endMs);
  return 0;
}
