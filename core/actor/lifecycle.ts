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

/** The state of one endpoint and the moves it may make. */
export class Lifecycle {
  #state: LifecycleState = 'STOPPED';
  readonly #who: string;

  constructor(who: string) {
    this.#who = who;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  move(to: LifecycleState): void {
    if (!MOVES[this.#state].includes(to)) {
      const legal = MOVES[this.#state].join(', ') || 'none';
      const text = `${this.#who} is ${this.#state} and cannot become ${to}; legal: ${legal}`;
      throw new RpcError('INVALID_STATE', text);
    }
    this.#state = to;
  }
}
