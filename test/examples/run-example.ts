import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { REPOSITORY_ROOT } from '../support/repository.js';

/** Runs a compiled example to its end, as a reader would; answers the lines that it prints. */
export async function runExample(name: string): Promise<string[]> {
  const file = `${REPOSITORY_ROOT}dist/examples/${name}.js`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], {
    timeout: 60_000,
  });
  if (stderr !== '') throw new Error(`${name} complains: ${stderr}`);
  return stdout.trimEnd().split('\n');
}
