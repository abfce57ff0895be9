import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/**
 * A full collection, for tests of what is left over: shared memory exerts no pressure on the
 * collector, so without this it says when the collector ran, not what is held.
 */
export function collectGarbage(): void {
  collect();
}
