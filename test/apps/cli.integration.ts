import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REPOSITORY_ROOT } from '../support/repository.js';
import { runCli } from './run-cli.js';

test('help and version', async () => {
  const { version } = JSON.parse(readFileSync(`${REPOSITORY_ROOT}package.json`, 'utf8')) as {
    version: string;
  };
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const run = await runCli(args);
    assert.equal(run.code, 0);
    assert.match(run.stdout, /^Usage: ringlane <command>/);
  }
  assert.equal((await runCli(['--version'])).stdout, `${version}\n`);
  for (const command of ['demo', 'load']) {
    const run = await runCli([command, '--help']);
    assert.match(run.stdout, new RegExp(`^Usage: ringlane ${command}`));
    assert.match(run.stdout, /Exit codes:/);
    assert.ok(run.stdout.split('\n').every((line) => line.length <= 100));
  }
});

test('mistakes are one clear line and exit code 2', async () => {
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [['dance'], /unknown command dance/],
    [['--bogus'], /unknown option --bogus/],
    [['load', '--bogus'], /unknown option --bogus/],
    [['demo', '--bogus'], /unknown option --bogus/],
    [['load', '-d', 'x'], /--duration takes a duration/],
    [['demo', 'words.txt'], /files are given with --input/],
  ];
  for (const [args, message] of cases) {
    const run = await runCli(args);
    assert.equal(run.code, 2, args.join(' '));
    assert.equal(run.stdout, '');
    assert.match(run.stderr, message);
    assert.match(run.stderr, /^ringlane: .+\n$/);
  }
});
