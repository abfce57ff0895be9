import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition of real threads and processes, bounded; fails with what was awaited. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  limitMs = 10_000,
): Promise<void> {
  const giveUpMs = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > giveUpMs) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await pause(1);
  }
}
