import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseDemoOptions } from '../../../apps/demo/demo-options.js';
import { describeSkipped, findInput } from '../../../apps/demo/input-files.js';
import { median, progressLine } from '../../../apps/demo/word-count-part.js';

const folder = mkdtempSync(join(tmpdir(), 'ringlane-input-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

test('finds text in folders, and counts what it leaves out', async () => {
  const root = join(folder, 'mixed');
  mkdirSync(join(root, 'below'), { recursive: true });
  writeFileSync(join(root, 'a.txt'), 'one two');
  writeFileSync(join(root, 'below', 'b.any'), 'three');
  writeFileSync(join(root, 'c.bin'), Buffer.from([1, 0, 2]));
  writeFileSync(join(root, 'd.txt'), '');
  symlinkSync(root, join(root, 'below', 'circle'));
  const found = await findInput([root], signal);
  assert.deepEqual(
    found?.files.map(({ path }) => path),
    [join(root, 'a.txt'), join(root, 'below', 'b.any')],
  );
  assert.equal(found?.bytes, 12);
  assert.equal(describeSkipped(found), '1 binary, 1 empty');
});

test('an unreadable file is counted, not fatal', { skip: process.getuid?.() === 0 }, async () => {
  const root = join(folder, 'unreadable');
  mkdirSync(root);
  writeFileSync(join(root, 'a.txt'), 'one');
  writeFileSync(join(root, 'b.txt'), 'two');
  chmodSync(join(root, 'b.txt'), 0);
  const found = await findInput([root], signal);
  assert.equal(found?.unreadable, 1);
  assert.equal(found?.files.length, 1);
});

test('a missing path and nothing to read are input errors', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const binary = join(folder, 'only.bin');
  writeFileSync(binary, Buffer.alloc(10));
  const absent = join(folder, 'absent');
  const cases = [
    [absent, /there is no file or folder .*absent/],
    [empty, /nothing to read: .*empty holds no text/],
    [binary, /holds no text \(1 binary\)/],
    ['/dev/null', /\/dev\/null is neither a file nor a folder/],
  ] as const;
  for (const [path, message] of cases) {
    await assert.rejects(findInput([path], signal), { exitCode: 3, message });
  }
});

test('takes many inputs, as a shell expands them', () => {
  assert.deepEqual(parseDemoOptions(['--input', 'a', 'b', '--input', 'c']).inputs, ['a', 'c', 'b']);
  assert.throws(() => parseDemoOptions(['a']), { exitCode: 2, message: /--input/ });
  assert.throws(() => parseDemoOptions(['--task-executors', '0']), { exitCode: 2 });
  assert.ok(parseDemoOptions([]).taskExecutors >= 2);
});

test('medians and the progress line', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const facts = { bytes: 25e6, words: 2e6, total: 50e6, elapsedMs: 400 };
  assert.equal(progressLine(facts), ' 50 %  25.0 MB of 50.0 MB  5.00 M words/s  ETA 400 ms');
  const begun = { bytes: 0, words: 0, total: 50e6, elapsedMs: 0 };
  assert.match(progressLine(begun), /ETA \?$/);
});
