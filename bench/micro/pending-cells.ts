import { DeadlineWheel } from '../../core/actor/deadline-wheel.js';
import { type CallContext, PendingCalls } from '../../core/actor/pending-calls.js';
import { RpcError } from '../../core/errors/rpc-error.js';
import { BATCH, micro } from './micro.js';

/** A deadline noted and taken back, as for every ask that is answered in time. */
export const wheelInsertRemove = micro(() => {
  const wheel = new DeadlineWheel();
  wheel.grow(BATCH);
  return () => {
    let right = 0;
    for (let slot = 0; slot < BATCH; slot++) wheel.insert(slot, 10_000 + slot);
    for (let slot = 0; slot < BATCH; slot++) wheel.remove(slot);
    wheel.expire(30_000, () => right--);
    right += BATCH;
    return right;
  };
});

const CONTEXT: CallContext = {
  peer: {},
  timeoutError: () => new RpcError('TIMEOUT', 'never in time'),
};

/** An ask noted with its promise and deadline, then answered; nobody awaits the promise. */
export const pendingOpenResolve = micro(() => {
  const pending = new PendingCalls(BATCH, () => {});
  const calls = new Int32Array(BATCH);
  return () => {
    let right = 0;
    for (let i = 0; i < BATCH; i++) {
      calls[i] = pending.open(CONTEXT, 10_000, 10_000);
      void pending.promise(calls[i]!);
    }
    for (let i = 0; i < BATCH; i++) if (pending.resolve(calls[i]!, i)) right++;
    return right;
  };
});
