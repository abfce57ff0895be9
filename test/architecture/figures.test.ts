import { equal, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readReport } from '../../bench/harness/report.js';
import { FIGURES_BLOCKS, withFigures } from '../../bench/report/figures.js';
import { REPOSITORY_ROOT } from '../support/repository.js';

for (const { path, name, reportPath, render } of FIGURES_BLOCKS) {
  test(`the ${name} in ${path} are those of ${reportPath}`, () => {
    const report = readReport(REPOSITORY_ROOT + reportPath);
    const text = readFileSync(REPOSITORY_ROOT + path, 'utf8');
    equal(text, withFigures(text, name, render(report)), 'run npm run bench:figures');
  });
}

test('a document without a place for figures is refused', () => {
  throws(() => withFigures('# Title', 'figures', 'block'), /no place for figures/);
});
