import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle, type LifecycleState } from '../../../core/actor/lifecycle.js';

const WAYS: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  STOPPED: [],
  STARTING: ['STARTING'],
  RUNNING: ['STARTING', 'RUNNING'],
  TERMINATING: ['TERMINATING'],
  TERMINATED: ['TERMINATING', 'TERMINATED'],
};

/** Rows: from; columns in the order of {@link STATES}. */
const STATES = ['STOPPED', 'STARTING', 'RUNNING', 'TERMINATING', 'TERMINATED'] as const;
const LEGAL: Readonly<Record<LifecycleState, string>> = {
  STOPPED: '. x . x .',
  STARTING: '. . x x .',
  RUNNING: 'x . . x .',
  TERMINATING: '. . . . x',
  TERMINATED: '. . . . .',
};

test('every move of the table is made, every other one is refused and changes nothing', () => {
  for (const from of STATES) {
    const row = LEGAL[from].split(' ');
    STATES.forEach((to, column) => {
      const lifecycle = new Lifecycle('endpoint e');
      for (const step of WAYS[from]) lifecycle.move(step);
      equal(lifecycle.state, from);
      if (row[column] === 'x') {
        lifecycle.move(to);
        equal(lifecycle.state, to);
      } else {
        const message = new RegExp(`endpoint e is ${from} and cannot become ${to}; legal: `);
        throws(() => lifecycle.move(to), { code: 'INVALID_STATE', message });
        equal(lifecycle.state, from);
      }
    });
  }
});
