import type { Clock } from '../base/clock.js';
import { isRpcError } from '../errors/rpc-error.js';

/** How soon it is asked again; asks of the user's own may hold all the room. */
const RETRY_MS = 5;

/**
 * Asks again while `MAILBOX_FULL` refuses it: for what the engine must not drop. It goes on until
 * there is room, or until what is asked is gone.
 */
export async function withRoom<T>(clock: Clock, ask: () => PromiseLike<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isRpcError(error) || error.code !== 'MAILBOX_FULL') throw error;
      await new Promise<void>((resolve) => clock.schedule(resolve, RETRY_MS));
    }
  }
}
