import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLoopbackUrl } from '../../../apps/load/http-target.js';
import { parseLoadOptions } from '../../../apps/load/load-options.js';

test('defaults: a closed loop on the thread path', () => {
  const options = parseLoadOptions([]);
  assert.equal(options.path, 'thread');
  assert.equal(options.kind, 'ask');
  assert.equal(options.inFlight, 64);
  assert.equal(options.durationMs, 10_000);
  assert.equal(options.warmupMs, 1_000);
  assert.equal(options.ratePerSecond, undefined);
  assert.equal(options.jsonFile, undefined);
});

test('a rate makes an open loop with room for a stall', () => {
  const options = parseLoadOptions(['-R', '20k', '-d', '2', '--path', 'tcp', '--json']);
  assert.equal(options.ratePerSecond, 20_000);
  assert.equal(options.inFlight, 1_000);
  assert.equal(options.jsonFile, '-');
});

test('options that exclude one another are refused', () => {
  const cases: readonly (readonly [args: string[], message: RegExp])[] = [
    [['--url', 'http://127.0.0.1/', '--path', 'tcp'], /--url is a target of its own/],
    [['--url', 'http://example.org/'], /on this machine/],
    [['--method', 'x'], /--method belongs to --module/],
    [['--module', 'absent.js#X', '--method', 'x'], /there is no file/],
    [['--module', 'absent.js'], /--module needs --method/],
    [['-d', '0'], /--duration must be at least 1ms/],
    [['-c', '0'], /--connections takes a number from 1/],
    [['--payload', '11m'], /--payload takes a number/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseLoadOptions(args), { name: 'CommandError', message }, args.join(' '));
  }
});

test('only http on this machine is a URL to load', () => {
  assert.equal(parseLoopbackUrl('http://localhost:8080/x').port, '8080');
  assert.equal(parseLoopbackUrl('http://[::1]:1/').hostname, '[::1]');
  const bad = ['https://127.0.0.1/', 'http://10.0.0.1/', 'http://localhost.example.org/', 'x', ''];
  for (const text of bad) assert.throws(() => parseLoopbackUrl(text), /on this machine/, text);
});
