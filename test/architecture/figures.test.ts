import { equal, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readReport } from '../../bench/harness/report.js';
import { FIGURES_BLOCKS, FIGURES_JSON, withFigures } from '../../bench/report/figures.js';
import { REPOSITORY_ROOT } from '../support/repository.js';

for (const { path, render } of FIGURES_BLOCKS) {
  test(`the figures in ${path} are those of the committed report`, () => {
    const report = readReport(REPOSITORY_ROOT + FIGURES_JSON);
    const text = readFileSync(REPOSITORY_ROOT + path, 'utf8');
    equal(text, withFigures(text, render(report)), 'run npm run bench:figures');
  });
}

test('a document without a place for figures is refused', () => {
  throws(() => withFigures('# Title', 'figures'), /no place for figures/);
});
