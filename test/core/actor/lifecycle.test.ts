import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { type LifecycleState, moved } from '../../../core/actor/lifecycle.js';

/** Rows: from; columns in the order of {@link STATES}. */
const STATES = ['STOPPED', 'STARTING', 'RUNNING', 'TERMINATING', 'TERMINATED'] as const;
const LEGAL: Readonly<Record<LifecycleState, string>> = {
  STOPPED: '. x . x .',
  STARTING: '. . x x .',
  RUNNING: 'x . . x .',
  TERMINATING: '. . . . x',
  TERMINATED: '. . . . .',
};

test('every move of the table is made, every other one is refused', () => {
  for (const from of STATES) {
    const row = LEGAL[from].split(' ');
    STATES.forEach((to, column) => {
      if (row[column] === 'x') {
        equal(moved('endpoint e', from, to), to);
      } else {
        const message = new RegExp(`endpoint e is ${from} and cannot become ${to}; legal: `);
        throws(() => moved('endpoint e', from, to), { code: 'INVALID_STATE', message });
      }
    });
  }
});
