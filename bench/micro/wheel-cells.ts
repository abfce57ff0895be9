import { DeadlineWheel } from '../../core/actor/deadline-wheel.js';
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
