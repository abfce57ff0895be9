import { callOptions } from '../../index.js';
import { failure } from './failure.js';
import type { ProbeGateway } from './rpc-contracts.js';
import { until } from './until.js';

/**
 * Has one call answered after its deadline. On a busy machine it may be too late to begin, and be
 * refused in time: then it is tried again.
 */
export async function answerTooLate(gateway: ProbeGateway): Promise<void> {
  await until(async () => {
    const error = await failure('TIMEOUT', gateway.hold(callOptions({ timeoutMs: 20 })));
    return error.effect === 'unknown';
  }, 'a call that begins in time');
  gateway.release('late');
}
