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

test('a row and a section a code, by number, and a changed entry changes the text', () => {
  const words = { meaning: 'It was late.', usualCause: 'Night.', cure: 'Wait.' };
  const late = { wire: 2, effect: 'unknown', ...words } as const;
  const lost = { wire: 1, effect: 'none', ...words, meaning: 'It is lost.' } as const;
  const text = renderErrors({ LATE: late, LOST: lost });
  assert.match(text, /\| \[`LOST`\]\(#lost\) \| 1 \| none \| It is lost\. \|\n\| \[`LATE`\]/);
  assert.match(
    text,
    /## `LOST`\n\nIt is lost\.\n\n- Effect: \*\*none\*\*[^#]*- Cure: Wait\.\n\n## `LATE`/,
  );
  for (const field of ['meaning', 'usualCause', 'cure'] as const) {
    const changed = { ...late, [field]: 'Something else.' };
    assert.notEqual(renderErrors({ LATE: late }), renderErrors({ LATE: changed }));
  }
});
