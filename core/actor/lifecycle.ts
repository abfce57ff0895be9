import { RpcError } from '../errors/rpc-error.js';

/** States of an endpoint (Flink PekkoRpcActor.State, with the wait for `onStart` made visible). */
export type LifecycleState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'TERMINATING' | 'TERMINATED';

/** Every legal move; any other is refused with `INVALID_STATE` and changes nothing. */
const MOVES: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  STOPPED: ['STARTING', 'TERMINATING'],
  STARTING: ['RUNNING', 'TERMINATING'],
  RUNNING: ['STOPPED', 'TERMINATING'],
  TERMINATING: ['TERMINATED'],
  TERMINATED: [],
};

/** The state after a move of `who`, e.g. `endpoint counter`; throws `INVALID_STATE`. */
export function moved(who: string, from: LifecycleState, to: LifecycleState): LifecycleState {
  if (MOVES[from].includes(to)) return to;
  const legal = MOVES[from].join(', ') || 'none';
  const text = `${who} is ${from} and cannot become ${to}; legal: ${legal}`;
  throw new RpcError('INVALID_STATE', text);
}
