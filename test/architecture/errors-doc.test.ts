import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERROR_CODES } from '../../core/errors/error-codes.js';
import { ERRORS_PATH, renderErrors } from '../support/errors-doc.js';
import { REPOSITORY_ROOT } from '../support/repository.js';

test('docs/ERRORS.md is what the code table says; `npm run errors-doc` writes it', () => {
  const actual = readFileSync(REPOSITORY_ROOT + ERRORS_PATH, 'utf8');
  assert.equal(actual, renderErrors(ERROR_CODES));
});

test('a row a code, by number, and a changed entry changes the text', () => {
  const late = { wire: 2, effect: 'unknown', meaning: 'Late.', cure: 'Wait.' } as const;
  const lost = { wire: 1, effect: 'none', meaning: 'Lost.', cure: 'Look.' } as const;
  const text = renderErrors({ LATE: late, LOST: lost });
  const rows = '| `LOST` | 1 | none | Lost. | Look. |\n| `LATE` | 2 | unknown | Late. | Wait. |\n';
  assert.ok(text.endsWith(rows), text);
  assert.notEqual(renderErrors({ LATE: late }), renderErrors({ LATE: { ...late, cure: 'x' } }));
});
