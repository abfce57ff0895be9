import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseChoice,
  parseDurationMs,
  parseNumber,
  parseOptions,
  parseWhole,
  withOptionalValue,
} from '../../apps/command-line.js';
import { CommandError } from '../../apps/exit-codes.js';

const SYNTAX = {
  command: 'load',
  options: { rate: { type: 'string', short: 'R' }, input: { type: 'string', multiple: true } },
  takesWords: false,
} as const;

/** The message and exit code of a usage error; anything else fails the test. */
function usage(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof CommandError, String(error));
    assert.equal(error.exitCode, 2);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

test('reads options, repeated ones and words', () => {
  const given = parseOptions(['-R', '5', '--input', 'a', '--input', 'b'], SYNTAX);
  assert.equal(given.text('rate'), '5');
  assert.deepEqual(given.texts('input'), ['a', 'b']);
  assert.equal(given.text('absent'), undefined);
  const words = parseOptions(['--input', 'a', 'b'], { ...SYNTAX, takesWords: true });
  assert.deepEqual([...words.texts('input'), ...words.words], ['a', 'b']);
});

test('says in one line what is wrong with an option', () => {
  const hint = '; see ringlane load --help';
  assert.equal(
    usage(() => parseOptions(['--bogus'], SYNTAX)),
    `unknown option --bogus${hint}`,
  );
  assert.equal(
    usage(() => parseOptions(['-x'], SYNTAX)),
    `unknown option -x${hint}`,
  );
  assert.equal(
    usage(() => parseOptions(['word'], SYNTAX)),
    `unexpected word "word"${hint}`,
  );
  assert.match(
    usage(() => parseOptions(['--rate'], SYNTAX)),
    /--rate <value> argument missing;/,
  );
});

test('an optional value may be left out', () => {
  assert.deepEqual(withOptionalValue(['--json'], '--json', '-'), ['--json=-']);
  assert.deepEqual(withOptionalValue(['--json', '-c', '1'], '--json', '-'), [
    '--json=-',
    '-c',
    '1',
  ]);
  assert.deepEqual(withOptionalValue(['--json', 'x.json'], '--json', '-'), ['--json', 'x.json']);
  assert.deepEqual(withOptionalValue(['--json=y'], '--json', '-'), ['--json=y']);
});

test('durations have a unit, seconds by default', () => {
  assert.equal(parseDurationMs('-d', '10'), 10_000);
  assert.equal(parseDurationMs('-d', '1.5s'), 1_500);
  assert.equal(parseDurationMs('-d', '500ms'), 500);
  assert.equal(parseDurationMs('-d', '2m'), 120_000);
  for (const text of ['', 'abc', '-1', '1h', '10 s', '999999m']) {
    assert.match(
      usage(() => parseDurationMs('-d', text)),
      /-d takes a duration/,
      text,
    );
  }
});

test('numbers have a range and may be thousands', () => {
  assert.equal(parseNumber('-R', '20k', [1, 1e6]), 20_000);
  assert.equal(parseNumber('-R', '1.5M', [1, 1e7]), 1_500_000);
  assert.equal(parseNumber('--payload', '64kb', [0, 1e7]), 64_000);
  assert.equal(parseWhole('-c', '7', [1, 9]), 7);
  for (const text of ['0', '10', 'x', '', '1e1', 'NaN', '5g']) {
    assert.match(
      usage(() => parseNumber('-c', text, [1, 9])),
      /-c takes a number from 1 to 9/,
    );
  }
  assert.match(
    usage(() => parseWhole('-c', '1.5', [1, 9])),
    /whole number/,
  );
});

test('a choice names what there is', () => {
  assert.equal(parseChoice('--path', 'tcp', ['thread', 'tcp']), 'tcp');
  const message = usage(() => parseChoice('--path', 'udp', ['thread', 'tcp']));
  assert.equal(message, '--path is one of thread, tcp, not "udp"');
});
