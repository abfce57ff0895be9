import { readFileSync, writeFileSync } from 'node:fs';
import { readReport } from './harness/report.js';
import { FIGURES_BLOCKS, FIGURES_JSON, withFigures } from './report/figures.js';

/** `npm run bench:figures`: writes the figures of the committed report into the documents. */
const root = new URL('../../', import.meta.url);
const report = readReport(new URL(FIGURES_JSON, root).pathname);
for (const { path, render } of FIGURES_BLOCKS) {
  const file = new URL(path, root);
  writeFileSync(file, withFigures(readFileSync(file, 'utf8'), render(report)));
  console.log(`figures of ${FIGURES_JSON} written into ${path}`);
}
