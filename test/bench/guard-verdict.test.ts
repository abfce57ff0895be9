import { deepEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../bench/harness/arguments.js';
import {
  checkGuardArguments,
  doubtfulRows,
  guardVerdict,
} from '../../bench/harness/guard-verdict.js';
import type { RowResult, Verdict } from '../../bench/harness/verdict.js';

function rows(verdicts: Readonly<Record<string, Verdict>>): RowResult[] {
  return Object.entries(verdicts).map(([id, verdict]) => ({
    id,
    verdict,
    question: 'ask',
    measure: { cell: 'home-to-worker/ask-number/256', figure: 'callsPerSecond' },
    better: 'higher',
  }));
}

const FIRST = rows({ L1: 'goal', L2: 'met', L3: 'below', L4: 'unsure', L5: 'error', B1: 'shown' });

test('what is below or unsure gets a second look, what failed does not', () => {
  deepEqual(doubtfulRows(FIRST), ['L3', 'L4']);
});

test('the second look decides; a failure stays a failure', () => {
  deepEqual(guardVerdict(FIRST, rows({ L3: 'met', L4: 'goal' })), { below: ['L5'], unsure: [] });
  deepEqual(guardVerdict(FIRST, rows({ L3: 'below', L4: 'unsure' })), {
    below: ['L5', 'L3'],
    unsure: ['L4'],
  });
});

test('rows that came along are not judged again', () => {
  deepEqual(guardVerdict(rows({ L8a: 'below', L8b: 'met' }), rows({ L8a: 'met', L8b: 'below' })), {
    below: [],
    unsure: [],
  });
});

test('a run without rows does not hold, and what the guard does not write is refused', () => {
  throws(() => guardVerdict([], []), /--only names no row/);
  for (const option of ['--json', '--html', '--compare']) {
    throws(() => checkGuardArguments(parseArguments([option, 'x'])), /takes no --json/);
  }
  checkGuardArguments(parseArguments(['--only', 'L1', '--rounds', '2']));
});
