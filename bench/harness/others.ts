import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Clock ticks of Linux, in which `/proc` counts, are 10 ms on every machine. */
const TICK_MS = 10;
/** From here on a figure says more about the neighbours than about the cell. */
export const NOISY_PERCENT = 10;

function coresMs(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, total: busy + idle };
}

/** CPU of this process and of all that it started and that has ended; undefined elsewhere. */
function ownMs(): number | undefined {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    // The name of the program may hold anything; behind its bracket come state and numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
    return (utime! + stime! + cutime! + cstime!) * TICK_MS;
  } catch {
    return undefined;
  }
}

/** Knows what the rest of the machine did meanwhile: a figure taken beside busy others is noise. */
export class OthersWatch {
  readonly #cores = coresMs();
  readonly #ownMs = ownMs();

  /** Per cent of all cores that others used since this was made; undefined where nobody tells. */
  busyPercent(): number | undefined {
    const own = ownMs();
    if (own === undefined || this.#ownMs === undefined) return undefined;
    const { busy, total } = coresMs();
    const passed = total - this.#cores.total;
    if (passed <= 0) return 0;
    const others = busy - this.#cores.busy - (own - this.#ownMs);
    return Math.max(0, (others / passed) * 100);
  }
}
