import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readReport } from './harness/report.js';
import { FIGURES_BLOCKS, withFigures } from './report/figures.js';

/** `npm run bench:figures`: writes the figures of the committed reports into the documents. */
const root = fileURLToPath(new URL('../../', import.meta.url));
for (const { path, name, reportPath, render } of FIGURES_BLOCKS) {
  const block = render(readReport(root + reportPath));
  writeFileSync(root + path, withFigures(readFileSync(root + path, 'utf8'), name, block));
  console.log(`${name} of ${reportPath} written into ${path}`);
}
