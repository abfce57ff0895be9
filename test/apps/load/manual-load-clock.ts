import type { LoadClock } from '../../../apps/load/load-model.js';
import { ManualClock } from '../../support/manual-clock.js';

/** One turn of the event loop takes this long on the turned clock. */
const TURN_MS = 0.05;

/** A load clock that moves only when it is told to. */
export class ManualLoadClock extends ManualClock implements LoadClock {
  nextTurn(task: () => void): void {
    this.schedule(task, TURN_MS);
  }

  /** Moves on in small steps and lets promises run in between. */
  async pass(durationMs: number, stepMs = 1): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += stepMs) {
      this.advance(stepMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
