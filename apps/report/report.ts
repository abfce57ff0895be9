import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderPage } from './page.js';
import type { DemoReport } from './report-model.js';

/** Paths of what was written. */
export interface WrittenReport {
  readonly jsonFile: string;
  readonly htmlFile: string;
}

/** Writes `report.json` and `report.html` into `folder`, which is made if need be. */
export function writeReport(folder: string, report: DemoReport): WrittenReport {
  mkdirSync(folder, { recursive: true });
  const jsonFile = join(folder, 'report.json');
  const htmlFile = join(folder, 'report.html');
  writeFileSync(jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(htmlFile, renderPage(report));
  return { jsonFile, htmlFile };
}
