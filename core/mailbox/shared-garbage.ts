import { LIMITS } from '../config/limits.js';

let bytesLetGo = 0;
let collect: (() => void) | undefined;

/**
 * Notes that this thread keeps shared memory no longer. V8 does not count shared memory as garbage
 * pressure, and a thread that allocates little would keep gigabytes of it: so after every
 * `LIMITS.sharedMemoryBytes` a collection is asked for, some milliseconds each.
 */
export function letGoOfShared(bytes: number): void {
  bytesLetGo += bytes;
  if (bytesLetGo < LIMITS.sharedMemoryBytes) return;
  bytesLetGo = 0;
  collect ??= collector();
  collect();
}

/** `gc` is only given to contexts that are made after the flag is set; nothing else changes. */
function collector(): () => void {
  try {
    const { setFlagsFromString } = process.getBuiltinModule('node:v8');
    setFlagsFromString('--expose-gc');
    const vm = process.getBuiltinModule('node:vm');
    return vm.runInNewContext('gc') as () => void;
  } catch {
    // V8 will collect in its own time.
    return () => {};
  }
}
