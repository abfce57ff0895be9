// Runs the compiled suite on other Node lines: `node ci/test-nodes.mjs [22 | 24 | 26]...`, all of
// them by default. The Node binaries come from npm by the lock file of this folder; the newest
// line is a plain dependency, the others are optional, so that CI fetches only what it runs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LINES = ['22', '24', '26'];
const NEWEST = '26';
const SUITE = ['dist/test/run.js'];

const here = fileURLToPath(new URL('.', import.meta.url));
const asked = process.argv.slice(2);
const unknown = asked.filter((line) => !LINES.includes(line));
if (unknown.length > 0) throw new Error(`unknown line ${unknown}; choose from ${LINES}`);
const lines = asked.length > 0 ? asked : LINES;

function runOrExit(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: `${here}..`, stdio: 'inherit' });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(`Skipped: the other Node lines are installed for linux-x64 only.`);
  process.exit(0);
}
const omit = lines.every((line) => line === NEWEST) ? ['--omit=optional'] : [];
runOrExit('npm', ['ci', '--prefix', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', ...omit]);
for (const line of lines) {
  const node = `${here}node_modules/n${line}/bin/node`;
  runOrExit(node, ['-p', '`\nThe suite on Node ${process.version}`']);
  runOrExit(node, SUITE);
}
